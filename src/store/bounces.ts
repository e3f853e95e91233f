// What the log says of a mail that came back: whether it has it already, and which attempt sent it.
// Invariant: reads only; the delivery is locked by the caller.
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

/** The delivery of a key. */
export async function deliveryOfKey(sql: Sql, key: string): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>('SELECT id FROM deliveries WHERE delivery_key = ?', [key]);
  return row?.id;
}

/** The last attempt of these runs that left. */
export async function lastDeparture(
  sql: Sql,
  deliveryId: number,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<{ readonly run: number; readonly attempt: number } | undefined> {
  const [row] = await sql.all<{ run: number; attempt: number }>(
    `SELECT run, attempt FROM handovers FORCE INDEX (handovers_delivery)
      WHERE delivery_id = ? AND entry = 'departed' AND run BETWEEN ? AND ? ORDER BY id DESC LIMIT 1`,
    [deliveryId, from, to],
  );
  return row;
}
