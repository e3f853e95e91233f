// Claim, departure and settlement of deliveries: set-wise statements, rows in id order.
// Invariant: only the holder of the current fencing token departs or settles; leases and due times use the database's clock.
import type { DeliveryState } from '../domain/delivery.ts';
import { inList, type Sql } from './database.ts';
import { caseOf, heldClause, together, type Lease } from './leases.ts';
import { deliveryColumns, deliveryOf, type Delivery, type DeliveryRow } from './deliveries.ts';

export interface LockedDelivery extends Delivery {
  /** The database's clock when the row was locked. */
  readonly now: Date;
}

export interface Locked {
  /** In id order. */
  readonly rows: readonly LockedDelivery[];
  /** Deliveries of the destination in flight at most: one whose lease has run out still counts. */
  readonly sending: number;
}

/**
 * Locks those of the deliveries that are the destination's, with every other delivery of the same (lead, destination), and
 * counts what is in flight. A delivery of another destination is not among the rows, whatever number its job bears.
 */
export async function lockWithSiblings(
  tx: Sql,
  destinationId: string,
  ids: readonly number[],
): Promise<Locked> {
  if (ids.length === 0) return { rows: [], sending: 0 };
  const { marks, values } = inList([...ids].sort((a, b) => a - b));
  // The count is read after the destination's state row was locked by the caller: it sees every claim before this one.
  // By index alone; no ORDER BY: rows are locked in the order of the lists all the same, and few are sorted here.
  const rows = await tx.all<DeliveryRow & { db_now: Date; in_flight: number }>(
    `SELECT STRAIGHT_JOIN ${deliveryColumns('s')}, UTC_TIMESTAMP(3) AS db_now,
            (SELECT COUNT(*) FROM deliveries f WHERE f.state = 'sending' AND f.destination_id = ?) AS in_flight
       FROM deliveries d FORCE INDEX (PRIMARY) JOIN deliveries s FORCE INDEX (deliveries_lead) ON s.lead_id = d.lead_id AND s.destination_id = d.destination_id
      WHERE d.id IN (${marks}) AND d.destination_id = ? FOR UPDATE`,
    [destinationId, ...values, destinationId],
  );
  const seen = new Map<number, LockedDelivery>();
  for (const row of rows) seen.set(row.id, { ...deliveryOf(row), now: row.db_now });
  return {
    rows: [...seen.values()].sort((one, other) => one.id - other.id),
    sending: rows[0]?.in_flight ?? 0,
  };
}

/** Deliveries of a destination really in flight: those whose lease is alive. Reads each of them. */
export async function countSending(tx: Sql, destinationId: string): Promise<number> {
  const [row] = await tx.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'sending' AND destination_id = ? AND lease_until > UTC_TIMESTAMP(3)",
    [destinationId],
  );
  return row?.n ?? 0;
}

/** Takes the lease: state `sending`, next attempt, next fencing token. The rows are locked by the caller. */
export async function markSending(
  tx: Sql,
  ids: readonly number[],
  leaseMs: number,
  owner: string,
): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'sending', reason = '', attempt = attempt + 1, lease_token = lease_token + 1, lease_owner = ?,
            lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE id IN (${marks})`,
    [owner, leaseMs, ...values],
  );
}

/** Gives deliveries back without an attempt. `afterMs` from now, on the database's clock. */
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
  const reason = caseOf(
    ids,
    rows.map((row) => row.reason),
  );
  const after = caseOf(
    ids,
    rows.map((row) => Math.round(row.afterMs * 1000)),
  );
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'waiting', reason = ${reason.sql}, due_at = TIMESTAMPADD(MICROSECOND, ${after.sql}, UTC_TIMESTAMP(3)),
            lease_until = NULL WHERE id IN (${marks})`,
    [...reason.values, ...after.values, ...values],
  );
}

export interface DepartureMark extends Lease {
  readonly id: number;
  /** The moment its content names; the first one stays. */
  readonly writtenAt: Date;
  readonly sentRevision: number;
  readonly sentMappingId: number;
}

/**
 * Notes the departure on the rows; the caller appends `departed` in the same transaction.
 * @param locked `lockLeased` has locked the rows in this transaction and found their leases held; else this statement
 *   checks them, and false is answered when one is lost: the caller must roll back
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
    const held = locked ? { sql: '', values: [] } : heldClause(some);
    const revision = caseOf(
      ids,
      some.map((mark) => mark.sentRevision),
    );
    const mapping = caseOf(
      ids,
      some.map((mark) => mark.sentMappingId),
    );
    const written = caseOf(
      ids,
      some.map((mark) => mark.writtenAt.toISOString().slice(0, 23).replace('T', ' ')),
    );
    const { affected } = await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET departures = departures + 1, departed_attempt = attempt, sent_revision = ${revision.sql}, sent_mapping_id = ${mapping.sql},
              first_departed_at = COALESCE(first_departed_at, ${written.sql}) WHERE id IN (${list.marks}) ${held.sql}`,
      [...revision.values, ...mapping.values, ...written.values, ...list.values, ...held.values],
    );
    if (!locked && affected !== ids.length) return false;
  }
  return true;
}

export interface Settlement {
  readonly id: number;
  readonly state: DeliveryState;
  readonly reason: string;
  /** When to look again, ms from now; ignored for end states. */
  readonly afterMs: number;
  readonly spend: boolean;
  readonly maybeReceived: boolean;
  readonly askFirst: boolean;
  readonly reference?: string | undefined;
  /** Leaves its batch (voided, withheld, or done). */
  readonly leaveBatch: boolean;
  /** The recipient was asked, and does not know it. */
  readonly notFound?: boolean;
}

