// Takes, checks and renews the leases of deliveries, with their fencing tokens, and marks departures under them.
// Invariant: id and token identify a lease, also where a server took over without the last commits; its time is the database's. A claim has
// locked all rows of the same lead and destination (`departure-locks.ts`).
import { randomInt } from 'node:crypto';
import { inList, type Sql, type SqlValue } from '../database.ts';

/** Rows per statement: a file of thousands would exceed the 65,535 placeholders of a prepared statement. */
export const together = 500;

export interface Lease {
  readonly id: number;
  readonly token: number;
}

/** True when the lease is live and has this token. */
export type Holds = (id: number, token: number) => boolean;

interface LiveRow {
  readonly id: number;
  readonly token: number;
  readonly departures: number;
}

/** Locks the rows of these ids; those with a live lease are returned. */
async function lockLive(
  tx: Sql,
  rows: readonly { readonly id: number }[],
): Promise<ReadonlyMap<number, LiveRow>> {
  const live = new Map<number, LiveRow>();
  const ids = [...new Set(rows.map((row) => row.id))].sort((a, b) => a - b);
  for (let start = 0; start < ids.length; start += together) {
    const { marks, values } = inList(ids.slice(start, start + together));
    const read = await tx.all<LiveRow & { alive: number }>(
      `SELECT id, lease_token AS token, departures, (state = 'sending' AND lease_until > UTC_TIMESTAMP(3)) AS alive FROM deliveries FORCE INDEX (PRIMARY) WHERE id IN (${marks}) ORDER BY id FOR UPDATE`,
      values,
    );
    for (const row of read) if (row.alive === 1) live.set(row.id, row);
  }
  return live;
}

/**
 * Locks leased rows. A worker that claimed a row again may name it twice, under its old and its new token: each is checked by its own.
 */
export async function lockLeased(tx: Sql, leases: readonly Lease[]): Promise<Holds> {
  const live = await lockLive(tx, leases);
  return (id, token) => live.get(id)?.token === token;
}

export interface Departing extends Lease {
  /** Departures of the row before this one. */
  readonly departures: number;
}

/** `departed`: this departure is committed already, and the answer to its commit was lost. */
export type Standing = 'due' | 'departed' | 'lost';

/** The same for rows that are to depart under their leases. */
export async function lockDeparting(
  tx: Sql,
  rows: readonly Departing[],
): Promise<(row: Departing) => Standing> {
  const live = await lockLive(tx, rows);
  return ({ id, token, departures }) => {
    const row = live.get(id);
    if (row?.token !== token) return 'lost';
    if (row.departures === departures) return 'due';
    return row.departures === departures + 1 ? 'departed' : 'lost';
  };
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

// Claims deliveries: counts those in flight, takes the lease or puts the rows back.

/** Deliveries of a destination in flight under a live lease. Reads each of them. */
export async function countSending(tx: Sql, destinationId: string): Promise<number> {
  const [row] = await tx.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'sending' AND destination_id = ? AND lease_until > UTC_TIMESTAMP(3)",
    [destinationId],
  );
  return row?.n ?? 0;
}

export interface NewLease {
  /** To the next fencing token: `tokenStep`. */
  readonly step: number;
  readonly owner: string;
  readonly leaseMs: number;
}

/**
 * A random step for each claim: a server that took over without the last commits gives the number of a lost delivery to another one, and a
 * lost claim to another worker, and neither may pass for the other.
 */
export const tokenStep = (): number => randomInt(1, 2 ** 31);

/** `SET` of a lease: state `sending`, next attempt, next fencing token. */
const leaseColumns = `state = 'sending', reason = '', attempt = attempt + 1, lease_token = lease_token + ?, lease_owner = ?,
            lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))`;

/** Takes the lease. The caller has locked the rows. */
export async function markSending(
  tx: Sql,
  ids: readonly number[],
  { step, owner, leaseMs }: NewLease,
): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(`UPDATE deliveries FORCE INDEX (PRIMARY) SET ${leaseColumns} WHERE id IN (${marks})`, [
    step,
    owner,
    leaseMs,
    ...values,
  ]);
}

