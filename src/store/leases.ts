// Leases with their fencing tokens: who holds a row, for how long; and the SQL that checks it.
// Invariant: a lease is known by row and token; its time is the database's.
import { inList, type Sql, type SqlValue } from './database.ts';

/** Rows of one statement: a file of thousands would pass the 65,535 placeholders of a prepared statement. */
export const together = 500;

export interface Lease {
  readonly id: number;
  readonly token: number;
}

/** Whether a lease is still ours and alive. */
export type Holds = (id: number, token: number) => boolean;

/**
 * Locks leased rows. A worker that was overtaken by itself may name a row twice, under its old lease and its new one:
 * each is judged by its own token.
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
 * `AND` the lease of each row is still ours and alive, for an UPDATE of exactly these rows. A row whose lease is lost
 * is left out, so fewer rows are affected than were named: the caller rolls back and looks which.
 */
export function heldClause(leases: readonly Lease[]): { readonly sql: string; readonly values: SqlValue[] } {
  const token = valueById(
    leases.map((lease) => lease.id),
    leases.map((lease) => lease.token),
  );
  return {
    sql: `AND state = 'sending' AND lease_until > UTC_TIMESTAMP(3) AND lease_token = ${token.sql}`,
    values: token.values,
  };
}

/** Makes leases longer; false when one of them is no longer ours. The others are renewed all the same. */
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

/**
 * The value of each row by its id, or a single `?` when all values are equal; padded like `inList`. Found by bisection: a `CASE` with
 * two hundred branches is walked for every row, and was a tenth of the database's work. Of rows that follow each other with one value
 * the first is named. Of an id named twice the first value counts.
 */
export function valueById(
  ids: readonly number[],
  values: readonly (string | number)[],
): { readonly sql: string; readonly values: SqlValue[] } {
  const first = values[0] ?? '';
  const isNumber = typeof first === 'number';
  if (values.every((value) => value === first))
    return { sql: isNumber ? 'CAST(? AS SIGNED)' : '?', values: [first] };
  const pairs = ids.map((id, index) => ({ id, value: values[index] ?? '' }));
  const sorted = pairs
    .reverse()
    .sort((a, b) => a.id - b.id)
    .filter((pair, index, all) => pair.value !== all[index - 1]?.value);
  const list = inList(sorted.map((pair) => pair.id));
  // As texts: ELT makes one of a number, and not always the digits alone.
  const found = inList(sorted.map((pair) => String(pair.value)));
  const sql = `ELT(INTERVAL(id, ${list.marks}), ${found.marks})`;
  return { sql: isNumber ? `CAST(${sql} AS SIGNED)` : sql, values: [...list.values, ...found.values] };
}
