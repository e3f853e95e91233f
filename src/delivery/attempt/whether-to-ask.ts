// Whether the recipient is asked before anything is sent, and what follows from its answer.
// Invariant: nothing that may have arrived is sent again unasked where it can be asked; the question itself is ask-recipient.ts.
import type { ClaimedDelivery } from './claim.ts';
import { ask, askFile, needsReference, type AskOptions } from './ask-recipient.ts';
import { leaseOf } from './lease.ts';
import type { Trip, TripNeeds } from './trip.ts';
import type { Recorded } from './trip-end.ts';

/** The rows to send now, and what the answers taught; or what was recorded, and nothing is sent. */
export type Asked =
  | { readonly rows: readonly ClaimedDelivery[]; readonly trip: Trip }
  | { readonly ended: Recorded | undefined };

export async function askFirst(
  needs: TripNeeds,
  trip: Trip,
  rows: readonly ClaimedDelivery[],
): Promise<Asked> {
  const [first] = rows as readonly [ClaimedDelivery];
  const { batch, progress } = trip;
  if (progress !== undefined) return askCall(needs, trip, first);
  if (batch !== undefined) {
    const isAsked = batch.state === 'written' && trip.canAsk && rows.some((row) => row.askFirst);
    if (!isAsked) return { rows, trip };
    const answer = await askFile(rows, { ...batch, sequence: batch.sequence }, askOptions(needs, trip, rows));
    return 'recorded' in answer ? { ended: answer.recorded } : { rows: answer.rows, trip };
  }
  const isNameless = needsReference(first, trip.settings);
  if (trip.canAsk && (first.askFirst || isNameless)) {
    const answer = await ask(first, askOptions(needs, trip, [first]));
    return 'recorded' in answer ? { ended: answer.recorded } : { rows: answer.rows, trip };
  }
  if (!isNameless) return { rows, trip };
  const reason = first.action === 'erase' ? 'manual_erasure_required' : 'reference_missing';
  const stopped = [{ row: first, state: 'failed', reason, fields: [] }] as const;
  return { ended: await needs.record({ stopped }) };
}

/** Of several calls, the one that may have arrived is asked about by its own address and rules. */
async function askCall(needs: TripNeeds, trip: Trip, row: ClaimedDelivery): Promise<Asked> {
  const { progress, connector } = trip;
  const open = progress?.calls.find((call) => call.name === progress.open?.name);
  if (progress === undefined || open?.hasLookup !== true || !row.askFirst || connector.lookup === undefined)
    return { rows: [row], trip };
  const options = askOptions(needs, trip, [row]);
  const answer = await ask(row, {
    ...options,
    settings: open.settings,
    context: { ...options.context, classify: open.classify },
    question: open.question,
    called: { call: open, progress },
  });
  if ('recorded' in answer) return { ended: answer.recorded };
  return { rows: answer.rows, trip: { ...trip, progress: { ...progress, open: undefined } } };
}

function askOptions(
  { database, masterKeys, record, settlingMs }: TripNeeds,
  trip: Trip,
  rows: readonly ClaimedDelivery[],
): AskOptions {
  const { connector, mapping, settings, question, versionId } = trip;
  return {
    connector,
    mapping,
    settings,
    context: { ...trip.context, mayLeave: leaseOf(database, trip, rows).runs },
    question,
    database,
    masterKeys,
    record,
    versionId,
    settlingMs: Math.max(settlingMs, mapping.timeouts.totalMs),
  };
}