/** Sets deliveries back to waiting without an attempt, due `afterMs` from now on the database's clock. */
export async function putBack(
  tx: Sql,
  rows: readonly { readonly id: number; readonly reason: string; readonly afterMs: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  if (rows.length > together) {
    for (let start = 0; start < rows.length; start += together)
      await putBack(tx, rows.slice(start, start + together));
    return;
  }
  const ids = rows.map((row) => row.id);
  const { marks, values } = inList(ids);
  const reason = valueById(
    ids,
    rows.map((row) => row.reason),
  );
  const after = valueById(
    ids,
    rows.map((row) => Math.round(row.afterMs * 1000)),
  );
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'waiting', reason = ${reason.sql}, due_at = TIMESTAMPADD(MICROSECOND, ${after.sql}, UTC_TIMESTAMP(3)),
            lease_until = NULL WHERE id IN (${marks})`,
    [...reason.values, ...after.values, ...values],
  );
}

/** Takes rows that cannot leave with their file out of it; a later file collects them. */
export async function leaveBatch(tx: Sql, ids: readonly number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += together) {
    const { marks, values } = inList(ids.slice(start, start + together));
    await tx.run(`UPDATE deliveries FORCE INDEX (PRIMARY) SET batch_id = 0 WHERE id IN (${marks})`, values);
  }
}

// Marks deliveries as departed: those claimed earlier, and those claimed and departed in one statement.
// Invariant: only the current fencing token may depart a row; a departure whose commit got no answer is tried again, and is one all the
// same. The caller appends `departed` in the same transaction.

export interface DepartureMark extends Departing {
  /** The moment named in the content; the first one is kept. */
  readonly writtenAt: Date;
  readonly sentRevision: number;
  readonly sentMappingId: number;
}

const columnsOf = ({ sentRevision, sentMappingId, writtenAt }: DepartureMark) =>
  [sentRevision, sentMappingId, writtenAt.toISOString().slice(0, 23).replace('T', ' ')] as const;

/** `SET` of a departure; it follows the `SET` of a lease where both are one statement, and then uses the new `attempt`. */
function departureColumns(
  ids: readonly number[],
  marks: readonly DepartureMark[],
): {
  readonly sql: string;
  readonly values: readonly SqlValue[];
} {
  const [revision, mapping, written] = columnsById(ids, marks.map(columnsOf));
  return {
    sql: `departures = departures + 1, departed_attempt = attempt, sent_revision = ${revision.sql}, sent_mapping_id = ${mapping.sql},
              first_departed_at = COALESCE(first_departed_at, ${written.sql})`,
    values: [...revision.values, ...mapping.values, ...written.values],
  };
}

/**
 * Marks the departure of rows under their lease.
 * @param locked `lockDeparting` has locked the rows in this transaction and checked their leases; else this statement checks them, and
 *   false means that one is lost, or has departed already: the caller must roll back
 */
export async function markDeparted(
  tx: Sql,
  marks: readonly DepartureMark[],
  locked = false,
): Promise<boolean> {
  for (let start = 0; start < marks.length; start += together) {
    const some = marks.slice(start, start + together);
    const ids = some.map((mark) => mark.id);
    const list = inList(ids);
    const held = locked ? { sql: '', values: [] } : dueClause(ids, some);
    const columns = departureColumns(ids, some);
    const { affected } = await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET ${columns.sql} WHERE id IN (${list.marks}) ${held.sql}`,
      [...columns.values, ...list.values, ...held.values],
    );
    if (!locked && affected !== some.length) return false;
  }
  return true;
}

/**
 * Ends the departure of rows that never left, under their leases: they may depart again under the same attempt, and a recovery does not
 * take them for departed. The caller appends the outcome in the same transaction. False: a lease is lost, and the caller must roll back.
 */
export async function endDepartures(tx: Sql, leases: readonly Lease[]): Promise<boolean> {
  for (let start = 0; start < leases.length; start += together) {
    const some = leases.slice(start, start + together);
    const list = inList(some.map(({ id }) => id));
    const held = heldClause(some);
    const { affected } = await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET departed_attempt = 0 WHERE id IN (${list.marks}) ${held.sql}`,
      [...list.values, ...held.values],
    );
    if (affected !== some.length) return false;
  }
  return true;
}

function dueClause(ids: readonly number[], marks: readonly DepartureMark[]): ReturnType<typeof heldClause> {
  const held = heldClause(marks);
  const before = valueById(
    ids,
    marks.map((mark) => mark.departures),
  );
  return { sql: `${held.sql} AND departures = ${before.sql}`, values: [...held.values, ...before.values] };
}

/** Claims and departs in one statement; the caller has locked the rows. The tokens of the marks are ignored. */
export async function markSendingDeparted(
  tx: Sql,
  marks: readonly DepartureMark[],
  lease: NewLease,
): Promise<void> {
  for (let start = 0; start < marks.length; start += together) {
    const some = marks.slice(start, start + together);
    const ids = some.map((mark) => mark.id);
    const list = inList(ids);
    const columns = departureColumns(ids, some);
    await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET ${leaseColumns}, ${columns.sql} WHERE id IN (${list.marks})`,
      [lease.step, lease.owner, lease.leaseMs, ...columns.values, ...list.values],
    );
  }
}
