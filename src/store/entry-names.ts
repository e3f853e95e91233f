// Gives the columns that every log entry about a delivery fills.
// Invariant: ids, numbers and the action; no personal data.
import type { AttemptDelivery } from './deliveries.ts';
import type { Handover } from './handovers.ts';

export const entryNames = (
  row: AttemptDelivery,
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
