// Sends a file without any lead, which the recipient expects all the same: its outcome moves the file only.
// Invariant: its outcome is decided as for a delivery; past the age of the destination's leads it is given up, with an alert.
import type { Outcome } from '../../../connectors/contract.ts';
import { decide } from '../../domain/verdict.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { endWhole, lockWhole, retryWhole, type Whole } from '../../store/long-files.ts';
import type { Trip, TripNeeds } from '../trip/trip.ts';
import { outcomeOfFile } from './send-long.ts';

export async function finishEmpty(
  { database, random }: Pick<TripNeeds, 'database'> & { readonly random: () => number },
  { mapping }: Trip,
  whole: Whole,
  outcome: Outcome,
): Promise<void> {
  const now = database.now().getTime();
  const { verdict } = decide(
    outcome,
    {
      spent: whole.attempt + 1,
      circuitClosed: true,
      maybeReceived: true,
      hasLookup: mapping.hasLookup,
      pendingSinceMs: whole.firstSentAt === undefined ? 0 : now - whole.firstSentAt.getTime(),
    },
    mapping.retry,
    random,
  );
  const isOver = now - whole.slotAt.getTime() > mapping.maxAgeMs;
  await database.transaction(async (tx) => {
    if (!(await lockWhole(tx, whole))) return;
    await appendHandovers(tx, [outcomeOfFile(whole, outcome, isOver ? 'fail' : verdict.next)]);
    if (verdict.next === 'done') return endWhole(tx, whole.id, 'sent');
    if ('afterMs' in verdict && !isOver) return retryWhole(tx, whole.id, verdict.afterMs);
    await endWhole(tx, whole.id, 'voided');
    const { clientId, destinationId } = whole;
    await raiseAlerts(tx, [{ kind: 'file_late', clientId, destinationId, reason: verdict.reason }]);
  });
}
