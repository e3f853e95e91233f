// Schedules the deliveries to read back from their recipient, with the number of looks.
// Invariant: a row is inserted in the transaction that delivers, and deleted in the one that records the reading; the number of
// looks identifies the last process that took it.
import { type Sql, hasRow, changesOne } from '../database.ts';
import { insertRows } from '../columns.ts';

export interface ReadBackWanted {
  readonly deliveryId: number;
  readonly destinationId: string;
  readonly leadId: number;
  readonly run: number;
  readonly afterMs: number;
}

export interface ReadBack extends Omit<ReadBackWanted, 'afterMs'> {
  /** Includes the current one. */
  readonly looks: number;
}

/** Schedules the reading; an accepted replay is read back again. */
export const noteReadBacks = (tx: Sql, wanted: readonly ReadBackWanted[]): Promise<void> =>
  insertRows(
    tx,
    'read_backs',
    wanted.map(({ deliveryId, destinationId, leadId, run, afterMs }) => ({
      deliveryId,
      destinationId,
      leadId,
      run,
      dueAt: Math.round(afterMs),
    })),
    'run = VALUES(run), due_at = VALUES(due_at), looks = 0',
    { dueAt: 'TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))' },
  );

/** Takes due rows; they are due again after `holdMs`, in case this process dies. */
export async function takeReadBacks(tx: Sql, most: number, holdMs: number): Promise<readonly ReadBack[]> {
  const rows = await tx.all<ReadBack>(
    `SELECT delivery_id AS deliveryId, destination_id AS destinationId, lead_id AS leadId, run, looks FROM read_backs FORCE INDEX (read_backs_due)
      WHERE due_at <= UTC_TIMESTAMP(3) ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`,
    [most],
  );
  await tx.run(
    'UPDATE read_backs SET looks = looks + 1, due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE delivery_id IN (?)',
    [holdMs, rows.map((row) => row.deliveryId)],
  );
  return rows.map((row) => ({ ...row, looks: row.looks + 1 }));
}

/** Deletes the row once it was read, or nothing is left to read. False: another process has taken it. */
export const endReadBack = (tx: Sql, { deliveryId, run, looks }: ReadBack): Promise<boolean> =>
  changesOne(tx, 'DELETE FROM read_backs WHERE delivery_id = ? AND run = ? AND looks = ?', [
    deliveryId,
    run,
    looks,
  ]);

/** @param counts false: the recipient could not be asked, and the look is not counted */
export async function putOffReadBack(
  tx: Sql,
  { deliveryId, run, looks }: ReadBack,
  { afterMs, counts }: { readonly afterMs: number; readonly counts: boolean },
): Promise<void> {
  await tx.run(
    `UPDATE read_backs SET due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)), looks = ?
      WHERE delivery_id = ? AND run = ? AND looks = ?`,
    [Math.round(afterMs), counts ? looks : looks - 1, deliveryId, run, looks],
  );
}

/** Opt-ins that the log has as written in the accepted run, oldest departure first. */
export async function writtenOptIns(
  sql: Sql,
  { deliveryId, leadId, run }: ReadBack,
): Promise<readonly string[]> {
  const rows = await sql.all<{ consents: string | null }>(
    `SELECT consents FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND run = ? AND entry = 'departed' ORDER BY id`,
    [leadId, deliveryId, run],
  );
  return rows.flatMap(({ consents }) => consents ?? []);
}

/** True when a later delivery of the lead has departed for the recipient: that one is read back instead. */
export const hasLaterDeparture = (
  sql: Sql,
  { deliveryId, destinationId, leadId }: ReadBack,
): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id = ? AND destination_id = ? AND id > ? AND departures > 0 LIMIT 1`,
    [leadId, destinationId, deliveryId],
  );
