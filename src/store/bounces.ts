// Whether the log has it already that a mail came back.
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
