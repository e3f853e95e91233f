// Builds the placeholders of lists in prepared statements, in few sizes, so that few statements are prepared; packs the columns of a row.
// Invariant: values are never part of SQL text.
import { RelaisError } from '../errors.ts';
import type { SqlValue } from './connections.ts';

/**
 * Statements that lock name their index (FORCE INDEX): on a small table the optimiser scans for an IN list, waits for rows that
 * other processes have locked, and deadlocks.
 * `?, ?, ?` for an IN list and its values, padded to a power of two by repeating the last: a handful of prepared statements
 * instead of one per length. The list must not be empty.
 */
export function inList<Value extends number | string | Buffer>(
  values: readonly Value[],
): {
  readonly marks: string;
  readonly values: Value[];
} {
  const last = values.at(-1);
  if (last === undefined) throw new RelaisError('INTERNAL-001', 'empty IN list');
  const size = 2 ** Math.ceil(Math.log2(values.length));
  const padded = [...values, ...Array<Value>(size - values.length).fill(last)];
  return { marks: marksFor(size), values: padded };
}

/** A list for the `IN (?)` of its place. */
type SqlList = readonly (number | string | Buffer)[];
export type SqlValues = readonly (SqlValue | SqlList)[];

/**
 * The statement with the placeholders of its lists, each in the place of one `IN (?)`; undefined where a list is empty: no row is in it.
 * @throws INTERNAL-001 for an empty list after NOT: every row is outside it; for a list without its place
 */
export function withLists(
  sql: string,
  values: SqlValues,
): { readonly sql: string; readonly values: readonly SqlValue[] } | undefined {
  if (!values.some(Array.isArray)) return { sql, values: values as readonly SqlValue[] };
  const [start = '', ...ends] = sql.split('IN (?)');
  const lists: SqlList[] = [];
  for (const value of values) if (Array.isArray(value)) lists.push(value as SqlList);
  for (const list of lists) if (list.length === 0 && !sql.includes('NOT IN (?)')) return undefined;
  // A statement takes lists in one way only: the placeholders of `inList` for one value look the same.
  if (ends.length !== lists.length)
    throw new RelaisError('INTERNAL-001', 'Each list has one IN (?) of its own.');
  let text = start;
  const flat: SqlValue[] = [];
  for (const value of values)
    if (Array.isArray(value)) {
      const list = inList(value as SqlList);
      text += `IN (${list.marks})${ends.shift() ?? ''}`;
      flat.push(...list.values);
    } else flat.push(value as SqlValue);
  return { sql: text, values: flat };
}

const marksBySize = new Map<number, string>();

/** The placeholders of a list of this size, cached. */
function marksFor(size: number): string {
  const known = marksBySize.get(size);
  if (known !== undefined) return known;
  const marks = Array<string>(size).fill('?').join(', ');
  marksBySize.set(size, marks);
  return marks;
}

const groupSizes = [
  512, 256, 192, 160, 128, 96, 80, 64, 56, 48, 40, 32, 24, 16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1,
];

/**
 * Rows of a multi-row INSERT in groups of a few sizes only, in order: a prepared statement per row count
 * would fill the server's `max_prepared_stmt_count`.
 */
export function insertGroups<T>(rows: readonly T[], most = 512): readonly (readonly T[])[] {
  if (rows.length === 1) return [rows];
  const groups: (readonly T[])[] = [];
  for (let start = 0; start < rows.length;) {
    const size = groupSize(Math.min(most, rows.length - start));
    groups.push(rows.slice(start, start + size));
    start += size;
  }
  return groups;
}

/** Number of rows of the next group; at least one. */
export const groupSize = (rows: number): number =>
  rows <= 8 ? Math.max(1, rows) : (groupSizes.find((size) => size <= rows) ?? 1);

/** `(?, ?), (?, ?)` for a multi-row INSERT. */
export function rowMarks(rows: number, columns: number): string {
  const mark = `(${Array<string>(columns).fill('?').join(', ')})`;
  return Array<string>(rows).fill(mark).join(', ');
}

/** Bytes of the texts in one statement: far below the smallest `max_allowed_packet` in use, 1 MB. */
const statementBytes = 262_144;

/** The same, split also when the texts of a statement would be too large. At least one row each. */
export function insertGroupsByWeight<T>(
  rows: readonly T[],
  most: number,
  weightOf: (row: T) => number,
): readonly (readonly T[])[] {
  const runs: T[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    weight += weightOf(row);
    if (weight > statementBytes) {
      runs.push([]);
      weight = weightOf(row);
    }
    runs.at(-1)?.push(row);
  }
  return runs.flatMap((run) => insertGroups(run, most));
}

/** Most bytes of a text in UTF-8. */
export const textWeight = (text: string | null | undefined): number => 3 * (text?.length ?? 0);

// Packs the columns of a row into one JSON array: the server describes every column of an answer each time, which for a wide row is more
// than its values.
// Invariant: a row that is unpacked is the row that the driver would give: instants are `Date`, NULL is null. No binary column is packed.

/** One expression for all of these. */
export const packed = (expressions: readonly string[]): string => `JSON_ARRAY(${expressions.join(', ')})`;

type Value = string | number | boolean | Date | null;

/** `2026-11-30 12:00:00.123`, with three digits more on MySQL. */
export const instantOf = (text: string): Date =>
  new Date(`${text.slice(0, 10)}T${text.slice(11, 23) || '00:00:00'}Z`);

/** The array of a packed column: MySQL's driver has parsed it already. */
export const arrayOf = (value: unknown): readonly unknown[] =>
  (typeof value === 'string' ? JSON.parse(value) : (value ?? [])) as readonly unknown[];

/**
 * @param names in the order of the packed expressions
 * @param instants those that are instants
 * @param flags those that are true or false; with them NULL is undefined
 */
export function unpacker<Row>(
  names: readonly (keyof Row & string)[],
  instants: ReadonlySet<string>,
  flags?: ReadonlySet<string>,
): (value: unknown) => Row {
  const columns = names.map((name) => ({
    name,
    isInstant: instants.has(name),
    isFlag: flags?.has(name) === true,
  }));
  const none = flags === undefined ? null : undefined;
  // Each row begins as a copy: an object that gets its columns one by one becomes a dictionary, several times slower to fill and to read.
  const empty = JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, null])))) as Record<
    string,
    Value | undefined
  >;
  for (const { name, isFlag } of columns) empty[name] = isFlag ? false : none;
  return (value) => {
    const values = arrayOf(value) as readonly Value[];
    const row = { ...empty };
    for (let index = 0; index < columns.length; index += 1) {
      const [given, column] = [values[index], columns[index]];
      if (given === null || given === undefined || column === undefined) continue;
      const { name, isInstant, isFlag } = column;
      if (isFlag) row[name] = given === 1;
      else row[name] = isInstant && typeof given === 'string' ? instantOf(given) : given;
    }
    return row as Row;
  };
}
