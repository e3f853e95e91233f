// A file named on the command line: a sample, an answer.
// Invariant: what is no readable text ends as a message with its name, never as an internal error.
import { RelaisError } from '../errors.ts';
import { readNamed, textIn } from '../mapping/document/files.ts';

/** @throws USAGE-001 when it is a folder, too large or unreadable */
export function bytesOf(path: string): Uint8Array {
  const read = readNamed(path);
  if ('fault' in read) throw new RelaisError('USAGE-001', `${path} ${read.fault}.`);
  return read.bytes;
}

/** The same as UTF-8. @throws USAGE-001 */
export function textOfFile(path: string): string {
  const read = textIn(bytesOf(path));
  if ('fault' in read) throw new RelaisError('USAGE-001', `${path}:${read.line}: ${read.fault[1]}`);
  return read.text;
}
