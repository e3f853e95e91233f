// Writes the file of refused rows beside an import: line, column, reason and the row itself, to be corrected and sent again.
// Invariant: it contains personal data, so only its owner may read it (0600); it never overwrites a file.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Writable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { RelaisError } from '../errors.ts';
import type { ImportRecord } from './import-csv.ts';
import type { ImportSource } from './import-source.ts';
import type { ColumnRefusal } from './refusals.ts';

/** The name under which rejected rows go to the caller's standard output. */
export const standardOutput = '-';

export interface Rejects {
  readonly write: (record: ImportRecord, refusals: readonly ColumnRefusal[]) => Promise<void>;
  /** Flushes; returns the file's name, undefined when nothing was rejected. */
  readonly close: () => Promise<string | undefined>;
}

/**
 * @param header of a CSV source, known once its first line is read
 * @param wanted a name of the caller's, or `standardOutput`; else `<file>.rejects.csv` / `.rejects.jsonl`, numbered when it exists
 */
export function createRejects(
  source: ImportSource,
  header: () => readonly string[],
  wanted?: string,
): Rejects {
  let opened: { readonly stream: Writable; readonly name: string } | undefined;
  const put = async (text: string): Promise<void> => {
    if (opened !== undefined && !opened.stream.write(text)) await once(opened.stream, 'drain');
  };
  const line = (cells: readonly string[]): string => stringify([[...cells]], { delimiter: source.delimiter });
  return {
    write: async (record, refusals) => {
      if (opened === undefined) {
        opened = await create(source, wanted);
        // The mark lets spreadsheets read accents.
        if (source.format === 'csv')
          await put(
            `\ufeff${line(['rejected.line', 'rejected.column', 'rejected.code', 'rejected.reason', ...withoutMarks(header(), header())])}`,
          );
      }
      if ('cells' in record.original) {
        const joined = (pick: (refusal: ColumnRefusal) => string): string => refusals.map(pick).join(' | ');
        const cells = withoutMarks(header(), record.original.cells).map(defused);
        await put(
          line([
            String(record.line),
            joined((refusal) => refusal.column),
            joined((refusal) => refusal.code),
            joined((refusal) => refusal.message),
            ...cells,
          ]),
        );
      } else {
        const problems = refusals.map(({ column, code, message }) => ({ column, code, reason: message }));
        await put(
          `${JSON.stringify({ rejected: { line: record.line, problems }, ...record.original.object })}\n`,
        );
      }
    },
    close: async () => {
      if (opened === undefined) return undefined;
      if (opened.stream === process.stdout) return 'standard output';
      opened.stream.end();
      await once(opened.stream, 'close');
      return opened.name;
    },
  };
}

/** A corrected rejects file that is rejected again must not carry its old marks twice. */
function withoutMarks(header: readonly string[], cells: readonly string[]): readonly string[] {
  return cells.filter((_, index) => header[index]?.startsWith('rejected.') !== true);
}

/** The file is opened in spreadsheets: a cell that would run as a formula is quoted; phone numbers and numbers are harmless. */
function defused(cell: string): string {
  return /^[=@\t\r+-]/.test(cell) && !/^[+-]?\d[\d.]*$/.test(cell) ? `'${cell}` : cell;
}

async function create(
  source: ImportSource,
  wanted: string | undefined,
): Promise<{ stream: Writable; name: string }> {
  if (wanted === standardOutput) return { stream: process.stdout, name: wanted };
  const extension = source.format === 'csv' ? 'csv' : 'jsonl';
  const base = source.file.slice(0, source.file.length - extname(source.file).length);
  for (let number = 1; number < 100; number += 1) {
    const name = wanted ?? `${base}.rejects${number === 1 ? '' : `-${number}`}.${extension}`;
    try {
      const handle = await open(name, 'wx', 0o600);
      await handle.close();
      return { name, stream: createWriteStream(name, { flags: 'a', mode: 0o600 }) };
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
      if (wanted !== undefined)
        throw new RelaisError(
          'IMPORT-001',
          `The file for rejected rows exists already: ${wanted}. Nothing was written.`,
        );
    }
  }
  throw new RelaisError(
    'IMPORT-001',
    `There are too many rejects files beside ${source.file}. Nothing was written.`,
  );
}
