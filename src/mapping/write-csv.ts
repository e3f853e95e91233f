// Writes records as CSV in the client's own dialect.
// Invariant: every record has every column; formulas are defused where people open the file, and nowhere else.
import { stringify } from 'csv-stringify/sync';
import type { Body } from '../../connectors/contract.ts';
import { isRecord } from './document.ts';
import { charsetOf, encode, encodings, fitInto, unmappableIn, unmappablePolicies } from './encoding.ts';
import type { Encoding, Unmappable } from './encoding.ts';
import { plainNumber } from './numbers.ts';
import { isLate, settle } from './values.ts';
import type { Cell, Entry } from './values.ts';

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
  /** What a line break inside a value becomes; undefined keeps it (quoted). */
  readonly lineBreak?: string;
  /** How true and false are written. */
  readonly trueFalse: readonly [string, string];
}

/** Reads the `csv:` block; the schema has checked its kinds. A file people open is guarded unless it says otherwise. */
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
    encoding: encodings.find((one) => one === block['encoding']) ?? 'utf-8',
    unmappable: unmappablePolicies.find((one) => one === block['unmappable']) ?? 'transliterate',
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

/** Tells texts this dialect cannot hold, with the reason; undefined when it holds every text. */
export function unwritableIn(dialect: CsvDialect): ((text: string) => string | undefined) | undefined {
  const unmappable = unmappableIn(dialect.encoding, dialect.unmappable);
  if (dialect.quote !== 'none')
    return unmappable === undefined ? undefined : (text) => (unmappable(text) ? 'UNMAPPABLE' : undefined);
  const signs = [
    dialect.delimiter,
    ...(dialect.lineBreak === undefined ? ['\r', '\n'] : []),
    ...(dialect.quoteInside === 'apostrophe' ? [] : ['"']),
  ];
  return (text) =>
    unmappable?.(text) === true
      ? 'UNMAPPABLE'
      : signs.some((sign) => text.includes(sign))
        ? 'UNQUOTABLE'
        : undefined;
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
    if (typeof value === 'boolean') return dialect.trueFalse[value ? 0 : 1];
    const text = value === null ? '' : fitInto(value, dialect.encoding);
    const broken = dialect.lineBreak === undefined ? text : text.replaceAll(/\r\n|\r|\n/g, dialect.lineBreak);
    // The replacement may hold quotes of its own, the guard's apostrophe comes last.
    const flat = dialect.quoteInside === 'apostrophe' ? broken.replaceAll('"', "'") : broken;
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
      quote: dialect.quote === 'none' ? false : '"',
      escape: dialect.quoteInside === 'backslash' ? '\\' : '"',
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
