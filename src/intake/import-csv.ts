// Reads CSV into rows of the lead contract: header, flat consent columns, records with their line.
// Invariant: a header names columns of the contract or nothing is read; an empty cell is absent, every other cell is taken unchanged.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { consentFields } from '../domain/lead-fields/consent.ts';
import { consentChannels, consentPurposes } from '../domain/lead.ts';
import { fieldOf } from './fields.ts';
import { longestRecord, decodedText, unreadable, type ImportSource } from './import-source.ts';

export interface ImportRecord {
  /** Where the record begins. */
  readonly line: number;
  /** By column of the contract; an unknown field of a JSON line keeps its path as name. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly original:
    | { readonly cells: readonly string[] }
    | { readonly object: Readonly<Record<string, unknown>> };
}

/** Flat columns whose value applies to every `consent.<purpose>.<channel>` of the row. */
const sharedConsent: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(consentFields)
    .filter(([name]) => !['purpose', 'channel', 'state'].includes(name))
    .map(([name, { column }]) => [`consent.${column}`, name]),
);
const answers: ReadonlyMap<string, { readonly purpose: string; readonly channel: string }> = new Map(
  consentPurposes.flatMap((purpose) =>
    consentChannels.map((channel) => [`consent.${purpose}.${channel}`, { purpose, channel }] as const),
  ),
);

/** The header first (as one call), then every record. @throws IMPORT-001 with the line */
export async function* readCsv(
  source: ImportSource,
  onHeader: (header: readonly string[]) => void,
): AsyncGenerator<ImportRecord> {
  const parser = parse({
    delimiter: source.delimiter,
    info: true,
    skip_empty_lines: true,
    max_record_size: longestRecord,
    relax_column_count: false,
    relax_quotes: false,
    trim: false,
  });
  // The parser reports the error; the pipeline's own rejection is ignored.
  const feeding = pipeline(Readable.from(decodedText(source)), parser).catch(() => undefined);
  let header: readonly string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      const line = info.lines - record.join('').split('\n').length + 1;
      if (header === undefined) {
        header = record;
        checkHeader(header);
        onHeader(header);
      } else yield { line, values: valuesOf(header, record), original: { cells: record } };
    }
  } catch (error) {
    throw csvFault(error, header?.length ?? 0);
  }
  await feeding;
  if (header === undefined) throw unreadable(1, 'the file has no header');
}

function checkHeader(header: readonly string[]): void {
  const isKnown = (name: string): boolean =>
    fieldOf(name) !== undefined ||
    answers.has(name) ||
    sharedConsent[name] !== undefined ||
    name.startsWith('rejected.');
  if (!header.some(isKnown)) {
    // A first line that is no header may contain a person's data: it is not quoted.
    throw unreadable(1, 'no header with the column names of the lead contract (delimiters read: ; , tab)');
  }
  header.forEach((name, index) => {
    if (!isKnown(name))
      throw unreadable(1, `column ${index + 1} of the header is not a column of the lead contract`);
    if (header.indexOf(name) !== index) throw unreadable(1, `column ${name} is twice in the header`);
  });
  if (!header.includes('reference')) throw unreadable(1, 'the header has no column reference');
  if (header.includes('consents') && header.some((name) => name.startsWith('consent.'))) {
    throw unreadable(1, 'the header has both consents and consent.* columns: keep one way');
  }
}

function valuesOf(header: readonly string[], record: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const shared: Record<string, string> = {};
  const given: { purpose: string; channel: string; state: string }[] = [];
  header.forEach((name, index) => {
    const cell = record[index] ?? '';
    const answer = answers.get(name);
    const common = sharedConsent[name];
    if (cell === '' || name.startsWith('rejected.')) return;
    if (answer !== undefined) given.push({ ...answer, state: cell });
    else if (common !== undefined) shared[common] = cell;
    else values[name] = typed(name, cell);
  });
  if (given.length > 0) values['consents'] = given.map((consent) => ({ ...consent, ...shared }));
  return values;
}

/** A number where the contract wants one; a cell not written as a number stays a text, to be refused as such. */
function typed(name: string, cell: string): string | number {
  const { type } = fieldOf(name)?.schema ?? {};
  return (type === 'number' || type === 'integer') && /^-?\d{1,15}(\.\d{1,6})?$/.test(cell)
    ? Number(cell)
    : cell;
}

/** The parser's messages quote the file; only its code and line are passed on. */
function csvFault(error: unknown, columns: number): unknown {
  if (!(error instanceof CsvError)) return error;
  const { code, lines } = error as CsvError & { lines?: number };
  const line = typeof lines === 'number' ? lines : 1;
  if (code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH')
    return unreadable(line, `the record has not the ${columns} columns of the header`);
  if (code === 'CSV_QUOTE_NOT_CLOSED') return unreadable(line, 'a quote is opened and never closed');
  if (code === 'CSV_MAX_RECORD_SIZE')
    return unreadable(line, 'the record is too long (is a quote left open?)');
  return unreadable(line, 'a quote is where CSV allows none');
}
