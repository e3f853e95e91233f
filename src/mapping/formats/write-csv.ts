// Writes records as CSV in the client's own dialect.
// Invariant: every record has every column, and a reader of the dialect finds in each the value of the mapping; formulas
// are defused only where people open the file.
import { parse } from 'csv-parse/sync';
import type { Body } from '../../../connectors/contract.ts';
import { isRecord } from '../document/yaml.ts';
import {
  charsetOf,
  encode,
  encodings,
  fitInto,
  unmappableIn,
  unmappablePolicies,
  withoutMark,
  throughBytes,
  type Encoding,
  type Unmappable,
  type InParts,
} from './encoding.ts';
import { plainNumber } from '../fields/formatter-parts.ts';
import { isLate, fillLate, type Cell, type Entry, type FieldProblem, type Scalar } from '../fields/values.ts';

export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: 'all' | 'minimal' | 'none';
  readonly quoteInside: 'double' | 'apostrophe' | 'backslash';
  readonly encoding: Encoding;
  readonly unmappable: Unmappable;
  readonly eol: 'crlf' | 'lf';
  readonly header: boolean;
  readonly decimal: string;
  readonly formulaGuard: boolean;
  /** Replacement of a line break inside a value; undefined keeps it (quoted). */
  readonly lineBreak?: string;
  /** How true and false are written. */
  readonly trueFalse: readonly [string, string];
}

/** Reads the `csv:` block; the schema has checked its kinds. The guard is on by default for files that people open. */
export function readDialect(raw: unknown, forPeople: boolean): CsvDialect {
  const block = isRecord(raw) ? raw : {};
  const { delimiter, decimal, lineBreak, formulaGuard, trueFalse } = block;
  return {
    delimiter: typeof delimiter === 'string' && delimiter !== '' ? delimiter : ';',
    quote: block['quote'] === 'all' || block['quote'] === 'none' ? block['quote'] : 'minimal',
    quoteInside:
      block['quoteInside'] === 'apostrophe' || block['quoteInside'] === 'backslash'
        ? block['quoteInside']
        : 'double',
    encoding: encodings.find((encoding) => encoding === block['encoding']) ?? 'utf-8',
    unmappable: unmappablePolicies.find((policy) => policy === block['unmappable']) ?? 'transliterate',
    eol: block['eol'] === 'lf' ? 'lf' : 'crlf',
    header: block['header'] !== false,
    decimal: typeof decimal === 'string' && decimal !== '' ? decimal : '.',
    formulaGuard: typeof formulaGuard === 'boolean' ? formulaGuard : forPeople,
    ...(typeof lineBreak === 'string' ? { lineBreak } : {}),
    trueFalse:
      Array.isArray(trueFalse) && typeof trueFalse[0] === 'string' && typeof trueFalse[1] === 'string'
        ? [trueFalse[0], trueFalse[1]]
        : ['true', 'false'],
  };
}

/** Beginnings that spreadsheets take for a formula (OWASP). */
const formula = /^[=+\-@\t\r\n]/;
/** Every line end that some reader recognises. */
const lineBreaks = /\r\n|[\r\n\v\f\u0085\u2028\u2029]/g;

type Batch = { readonly sequence: number; readonly rows: number } | undefined;

/** The longest sequence and row count, so that a cell can be checked before its file exists. */
const farPlace = { sequence: 1_234_567_890, rows: 1_234_567_890 };

export interface CsvWriter {
  readonly dialect: CsvDialect;
  /** A value as its cell shows it. */
  readonly cellText: (cell: Cell, batch?: Batch) => string;
  /** Why no cell can hold the value; undefined when one can. */
  readonly unwritable: (value: Scalar) => string | undefined;
  /** True when a reader finds the column under its own name. */
  readonly namesColumn: (name: string) => boolean;
  /** Problems of a record that a reader would not find again as written. */
  readonly lost: (columns: readonly string[], entries: readonly Entry[]) => readonly FieldProblem[];
  readonly body: (columns: readonly string[], records: readonly (readonly Entry[])[], batch: Batch) => Body;
  readonly inParts: InParts;
}

