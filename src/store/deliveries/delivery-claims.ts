// Claims deliveries: counts those in flight, takes the lease or puts the rows back.
// Invariant: a claim has locked all rows of the same lead and destination (`departure-locks.ts`); leases and due times use the database's
// clock.
import { inList, type Sql } from '../database.ts';
import { valueById, together } from './leases.ts';

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
