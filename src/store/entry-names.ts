// What every entry of the log about a delivery names.
// Invariant: ids, numbers and the action; nothing of a person.
import type { AttemptDelivery } from './deliveries.ts';
import type { Handover } from './handovers.ts';

/** What every entry about a delivery names. */
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
