// Whether the log has it already that a mail came back.
// Invariant: reads only; the delivery is locked by the caller.
import type { Sql } from './database.ts';

/** Whether the log has it already: the process that read the report may have died before it removed it. */
export async function isBounceLogged(
  tx: Sql,
  { deliveryId, run, target }: { readonly deliveryId: number; readonly run: number; readonly target: string },
): Promise<boolean> {
  const rows = await tx.all(
    "SELECT 1 FROM handovers FORCE INDEX (handovers_delivery) WHERE delivery_id = ? AND run = ? AND entry = 'bounced' AND target = ? LIMIT 1",
    [deliveryId, run, target],
  );
  return rows.length > 0;
}
