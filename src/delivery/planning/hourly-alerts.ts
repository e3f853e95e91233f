// Limits alerts that many leads raise at once to one an hour and destination.
// Invariant: the first is raised at once.
import { raisedSince, type Alert } from '../../store/alerts/alerts.ts';
import type { Sql } from '../../store/database.ts';

/** A mapping that cannot be used is reported once an hour and destination, not once a lead. */
export async function withoutRepeats(tx: Sql, alerts: readonly Alert[]): Promise<readonly Alert[]> {
  const raised = new Set<string>();
  const kept: Alert[] = [];
  for (const alert of alerts) {
    if (alert.kind === 'mapping_unusable') {
      const { kind, clientId, destinationId = '' } = alert;
      if (raised.has(destinationId) || (await raisedSince(tx, { kind, clientId, destinationId }, 3_600)))
        continue;
      raised.add(destinationId);
    }
    kept.push(alert);
  }
  return kept;
}