/**
 * Settles rows that nobody holds, or with `tokens` (by id) rows whose lease is held.
 * False when one of those leases is lost: the caller must roll back.
 */
export async function markSettled(
  tx: Sql,
  settlements: readonly Settlement[],
  tokens?: ReadonlyMap<number, number>,
): Promise<boolean> {
  for (let start = 0; start < settlements.length; start += together)
    if (!(await settleTogether(tx, settlements.slice(start, start + together), tokens))) return false;
  return true;
}

async function settleTogether(
  tx: Sql,
  settlements: readonly Settlement[],
  tokens: ReadonlyMap<number, number> | undefined,
): Promise<boolean> {
  const held =
    tokens === undefined
      ? { sql: '', values: [] }
      : heldClause(settlements.map(({ id }) => ({ id, token: tokens.get(id) ?? 0 })));
  const ids = settlements.map((one) => one.id);
  const list = inList(ids);
  const state = caseOf(
    ids,
    settlements.map((one) => one.state),
  );
  const reason = caseOf(
    ids,
    settlements.map((one) => one.reason.slice(0, 80)),
  );
  const after = caseOf(
    ids,
    settlements.map((one) => Math.round(one.afterMs * 1000)),
  );
  const spend = caseOf(
    ids,
    settlements.map((one) => (one.spend ? 1 : 0)),
  );
  const received = caseOf(
    ids,
    settlements.map((one) => (one.maybeReceived ? 1 : 0)),
  );
  const ask = caseOf(
    ids,
    settlements.map((one) => (one.askFirst ? 1 : 0)),
  );
  const reference = caseOf(
    ids,
    settlements.map((one) => one.reference?.slice(0, 200) ?? ''),
  );
  const leave = caseOf(
    ids,
    settlements.map((one) => (one.leaveBatch ? 1 : 0)),
  );
  const notFound = caseOf(
    ids,
    settlements.map((one) => (one.notFound === true ? 1 : 0)),
  );
  const { affected } = await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET
        spent = spent + ${spend.sql},
        maybe_received = ${received.sql},
        ask_first = ${ask.sql},
        recipient_reference = COALESCE(NULLIF(${reference.sql}, ''), recipient_reference),
        batch_id = IF(${leave.sql} = 1, 0, batch_id),
        not_found_since = IF(${notFound.sql} = 1, COALESCE(not_found_since, UTC_TIMESTAMP(3)), NULL),
        reason = ${reason.sql},
        due_at = TIMESTAMPADD(MICROSECOND, ${after.sql}, UTC_TIMESTAMP(3)),
        lease_until = NULL,
        state = ${state.sql},
        pending_since = IF(state = 'pending', COALESCE(pending_since, UTC_TIMESTAMP(3)), pending_since),
        settled_at = IF(state IN ('delivered', 'failed', 'cancelled'), UTC_TIMESTAMP(3), NULL)
      WHERE id IN (${list.marks}) ${held.sql}`,
    [
      ...spend.values,
      ...received.values,
      ...ask.values,
      ...reference.values,
      ...leave.values,
      ...notFound.values,
      ...reason.values,
      ...after.values,
      ...state.values,
      ...list.values,
      ...held.values,
    ],
  );
  return tokens === undefined || affected === settlements.length;
}

/** Bringing forward is worth its one turn where it saves more than this. */
const worthSeconds = 10;

/**
 * The next try of deliveries that wait after a technical failure is due now; others, and those in a file, stay as they are.
 * Each run once: a lead its recipient cannot digest would spend its tries on the successes of others. What is due soon keeps its turn.
 */
export async function bringForward(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList([...ids].sort((a, b) => a - b));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET due_at = LEAST(due_at, UTC_TIMESTAMP(3)), forwarded_run = run
      WHERE id IN (${marks}) AND state = 'waiting' AND batch_id = 0 AND reason LIKE 'retry:%' AND forwarded_run < run
        AND due_at > TIMESTAMPADD(SECOND, ${worthSeconds}, UTC_TIMESTAMP(3))`,
    values,
  );
}

/** After an erasure came to a good end: references the CRM gave are personal data of the past. A failed erase keeps them, its replay needs them. */
export async function forgetReferences(
  tx: Sql,
  pairs: readonly { readonly leadId: number; readonly destinationId: string }[],
): Promise<void> {
  for (const pair of pairs) {
    await tx.run(
      'UPDATE deliveries FORCE INDEX (deliveries_lead) SET recipient_reference = NULL WHERE lead_id = ? AND destination_id = ?',
      [pair.leadId, pair.destinationId],
    );
  }
}

/** Rows that cannot leave with their file; they are collected again for a later one. */
export async function leaveBatch(tx: Sql, ids: readonly number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += together) {
    const { marks, values } = inList(ids.slice(start, start + together));
    await tx.run(`UPDATE deliveries FORCE INDEX (PRIMARY) SET batch_id = 0 WHERE id IN (${marks})`, values);
  }
}
