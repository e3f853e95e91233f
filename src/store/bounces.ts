// What the log says of a mail that came back: whether it has it already, and which attempt sent it.
// Invariant: writes nothing; the delivery, or the file, is locked by the caller.
import type { Sql } from './database.ts';

export interface BounceSeen {
  readonly deliveryId: number;
  readonly leadId: number;
  /** Of the attempt that came back. */
  readonly run: number;
  readonly attempt: number;
  readonly target: string;
}

/** Whether the log has it already: the process that read the report may have died before it removed it. */
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

/** A file by its number. */
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

/** The file under its lock, for who asks what the log has of it and adds to that. */
export async function lockFile(tx: Sql, batchId: number): Promise<void> {
  await tx.all('SELECT id FROM batches FORCE INDEX (PRIMARY) WHERE id = ? FOR UPDATE', [batchId]);
}

/** Whether the log has it already that the file came back from there. Reads what the log has of no lead: asked where an alert says so. */
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

/** The delivery of a key. */
export async function deliveryOfKey(sql: Sql, key: string): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>('SELECT id FROM deliveries WHERE delivery_key = ?', [key]);
  return row?.id;
}

/** The last attempt of these runs that left. */
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
