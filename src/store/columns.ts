// Names the columns of a table by the properties of objects, inserts objects as rows, and makes objects of rows.
// Invariant: the property `clientId` is the column `client_id`; NULL is undefined, a flag 1 or 0.
import type { SqlValue } from './connections.ts';
import { insertedId, type Sql } from './database.ts';
import { insertGroups } from './placeholders.ts';

export const columnName = (property: string): string =>
  property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Values by property; every row has the same ones. */
type Values<Row> = { readonly [Name in keyof Row]: SqlValue };

/** SQL of columns that are not written as they are given: with `?` for the value of the property, or without any. */
type Written = Readonly<Record<string, string>>;

const insertInto = (table: string, names: readonly string[], rows: number, written: Written = {}): string => {
  const all = [...new Set([...names, ...Object.keys(written)])];
  const marks = `(${all.map((name) => written[name] ?? '?').join(', ')})`;
  return `INSERT INTO ${table} (${all.map(columnName).join(', ')}) VALUES ${Array<string>(rows).fill(marks).join(', ')}`;
};

/** @param onKnown what follows ON DUPLICATE KEY UPDATE */
export async function insertRows<Row extends Values<Row>>(
  tx: Sql,
  table: string,
  rows: readonly Row[],
  onKnown?: string,
  written?: Written,
): Promise<void> {
  const names = Object.keys(rows[0] ?? {}) as (keyof Row & string)[];
  for (const group of insertGroups(rows))
    await tx.run(
      `${insertInto(table, names, group.length, written)}${onKnown === undefined ? '' : ` ON DUPLICATE KEY UPDATE ${onKnown}`}`,
      group.flatMap((row) => names.map((name) => row[name] ?? null)),
    );
}

/** Returns the id of the row. */
export const insertRow = <Row extends Values<Row>>(
  tx: Sql,
  table: string,
  row: Row,
  written?: Written,
): Promise<number> =>
  insertedId(tx, insertInto(table, Object.keys(row), 1, written), Object.values<SqlValue>(row));

/** `state = ?, asked_at = ?`: what an UPDATE sets. */
export const assignments = (names: readonly string[]): string =>
  names.map((name) => `${columnName(name)} = ?`).join(', ');

/** ` AND state = ?` for each condition whose value is given, with the values. */
export function given(conditions: Readonly<Record<string, SqlValue | undefined>>): {
  readonly sql: string;
  readonly values: readonly SqlValue[];
} {
  const [parts, values]: [string[], SqlValue[]] = [[], []];
  for (const [condition, value] of Object.entries(conditions)) {
    if (value === undefined) continue;
    parts.push(` AND ${condition}`);
    values.push(value);
  }
  return { sql: parts.join(''), values };
}

/** An object as a statement gives it whose columns have the names of its properties. */
export type Stored<T> = {
  readonly [Name in keyof T]: T[Name] extends boolean
    ? 0 | 1
    : undefined extends T[Name]
      ? Exclude<T[Name], undefined> | null
      : T[Name];
};

type WithoutNull<T> = { readonly [Name in keyof T]: null extends T[Name] ? never : T[Name] };

/** @param flags its properties that are true or false */
export function fromStored<T extends WithoutNull<T>>(
  ...flags: readonly (keyof T & string)[]
): (row: Stored<T>) => T {
  const isFlag: ReadonlySet<string> = new Set(flags);
  return (row) => {
    const made: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row))
      made[name] = isFlag.has(name) ? value === 1 : (value ?? undefined);
    return made as T;
  };
}
