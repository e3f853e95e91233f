// Reads the log for a bounced mail: whether the bounce is logged, and which attempt sent the mail.
// Invariant: writes nothing; the caller locks the delivery or the file.
import { type Sql, firstRow, firstValue, hasRow } from '../database.ts';
import type { Delivery } from './deliveries.ts';

/** True when the log has this bounce: a process may have died between logging the report and deleting it. */
export const isBounceLogged = (
  tx: Sql,
  { id, leadId }: Pick<Delivery, 'id' | 'leadId'>,
  { run, attempt }: Pick<Delivery, 'run' | 'attempt'>,
  target: string,
): Promise<boolean> =>
  hasRow(
    tx,
    `SELECT 1 FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND run = ? AND attempt = ? AND entry = 'bounced' AND target = ? LIMIT 1`,
    [leadId, id, run, attempt, target],
  );

/** The file with this sequence number. */
export const fileOfNumber = (
  sql: Sql,
  file: { readonly clientId: string; readonly destinationId: string; readonly sequence: number },
): Promise<number | undefined> =>
  firstValue(
    sql,
    "SELECT id FROM batches WHERE destination_id = ? AND client_id = ? AND sequence = ? AND role <> 'part' LIMIT 1",
    [file.destinationId, file.clientId, file.sequence],
  );

/** Locks the file, so that the caller can check the log and append to it. */
export async function lockFile(tx: Sql, batchId: number): Promise<void> {
  await tx.all('SELECT id FROM batches FORCE INDEX (PRIMARY) WHERE id = ? FOR UPDATE', [batchId]);
}

/** True when the log has a bounce of this file from this target. Reads entries without a lead, through their index. */
export const isFileBounceLogged = (
  tx: Sql,
  { batchId, target }: { readonly batchId: number; readonly target: string },
): Promise<boolean> =>
  hasRow(
    tx,
    `SELECT 1 FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = 0 AND delivery_id = 0 AND entry = 'bounced' AND batch_id = ? AND target = ? LIMIT 1`,
    [batchId, target],
  );

export const deliveryOfKey = (sql: Sql, key: string): Promise<number | undefined> =>
  firstValue(sql, 'SELECT id FROM deliveries WHERE delivery_key = ?', [key]);

/** The last attempt of these runs that departed. */
export const lastDeparture = (
  sql: Sql,
  { id, leadId }: { readonly id: number; readonly leadId: number },
  { from, to }: { readonly from: number; readonly to: number },
): Promise<{ readonly run: number; readonly attempt: number } | undefined> =>
  firstRow<{ run: number; attempt: number }>(
    sql,
    `SELECT run, attempt FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND entry = 'departed' AND run BETWEEN ? AND ? ORDER BY id DESC LIMIT 1`,
    [leadId, id, from, to],
  );
