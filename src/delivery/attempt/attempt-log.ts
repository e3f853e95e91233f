// One wide line per attempt: ids and the decision, never the content (guarantee 7).
import type { Connector, Outcome } from '../../../connectors/contract.ts';
import type { Log } from '../../log.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { FileBatch } from '../files/file-parcel.ts';
import type { Recorded } from './trip-end.ts';
import { stateAfter } from './outcome-effects.ts';

export function logAttempt(
  log: Log,
  rows: readonly ClaimedDelivery[],
  outcome: Outcome,
  settled: Recorded,
  trip: { readonly connector: Connector; readonly batch: FileBatch | undefined; readonly durationMs: number },
): void {
  for (const row of rows) {
    const decision = settled.decisions.get(row.id);
    if (decision === undefined) {
      log.warn('delivery.settled_late', {
        destination: row.destinationId,
        delivery: row.id,
        outcome: outcome.kind,
      });
      continue;
    }
    const { verdict } = decision;
    log.info('delivery.attempted', {
      client: row.clientId,
      destination: row.destinationId,
      delivery: row.id,
      run: row.run,
      attempt: row.attempt,
      action: row.action,
      connector: trip.connector.type,
      outcome: outcome.kind,
      verdict: stateAfter(verdict),
      reason: verdict.reason,
      durationMs: trip.durationMs,
      ...(outcome.evidence?.status === undefined ? {} : { status: outcome.evidence.status }),
      ...(outcome.evidence?.host === undefined ? {} : { host: outcome.evidence.host }),
      ...('afterMs' in verdict ? { waitMs: verdict.afterMs } : {}),
      ...(trip.batch === undefined ? {} : { batch: trip.batch.id }),
    });
  }
  const [first] = rows;
  if (first !== undefined && settled.circuit !== 'none')
    log.warn(`circuit.${settled.circuit}`, { destination: first.destinationId });
}
