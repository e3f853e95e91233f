// Checks and renews the leases of deliveries, with their fencing tokens, and gives the SQL of the check.
// Invariant: id and token identify a lease; its time is the database's.
import { inList, type Sql, type SqlValue } from '../database.ts';

/** Rows per statement: a file of thousands would exceed the 65,535 placeholders of a prepared statement. */
export const together = 500;

export interface Lease {
  readonly id: number;
  readonly token: number;
}

/** True when the lease is live and has this token. */
export type Holds = (id: number, token: number) => boolean;

/**
 * Locks leased rows. A worker that claimed a row again may name it twice, under its old and its new token: each is checked by its own.
 */
export async function lockLeased(tx: Sql, leases: readonly Lease[]): Promise<Holds> {
  const alive = new Map<number, number>();
  const ids = [...new Set(leases.map((lease) => lease.id))].sort((a, b) => a - b);
  for (let start = 0; start < ids.length; start += together) {
    const { marks, values } = inList(ids.slice(start, start + together));
    const rows = await tx.all<{ id: number; lease_token: number; alive: number }>(
      `SELECT id, lease_token, (state = 'sending' AND lease_until > UTC_TIMESTAMP(3)) AS alive FROM deliveries FORCE INDEX (PRIMARY) WHERE id IN (${marks}) ORDER BY id FOR UPDATE`,
      values,
    );
    for (const row of rows) if (row.alive === 1) alive.set(row.id, row.lease_token);
  }
  return (id, token) => alive.get(id) === token;
}

/**
 * `AND` condition that the lease of each row is ours and live, for an UPDATE of exactly these rows. A row whose lease is lost is
 * not changed, so that fewer rows are affected than named: the caller rolls back and finds out which.
 */
export function heldClause(leases: readonly Lease[]): ById {
  const [ids, tokens]: [number[], number[]] = [[], []];
  for (const lease of leases) {
    ids.push(lease.id);
    tokens.push(lease.token);
  }
  const token = valueById(ids, tokens);
  return {
    sql: `AND state = 'sending' AND lease_until > UTC_TIMESTAMP(3) AND lease_token = ${token.sql}`,
    values: token.values,
  };
}

/** Renews leases; false when one of them is no longer ours. The others are renewed all the same. */
export async function renewLeases(sql: Sql, leases: readonly Lease[], leaseMs: number): Promise<boolean> {
  let renewed = 0;
  for (let start = 0; start < leases.length; start += together) {
    const part = leases.slice(start, start + together);
    const list = inList(part.map((lease) => lease.id));
    const held = heldClause(part);
    const { affected } = await sql.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
        WHERE id IN (${list.marks}) ${held.sql}`,
      [leaseMs, ...list.values, ...held.values],
    );
    renewed += affected;
  }
  return renewed === leases.length;
}

interface ById {
  readonly sql: string;
  readonly values: SqlValue[];
}

/**
 * The value of each row by its id, or a single `?` when all values are equal; padded like `inList`. Found by bisection: a `CASE`
 * with two hundred branches is evaluated for every row, and was a tenth of the database's work. Consecutive rows with one value
 * need only the first. For an id named twice the first value is valid.
 */
export function valueById(ids: readonly number[], values: readonly (string | number)[]): ById {
  const first = values[0] ?? '';
  const isNumber = typeof first === 'number';
  let isSame = true;
  for (const value of values) isSame &&= value === first;
  if (isSame) return { sql: isNumber ? 'CAST(? AS SIGNED)' : '?', values: [first] };
  const pairs = ids.map((id, index) => ({ id, value: values[index] ?? '' }));
  const sorted = pairs
    .reverse()
    .sort((a, b) => a.id - b.id)
    .filter((pair, index, all) => pair.value !== all[index - 1]?.value);
  const list = inList(sorted.map((pair) => pair.id));
  // As texts: ELT converts a number to text, and not always to its digits alone.
  const found = inList(sorted.map((pair) => String(pair.value)));
  const sql = `ELT(INTERVAL(id, ${list.marks}), ${found.marks})`;
  return { sql: isNumber ? `CAST(${sql} AS SIGNED)` : sql, values: [...list.values, ...found.values] };
}

/** The same for each column of these rows. */
export function columnsById<Row extends readonly (string | number)[]>(
  ids: readonly number[],
  rows: readonly Row[],
): { readonly [Column in keyof Row]: ById } {
  const columns: ById[] = [];
  for (let column = 0; column < (rows[0]?.length ?? 0); column += 1) {
    const values: (string | number)[] = [];
    for (const row of rows) values.push(row[column] ?? '');
    columns.push(valueById(ids, values));
  }
  return columns as unknown as { readonly [Column in keyof Row]: ById };
}
