// Reads a written CSV row back with another library, in the same dialect.
// Invariant: the reader is not the writer: the assumptions of the writer prove nothing.
import { parse } from 'csv-parse/sync';
import { throughBytes } from './encoding.ts';
import type { Encoding } from './encoding.ts';

/** The cells of one row; undefined when it cannot be read, or is not one row. */
export function readRow(
  row: string,
  {
    delimiter,
    quoteInside,
    encoding,
  }: {
    readonly delimiter: string;
    readonly quoteInside: 'double' | 'apostrophe' | 'backslash';
    readonly encoding: Encoding;
  },
): readonly string[] | undefined {
  try {
    const rows: readonly string[][] = parse(throughBytes(row, encoding), {
      delimiter,
      // Also where nothing is quoted: most readers know quotes, and the others find none in such a file.
      quote: '"',
      escape: quoteInside === 'backslash' ? '\\' : '"',
      // Every line end counts, whichever one the reader uses.
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: false,
    });
    return rows.length === 1 ? rows[0] : undefined;
  } catch {
    return undefined;
  }
}
