// What every entry about a delivery names, and which alerts are told once an hour instead of once a lead.
import { raisedSince, type Alert } from '../../store/alerts.ts';
import type { Sql } from '../../store/database.ts';
import type { Delivery } from '../../store/deliveries.ts';
import type { Handover } from '../../store/handovers.ts';

/** What every entry about a delivery names. */
export const entryNames = (
  row: Delivery,
): Pick<Handover, 'clientId'> &
  Required<
    Pick<Handover, 'destinationId' | 'deliveryId' | 'leadId' | 'batchId' | 'run' | 'attempt' | 'action'>
  > => ({
  clientId: row.clientId,
  destinationId: row.destinationId,
  deliveryId: row.id,
  leadId: row.leadId,
  batchId: row.batchId,
  run: row.run,
  attempt: row.attempt,
  action: row.action,
});

/** A mapping that cannot be used is told once an hour and destination, not once a lead. */
export async function withoutRepeats(tx: Sql, alerts: readonly Alert[]): Promise<readonly Alert[]> {
  const told = new Set<string>();
  const kept: Alert[] = [];
  for (const alert of alerts) {
    if (alert.kind === 'mapping_unusable') {
      const destinationId = alert.destinationId ?? '';
      if (told.has(destinationId) || (await raisedSince(tx, alert.kind, destinationId, 3_600))) continue;
      told.add(destinationId);
    }
    kept.push(alert);
  }
  return kept;
}