export function createCsvWriter(dialect: CsvDialect): CsvWriter {
  const { encoding, quote } = dialect;
  const unmappable = unmappableIn(encoding, dialect.unmappable);
  const line = rowWriter(dialect);
  const cellText = cellWriter(dialect);

  /** A reader of a file without quotes may know quotes nevertheless: the text may contain none. */
  const needsQuotes = (text: string): boolean =>
    text.includes(dialect.delimiter) || text.includes('"') || text.search(lineBreaks) >= 0;
  const refused = (value: Scalar | null, text: string): string | undefined => {
    if (typeof value === 'string' && unmappable?.(value) === true) return 'UNMAPPABLE';
    return quote === 'none' && needsQuotes(text) ? 'UNQUOTABLE' : undefined;
  };
  const cellsOf = (columns: readonly string[], entries: readonly Entry[], batch: Batch): string[] => {
    const cells = new Map<string, string>();
    for (const entry of entries)
      if (entry.kind === 'cell') cells.set(entry.target.text, cellText(entry.cell, batch));
    return columns.map((column) => cells.get(column) ?? '');
  };

  const header = (columns: readonly string[]): string =>
    dialect.header ? line(columns.map((column) => fitInto(column, encoding))) : '';
  const rows = (columns: readonly string[], records: readonly (readonly Entry[])[], batch: Batch): string =>
    records.map((entries) => line(cellsOf(columns, entries, batch))).join('');

  return {
    dialect,
    cellText,
    unwritable: (value) => refused(value, cellText(value)),
    namesColumn: (name) => {
      const written = fitInto(name, encoding);
      const found = readRow(line([written]), dialect);
      const kept = written.normalize('NFC') === name.normalize('NFC');
      return (
        kept && found?.length === 1 && found[0] === written && !(quote === 'none' && needsQuotes(written))
      );
    },
    lost: (columns, entries) => {
      // An erase without fields has no row; an empty line would be read as one empty cell.
      if (columns.length === 0) return [];
      const problems = entries.flatMap((entry): FieldProblem[] => {
        if (entry.kind !== 'cell') return [];
        const code = refused(fillLate(entry.cell, farPlace), cellText(entry.cell, farPlace));
        return code === undefined ? [] : [{ field: entry.target.text, code }];
      });
      if (problems.length > 0) return problems;
      const cells = cellsOf(columns, entries, farPlace);
      const found = readRow(line(cells), dialect) ?? [];
      if (found.length === cells.length && cells.every((cell, index) => found[index] === cell)) return [];
      const at = cells.findIndex((cell, index) => found[index] !== cell);
      return [{ field: columns[at] ?? '(row)', code: 'NOT_READ_BACK' }];
    },
    ...writers(encoding, header, rows),
  };
}

type CsvRows = (columns: readonly string[], records: readonly (readonly Entry[])[], batch: Batch) => string;

function writers(
  encoding: Encoding,
  header: (columns: readonly string[]) => string,
  rows: CsvRows,
): Pick<CsvWriter, 'body' | 'inParts'> {
  const kind = { mediaType: `text/csv; charset=${charsetOf(encoding)}`, extension: 'csv' };
  const none = new Uint8Array(0);
  return {
    body: (columns, records, batch) => ({
      bytes: encode(header(columns) + rows(columns, records, batch), encoding),
      ...kind,
    }),
    inParts: {
      part: (columns, records, batch) => encode(rows(columns, records, batch), withoutMark(encoding)),
      frame: (columns) => ({ open: encode(header(columns), encoding), between: none, close: none, ...kind }),
    },
  };
}

function cellWriter(dialect: CsvDialect): CsvWriter['cellText'] {
  const { encoding, lineBreak, quoteInside } = dialect;
  return (cell, batch) => {
    const value = fillLate(cell, batch);
    if (typeof value === 'number') return plainNumber(value).replace('.', dialect.decimal);
    if (typeof value === 'boolean') return dialect.trueFalse[value ? 0 : 1];
    const text = value === null ? '' : fitInto(value, encoding);
    const broken = lineBreak === undefined ? text : text.replaceAll(lineBreaks, lineBreak);
    // Quotes are replaced after line breaks, whose replacement may hold some; the guard's apostrophe comes last.
    const flat = quoteInside === 'apostrophe' ? broken.replaceAll('"', "'") : broken;
    return dialect.formulaGuard && !isLate(cell) && formula.test(flat) ? `'${flat}` : flat;
  };
}

/** Writes one row. By hand: a library sets up a stream for each, and another library reads every row back. */
function rowWriter({ delimiter, quote, quoteInside, eol }: CsvDialect): (cells: readonly string[]) => string {
  const end = eol === 'crlf' ? '\r\n' : '\n';
  // A part of a longer delimiter at the end of a cell would be read with the delimiter behind it; a backslash is
  // doubled between quotes, and readers differ about one outside.
  const signs = `${delimiter}"${quoteInside === 'backslash' ? '\\' : ''}`;
  const inClass = Array.from(signs, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`).join('');
  const special = new RegExp(`[\\r\\n\\v\\f\\u0085\\u2028\\u2029${inClass}]`, 'u');
  const inside = (cell: string): string =>
    quoteInside === 'backslash' ? cell.replaceAll(/["\\]/g, '\\$&') : cell.replaceAll('"', '""');
  const written = (cell: string): string =>
    quote === 'all' || (quote === 'minimal' && special.test(cell)) ? `"${inside(cell)}"` : cell;
  return (cells) => cells.map(written).join(delimiter) + end;
}

/**
 * Reads a written CSV row back with another library, in the same dialect. The reader is not the writer: the
 * assumptions of the writer prove nothing. Undefined when it cannot be read, or is not one row.
 */
function readRow(
  row: string,
  { delimiter, quoteInside, encoding }: CsvDialect,
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
