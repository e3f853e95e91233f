// Shows due deliveries that their destination holds back as `waiting`, with the reason that domain/send-policy gives.
// Invariant: no delivery is lost: it stays due, or is due again when its destination may send.
import type { Reason } from '../../domain/delivery.ts';
import { ratePeriods } from '../../domain/rates.ts';
import { insertGroups, type Sql, changes } from '../database.ts';
import { isBegunSql } from './begun-deliveries.ts';
import { carriesRightSql } from '../leads/rights.ts';
import { windowUse } from './due-work.ts';

/** Reasons of deliveries that wait until a time set by the mapping. */
const setByMapping: readonly string[] = [
  'outside_hours' satisfies Reason,
  ...ratePeriods.map(({ refusal }) => refusal),
];

/** Sets due rows of a held or suspended destination to `waiting`; they stay due. */
export const showHeld = (sql: Sql, destinationId: string, reason: string, limit: number): Promise<number> =>
  changes(
    sql,
    `UPDATE deliveries FORCE INDEX (deliveries_due) SET state = 'waiting', reason = ? WHERE state = 'planned' AND destination_id = ? AND due_at <= UTC_TIMESTAMP(3) LIMIT ${Math.trunc(limit)}`,
    [reason, destinationId],
  );

/**
 * For a destination whose probe is due and that has nothing due, queued or under way: makes the soonest delivery that waits after a
 * failure due now, or its file. Returns the number made due.
 * @param but deliveries whose delay the recipient itself asked for
 */
export async function bringProbe(sql: Sql, destinationId: string, but: readonly number[]): Promise<number> {
  const { all } = await windowUse(sql, destinationId);
  if (all > 0) return 0;
  // Brought forward while the period is full, it would have to wait again, once a second.
  const [next] = await sql.all<{ id: number; batch_id: number; later: number }>(
    `SELECT id, batch_id, due_at > UTC_TIMESTAMP(3) AS later FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state = 'waiting' AND destination_id = ? AND id NOT IN (?) AND reason NOT IN (?)
        AND (reason LIKE 'retry%' OR reason LIKE 'throttled%' OR reason LIKE 'destination_held%')
      ORDER BY due_at, id LIMIT 1`,
    [destinationId, but.length === 0 ? [0] : but, setByMapping],
  );
  if (next === undefined) return 0;
  if (next.batch_id > 0) {
    return changes(
      sql,
      `UPDATE batches SET due_at = UTC_TIMESTAMP(3)
        WHERE id = (SELECT carrier.id FROM (SELECT IF(whole_id > 0, whole_id, id) AS id FROM batches WHERE id = ?) carrier)
          AND state IN ('open', 'written') AND queued_at IS NULL AND due_at > UTC_TIMESTAMP(3)`,
      [next.batch_id],
    );
  }
  if (next.later === 0) return 0;
  return changes(
    sql,
    "UPDATE deliveries SET due_at = LEAST(due_at, UTC_TIMESTAMP(3)) WHERE id = ? AND state = 'waiting'",
    [next.id],
  );
}

/** Changes the reason of a file flow's rows that wait for the next file from one of these causes to `reason`. */
export async function relabelWaiting(
  sql: Sql,
  destinationId: string,
  reason: string,
  causes: readonly string[],
): Promise<void> {
  await sql.run(
    `UPDATE deliveries FORCE INDEX (deliveries_due) SET reason = ?
      WHERE state = 'waiting' AND destination_id = ? AND batch_id = 0 AND reason IN (?)`,
    [reason, destinationId, causes],
  );
}

/**
 * Makes due deliveries of a destination outside its hours due when it opens. Mirrors `waitsForHours` of domain/send-policy: begun
 * deliveries stay due, and so do those that carry a right unless the mapping lets rights wait; the claim decides.
 */
export const deferToOpening = (
  sql: Sql,
  destinationId: string,
  opening: { readonly reason: string; readonly at: Date },
  which: { readonly rightsWait: boolean; readonly limit: number },
): Promise<number> =>
  changes(
    sql,
    `UPDATE deliveries FORCE INDEX (deliveries_due) SET state = 'waiting', reason = ?, due_at = ?
      WHERE state IN ('planned', 'waiting') AND destination_id = ? AND priority IN (0, 1) AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0
        AND NOT ${isBegunSql('deliveries')} ${which.rightsWait ? '' : `AND NOT ${carriesRightSql('deliveries')}`} LIMIT ${Math.trunc(which.limit)}`,
    [opening.reason, opening.at, destinationId],
  );

/**
 * Makes deliveries that wait for former hours or rates due now, and their files: the next claim applies the new ones. Deliveries
 * that wait for anything else, a person's decision above all, are left as they are.
 * The caller has locked the destination's state: no claim and no dispatch uses the former hours meanwhile. An opening that has come is
 * left: its file may be half collected.
 */
export async function askAgain(tx: Sql, destinationId: string): Promise<void> {
  // Read first: MySQL refuses to read a table in the statement that changes it (1093).
  const files = await tx.all<{ id: number; whole_id: number }>(
    `SELECT DISTINCT b.id, b.whole_id FROM deliveries d FORCE INDEX (deliveries_due) JOIN batches b ON b.id = d.batch_id
      WHERE d.state = 'waiting' AND d.destination_id = ? AND d.reason IN (?)`,
    [destinationId, setByMapping],
  );
  const ids = [...new Set(files.flatMap(({ id, whole_id }) => (whole_id === 0 ? [id] : [id, whole_id])))];
  for (const group of insertGroups(ids)) {
    await tx.run(
      `UPDATE batches FORCE INDEX (PRIMARY) SET due_at = UTC_TIMESTAMP(3)
        WHERE id IN (?) AND destination_id = ? AND state IN ('open', 'written') AND queued_at IS NULL AND due_at > UTC_TIMESTAMP(3)`,
      [group, destinationId],
    );
  }
  await tx.run(
    `UPDATE deliveries FORCE INDEX (deliveries_due) SET due_at = UTC_TIMESTAMP(3)
      WHERE state = 'waiting' AND destination_id = ? AND reason IN (?) AND due_at > UTC_TIMESTAMP(3)`,
    [destinationId, setByMapping],
  );
  await tx.run(
    "UPDATE slots SET slot_at = UTC_TIMESTAMP(3) WHERE destination_id = ? AND state = 'due' AND asked_by = 'hours' AND slot_at > UTC_TIMESTAMP(3) ORDER BY slot_at LIMIT 1",
    [destinationId],
  );
}
