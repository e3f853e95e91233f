// Claims deliveries: locks the rows, counts those in flight, takes the lease or puts the rows back.
// Invariant: a claim locks all rows of the same lead and destination; leases and due times use the database's clock.
import { inList, type Sql } from '../database.ts';
import type { Destination } from '../destinations/destinations.ts';
import { packedAttempt, unpackAttempt, type AttemptDelivery } from './deliveries.ts';
import { packed, unpacker } from '../packed.ts';
import { valueById, together } from './leases.ts';

export interface LockedDelivery extends AttemptDelivery {
  /** The database's clock when the row was locked. */
  readonly now: Date;
}

export interface Locked {
  /** In id order. */
  readonly rows: readonly LockedDelivery[];
  /** Deliveries of the destination in flight, at most: one with a lapsed lease still counts. */
  readonly sending: number;
  /** The destination as it is now; undefined if no row is locked, or if it does not exist. */
  readonly destination: Pick<Destination, 'status' | 'mappingVersionId'> | undefined;
}

/**
 * Locks the destination's deliveries among these ids, with every other delivery of the same (lead, destination), and counts those
 * in flight. A delivery of another destination is left out, whatever number its job bears.
 * @param sending number in flight, when the caller knows it: all rows of a long file are, and each part would count them again
 */
export async function lockWithSiblings(
  tx: Sql,
  destinationId: string,
  ids: readonly number[],
  sending?: number,
): Promise<Locked> {
  if (ids.length === 0) return { rows: [], sending: 0, destination: undefined };
  const { marks, values } = inList([...ids].sort((a, b) => a - b));
  // Count and destination are read after the caller locked the destination's state row: they include every earlier claim and publication.
  // By index alone, without ORDER BY: rows are locked in the order of the lists all the same, and few are sorted here.
  const count =
    sending === undefined
      ? "(SELECT COUNT(*) FROM deliveries f WHERE f.state = 'sending' AND f.destination_id = ?)"
      : '?';
  const ofDestination = (column: string): string => `(SELECT t.${column} FROM destinations t WHERE t.id = ?)`;
  const besides = ['UTC_TIMESTAMP(3)', count, ofDestination('status'), ofDestination('mapping_version_id')];
  const rows = await tx.all<{ readonly packed: unknown; readonly besides: unknown }>(
    `SELECT STRAIGHT_JOIN ${packedAttempt('s')} AS packed, ${packed(besides)} AS besides
       FROM deliveries d FORCE INDEX (PRIMARY) JOIN deliveries s FORCE INDEX (deliveries_lead) ON s.lead_id = d.lead_id AND s.destination_id = d.destination_id
      WHERE d.id IN (${marks}) AND d.destination_id = ? FOR UPDATE`,
    [sending ?? destinationId, destinationId, destinationId, ...values, destinationId],
  );
  const [first] = rows;
  if (first === undefined) return { rows: [], sending: 0, destination: undefined };
  // The same in every row.
  const { db_now: now, in_flight: inFlight, status, version } = unpackBesides(first.besides);
  const seen = new Map<number, LockedDelivery>();
  for (const row of rows) {
    const delivery = unpackAttempt(row.packed);
    seen.set(delivery.id, { ...delivery, now });
  }
  return {
    rows: [...seen.values()].sort((a, b) => a.id - b.id),
    sending: Number(inFlight),
    destination: status === null || version === null ? undefined : { status, mappingVersionId: version },
  };
}

const unpackBesides = unpacker<{
  readonly db_now: Date;
  readonly in_flight: number;
  readonly status: Destination['status'] | null;
  readonly version: number | null;
}>(['db_now', 'in_flight', 'status', 'version'], new Set(['db_now']));

/** Deliveries of a destination in flight under a live lease. Reads each of them. */
export async function countSending(tx: Sql, destinationId: string): Promise<number> {
  const [row] = await tx.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'sending' AND destination_id = ? AND lease_until > UTC_TIMESTAMP(3)",
    [destinationId],
  );
  return row?.n ?? 0;
}

/** `SET` of a lease: state `sending`, next attempt, next fencing token. Its values: the owner, then the duration, ms. */
export const leaseColumns = `state = 'sending', reason = '', attempt = attempt + 1, lease_token = lease_token + 1, lease_owner = ?,
            lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))`;

/** Takes the lease. The caller has locked the rows. */
export async function markSending(
  tx: Sql,
  ids: readonly number[],
  leaseMs: number,
  owner: string,
): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(`UPDATE deliveries FORCE INDEX (PRIMARY) SET ${leaseColumns} WHERE id IN (${marks})`, [
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
