// Sets deliveries back to waiting when a step of the gateway fails with an error of its own, so that they are tried again.
// Invariant: only a delivery that has not departed in this attempt waits; one that may have left is recovered like a lapsed lease.
import { type Sql, changesAny } from '../database.ts';

const waits = `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'waiting', reason = ?, lease_until = NULL, batch_id = 0,
       due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))`;

export interface BrokenWait {
  readonly reason: string;
  readonly afterMs: number;
}

export interface Unclaimed {
  readonly id: number;
  readonly run: number;
  readonly attempt: number;
  /** The file the delivery is in and now leaves; 0: none. */
  readonly batchId: number;
}

/** Sets back a delivery that could not be claimed. False when it has moved on. */
export const waitUnclaimed = (
  sql: Sql,
  { id, run, attempt, batchId }: Unclaimed,
  { reason, afterMs }: BrokenWait,
): Promise<boolean> =>
  changesAny(sql, `${waits} WHERE id = ? AND run = ? AND attempt = ? AND state = 'queued' AND batch_id = ?`, [
    reason,
    afterMs,
    id,
    run,
    attempt,
    batchId,
  ]);

/** Sets back a delivery claimed under this lease that could not depart. False when it departed, or the lease is another's. */
export const waitUndeparted = (
  sql: Sql,
  { id, leaseToken, batchId }: { readonly id: number; readonly leaseToken: number; readonly batchId: number },
  { reason, afterMs }: BrokenWait,
): Promise<boolean> =>
  changesAny(
    sql,
    `${waits} WHERE id = ? AND lease_token = ? AND state = 'sending' AND departed_attempt <> attempt AND batch_id = ?`,
    [reason, afterMs, id, leaseToken, batchId],
  );
