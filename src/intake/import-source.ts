// Opens a file of leads: finds its encoding, format and delimiter, and streams its text.
// Invariant: the file is never held in memory; what cannot be read as text is refused before anything is written.
import { createReadStream } from 'node:fs';
import { RelaisError } from '../errors.ts';

export interface Source {
  readonly file: string;
  readonly format: 'csv' | 'jsonl';
  readonly encoding: 'utf-8' | 'windows-1252';
  /** Of a CSV file. */
  readonly delimiter: ';' | ',' | '\t';
}

/** One line of a file, an object or a record, longer than this is no lead. Characters. */
export const longestRecord = 2_000_000;

/** @throws IMPORT-001 for a file that is missing, empty, binary or a JSON document instead of JSON Lines */
export async function openSource(file: string): Promise<Source> {
  const encoding = await encodingOf(file);
  let start = '';
  for await (const text of textOf({ file, encoding })) {
    start += text;
    if (start.trimStart().includes('\n') || start.length > 65_536) break;
  }
  const head = start.trimStart();
  if (head === '') throw unreadable(1, 'the file is empty');
  if (head.startsWith('[')) throw unreadable(1, 'a JSON array: write one object a line (JSON Lines)');
  return { file, encoding, format: head.startsWith('{') ? 'jsonl' : 'csv', delimiter: delimiterOf(head) };
}

export function unreadable(line: number, what: string): RelaisError {
  return new RelaisError('IMPORT-001', `Line ${line}: ${what}. Nothing was written.`);
}

export async function* textOf(source: Pick<Source, 'file' | 'encoding'>): AsyncGenerator<string> {
  // Drops a byte order mark.
  const decoder = new TextDecoder(source.encoding);
  for await (const chunk of createReadStream(source.file) as AsyncIterable<Buffer>)
    yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Bytes that windows-1252 leaves undefined: a file holding one is something else. */
const undefinedBytes = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

async function encodingOf(file: string): Promise<Source['encoding']> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isUtf8 = true;
  let isWestern = true;
  let line = 1;
  const feed = (chunk?: Buffer): void => {
    if (!isUtf8) return;
    try {
      if (chunk === undefined) decoder.decode();
      else decoder.decode(chunk, { stream: true });
    } catch {
      isUtf8 = false;
    }
  };
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      const zero = chunk.indexOf(0);
      if (zero >= 0)
        throw unreadable(
          line + newLines(chunk.subarray(0, zero)),
          'not a text file in UTF-8 or windows-1252; save it as UTF-8',
        );
      feed(chunk);
      if (!isUtf8 || isWestern) isWestern &&= !undefinedBytes.some((byte) => chunk.includes(byte));
      line += newLines(chunk);
    }
  } catch (error) {
    if (error instanceof RelaisError) throw error;
    const code = (error as { code?: string }).code ?? 'unknown';
    throw new RelaisError('IMPORT-001', `The file cannot be opened (${code}). Nothing was written.`);
  }
  feed();
  if (isUtf8) return 'utf-8';
  if (isWestern) return 'windows-1252';
  throw unreadable(1, 'neither UTF-8 nor windows-1252; save the file as UTF-8');
}

function newLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

function delimiterOf(head: string): Source['delimiter'] {
  const first = (head.split(/\r?\n/, 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = ([';', ',', '\t'] as const).map((sign) => ({ sign, count: first.split(sign).length }));
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).sign;
}
