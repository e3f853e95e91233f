// What an outcome comes to for the file its deliveries left in: ended, voided, or looked at again.
// Invariant: a file ends when each of its rows does; the rows of a voided one leave in a new file at once.
import type { Decision, Verdict } from '../../domain/verdict.ts';
import { endBatch, retryBatch, type EndedState } from '../../store/batches.ts';
import type { Sql } from '../../store/database.ts';
import { isAcknowledged } from '../../store/file-acknowledgements.ts';
import { entryNames } from '../../store/entry-names.ts';
import { waitingIn } from '../../store/file-parts.ts';
import { addSlot } from '../../store/file-slots.ts';
import type { Attempted, OutcomeEffects } from './attempt.ts';
import type { ClaimedDelivery } from './claim.ts';
import { heldFileMs, type BatchEnd } from './trip-end.ts';

/** Rows of a file that ends, of which the leases are held. */
export interface LeavingRows {
  /** Given back unspent. */
  readonly back: readonly ClaimedDelivery[];
  /** Those that may not leave. */
  readonly stopped: readonly ClaimedDelivery[];
}

export async function recordBatchEnd(
  tx: Sql,
  { id, state, clientId, destinationId, isPart }: BatchEnd,
  held: LeavingRows,
  work: OutcomeEffects,
): Promise<void> {
  const waiting = state === 'voided' ? await waitingIn(tx, id) : [];
  await endBatch(tx, id, state);
  if (state !== 'voided') return;
  // In the story of each lead that stood in it and may go again. What is stopped may be withheld only, and has stood in it if it departed.
  const stood = held.stopped.filter(({ departures }) => departures > 0);
  for (const row of [...held.back, ...stood, ...waiting])
    work.handovers.push({ entry: 'batch_voided', ...entryNames(row), actor: 'worker' });
  if (isPart === true) return;
  work.handovers.push({ entry: 'batch_voided', clientId, destinationId, batchId: id, actor: 'worker' });
  // Its rows leave in a new file at once, not at the next scheduled hour.
  await addSlot(tx, destinationId, 'now', 'voided');
}

export async function settleBatch(
  tx: Sql,
  attempted: Attempted,
  decisions: ReadonlyMap<number, Decision>,
): Promise<void> {
  if (attempted.batchId === undefined || decisions.size === 0) return;
  const verdicts = [...decisions.values()].map((decision) => decision.verdict);
  const open = verdicts.filter((verdict) => verdict.next !== 'done' && verdict.next !== 'fail');
  // The file ends when each of its rows does; until then it is looked at when the first of them is due.
  if (open.length > 0) {
    await retryBatch(
      tx,
      attempted.batchId,
      Math.min(...open.map((verdict) => ('afterMs' in verdict ? verdict.afterMs : heldFileMs))),
    );
  } else {
    await endBatch(tx, attempted.batchId, await endOfFile(tx, attempted.batchId, attempted, verdicts));
  }
}

async function endOfFile(
  tx: Sql,
  batchId: number,
  { asked, outcome }: Attempted,
  verdicts: readonly Verdict[],
): Promise<EndedState> {
  // Its recipient may have spoken of others of its leads: then it has arrived.
  if (verdicts.some((verdict) => verdict.next === 'done') || (await isAcknowledged(tx, batchId)))
    return 'sent';
  return asked && (outcome.kind === 'refused' || outcome.kind === 'invalid') ? 'refused' : 'voided';
}
