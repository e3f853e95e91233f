// Opens a file of leads: finds its encoding, format and delimiter, and streams its text.
// Invariant: the file is never held in memory; what cannot be read as text is refused before anything is written.
import { createReadStream } from 'node:fs';
import { RelaisError } from '../errors.ts';
import { decideEncoding, type ImportEncoding } from './import-encoding.ts';

export interface ImportSource {
  readonly file: string;
  readonly format: 'csv' | 'jsonl';
  readonly encoding: ImportEncoding;
  /** Why it is read so, for a person. */
  readonly encodingReason: string;
  /** Of a CSV file. */
  readonly delimiter: ';' | ',' | '\t';
}

/** One line of a file, an object or a record, longer than this is no lead. Characters. */
export const longestRecord = 2_000_000;

/** @throws IMPORT-001 for a file that is missing, empty, binary or a JSON document instead of JSON Lines */
export async function openSource(file: string, asked?: ImportEncoding): Promise<ImportSource> {
  const { encoding, reason } = await decideEncoding(file, asked);
  let start = '';
  for await (const text of decodedText({ file, encoding })) {
    start += text;
    if (start.trimStart().includes('\n') || start.length > 65_536) break;
  }
  const head = start.trimStart();
  if (head === '') throw unreadable(1, 'the file is empty');
  if (head.startsWith('[')) throw unreadable(1, 'a JSON array: write one object a line (JSON Lines)');
  return {
    file,
    encoding,
    encodingReason: reason,
    format: head.startsWith('{') ? 'jsonl' : 'csv',
    delimiter: delimiterOf(head),
  };
}

export function unreadable(line: number, what: string): RelaisError {
  return new RelaisError('IMPORT-001', `Line ${line}: ${what}. Nothing was written.`);
}

export async function* decodedText(source: Pick<ImportSource, 'file' | 'encoding'>): AsyncGenerator<string> {
  // Drops a byte order mark. Fatal: the file was looked at byte by byte, and may have been written to since.
  const decoder = new TextDecoder(source.encoding, { fatal: true });
  for await (const chunk of createReadStream(source.file) as AsyncIterable<Buffer>)
    yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

function delimiterOf(head: string): ImportSource['delimiter'] {
  const first = (head.split(/\r?\n/, 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = ([';', ',', '\t'] as const).map((sign) => ({ sign, count: first.split(sign).length }));
  return counts.reduce((best, count) => (count.count > best.count ? count : best)).sign;
}
