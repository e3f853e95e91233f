// Opens a file of leads: detects its encoding, format and delimiter, and streams its text.
// Invariant: the file is never wholly in memory; a file that cannot be read as text is refused before anything is written.
import { createReadStream } from 'node:fs';
import { RelaisError } from '../errors.ts';
import { decideEncoding, type ImportEncoding } from './import-encoding.ts';

export interface ImportSource {
  readonly file: string;
  readonly format: 'csv' | 'jsonl';
  readonly encoding: ImportEncoding;
  /** Reason for the encoding, for a person. */
  readonly encodingReason: string;
  /** Only for a CSV file. */
  readonly delimiter: ';' | ',' | '\t';
}

/** Longest line of a file, object or record, in characters; a longer one is no lead. */
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
  // Drops a byte order mark. Fatal: the file may have changed since its bytes were checked.
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
