// Reads the log for a bounced mail: whether the bounce is logged, and which attempt sent the mail.
// Invariant: writes nothing; the caller locks the delivery or the file.
import type { Sql } from '../database.ts';

export interface BounceSeen {
  readonly deliveryId: number;
  readonly leadId: number;
  /** Run and attempt that bounced. */
  readonly run: number;
  readonly attempt: number;
  readonly target: string;
}

/** True when the log has this bounce: a process may have died between logging the report and deleting it. */
export async function isBounceLogged(
  tx: Sql,
  { deliveryId, leadId, run, attempt, target }: BounceSeen,
): Promise<boolean> {
  const rows = await tx.all(
    `SELECT 1 FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND run = ? AND attempt = ? AND entry = 'bounced' AND target = ? LIMIT 1`,
    [leadId, deliveryId, run, attempt, target],
  );
  return rows.length > 0;
}

/** The file with this sequence number. */
export async function fileOfNumber(
  sql: Sql,
  {
    clientId,
    destinationId,
    sequence,
  }: { readonly clientId: string; readonly destinationId: string; readonly sequence: number },
): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>(
    "SELECT id FROM batches WHERE destination_id = ? AND client_id = ? AND sequence = ? AND role <> 'part' LIMIT 1",
    [destinationId, clientId, sequence],
  );
  return row?.id;
}

/** Locks the file, so that the caller can check the log and append to it. */
export async function lockFile(tx: Sql, batchId: number): Promise<void> {
  await tx.all('SELECT id FROM batches FORCE INDEX (PRIMARY) WHERE id = ? FOR UPDATE', [batchId]);
}

/** True when the log has a bounce of this file from this target. Reads entries without a lead, through their index. */
export async function isFileBounceLogged(
  tx: Sql,
  { batchId, target }: { readonly batchId: number; readonly target: string },
): Promise<boolean> {
  const rows = await tx.all(
    `SELECT 1 FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = 0 AND delivery_id = 0 AND entry = 'bounced' AND batch_id = ? AND target = ? LIMIT 1`,
    [batchId, target],
  );
  return rows.length > 0;
}

/** The delivery with this key. */
export async function deliveryOfKey(sql: Sql, key: string): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>('SELECT id FROM deliveries WHERE delivery_key = ?', [key]);
  return row?.id;
}

/** The last attempt of these runs that departed. */
export async function lastDeparture(
  sql: Sql,
  { id, leadId }: { readonly id: number; readonly leadId: number },
  { from, to }: { readonly from: number; readonly to: number },
): Promise<{ readonly run: number; readonly attempt: number } | undefined> {
  const [row] = await sql.all<{ run: number; attempt: number }>(
    `SELECT run, attempt FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND entry = 'departed' AND run BETWEEN ? AND ? ORDER BY id DESC LIMIT 1`,
    [leadId, id, from, to],
  );
  return row;
}
