// Writes records as CSV in the client's own dialect.
// Invariant: every record has every column; formulas are defused where people open the file, and nowhere else.
import { stringify } from 'csv-stringify/sync';
import type { Body } from '../../connectors/contract.ts';
import { isRecord } from './document.ts';
import { charsetOf, encode, encodings, fitInto } from './encoding.ts';
import type { Encoding } from './encoding.ts';
import { plainNumber } from './numbers.ts';
import { isLate, settle } from './values.ts';
import type { Cell, Entry } from './values.ts';

export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: 'all' | 'minimal';
  readonly encoding: Encoding;
  readonly unmappable: 'transliterate' | 'error';
  readonly eol: 'crlf' | 'lf';
  readonly header: boolean;
  readonly decimal: string;
  readonly formulaGuard: boolean;
  /** What a line break inside a value becomes; undefined keeps it (quoted). */
  readonly lineBreak?: string;
}

/** Reads the `csv:` block; the schema has checked its kinds. A file people open is guarded unless it says otherwise. */
export function readDialect(raw: unknown, forPeople: boolean): CsvDialect {
  const block = isRecord(raw) ? raw : {};
  const { delimiter, decimal, lineBreak, formulaGuard } = block;
  return {
    delimiter: typeof delimiter === 'string' && delimiter !== '' ? delimiter : ';',
    quote: block['quote'] === 'all' ? 'all' : 'minimal',
    encoding: encodings.find((one) => one === block['encoding']) ?? 'utf-8',
    unmappable: block['unmappable'] === 'error' ? 'error' : 'transliterate',
    eol: block['eol'] === 'lf' ? 'lf' : 'crlf',
    header: block['header'] !== false,
    decimal: typeof decimal === 'string' && decimal !== '' ? decimal : '.',
    formulaGuard: typeof formulaGuard === 'boolean' ? formulaGuard : forPeople,
    ...(typeof lineBreak === 'string' ? { lineBreak } : {}),
  };
}

/** What spreadsheets take for a formula (OWASP). */
const formula = /^[=+\-@\t\r\n]/;

export function csvBody(
  columns: readonly string[],
  records: readonly (readonly Entry[])[],
  dialect: CsvDialect,
  batch?: { readonly sequence: number; readonly rows: number },
): Body {
  const cellText = (cell: Cell): string => {
    const value = settle(cell, batch);
    if (typeof value === 'number') return plainNumber(value).replace('.', dialect.decimal);
    const text = value === null ? '' : fitInto(String(value), dialect.encoding);
    const flat = dialect.lineBreak === undefined ? text : text.replaceAll(/\r\n|\r|\n/g, dialect.lineBreak);
    return dialect.formulaGuard && !isLate(cell) && formula.test(flat) ? `'${flat}` : flat;
  };
  const rows = records.map((entries) => {
    const cells = new Map<string, string>();
    for (const entry of entries)
      if (entry.kind === 'cell') cells.set(entry.target.text, cellText(entry.cell));
    return columns.map((column) => cells.get(column) ?? '');
  });
  const text = stringify(
    dialect.header ? [columns.map((one) => fitInto(one, dialect.encoding)), ...rows] : rows,
    {
      delimiter: dialect.delimiter,
      quoted: dialect.quote === 'all',
      quoted_empty: dialect.quote === 'all',
      record_delimiter: dialect.eol === 'crlf' ? '\r\n' : '\n',
      // A lone quote, a break or the delimiter must always be quoted.
      quoted_match: /[\r\n]/,
    },
  );
  return {
    bytes: encode(text, dialect.encoding),
    mediaType: `text/csv; charset=${charsetOf(dialect.encoding)}`,
    extension: 'csv',
  };
}
