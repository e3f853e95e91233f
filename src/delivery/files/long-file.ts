// Attempts a long file: its parts are rendered and depart one by one, the whole is sent, and its outcome settles each part.
// Invariant: at most one part is in memory. The bytes are fixed when the first sending begins; before it, a changed lead is rendered again,
// afterwards a change voids the file. A final outcome is kept before it settles any row.
import type { Outcome } from '../../../connectors/contract.ts';
import {
  extentOf,
  followedRows,
  hasPart,
  hasParts,
  isWithoutRows,
  lastExpiry,
  leftOnTheirWay,
  openParts,
  outdatedParts,
  partWait,
} from '../../store/files/file-parts.ts';
import {
  dropWhole,
  endWhole,
  keepOutcome,
  lockWhole,
  putOffWhole,
  renewWhole,
  retryWhole,
  takeWhole,
  type Whole,
} from '../../store/files/long-files.ts';
import type { EndedState } from '../../store/files/batches.ts';
import { mayHaveCome, decide } from '../../domain/verdict.ts';
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import type { Order, TripNeeds, Trip } from '../trip/trip.ts';
import { endOf, endUnder, voidedEntry, voidingOf } from '../outcome/file-end.ts';
import { fileTrip } from '../content/versions.ts';
import { leaseRenewedBy } from '../claim/lease.ts';
import { resendOvertaken } from '../outcome/follow-ups.ts';
import { endAcknowledgedParts, applyLongAcknowledgement } from './acknowledgement.ts';
import { askWhole, outcomeOfFile, sendLong } from './send-long.ts';
import { isHeldBack, isOfOtherMode } from './full.ts';
import {
  claimLeft,
  rewritePart,
  settleParts,
  voidParts,
  writePart,
  type LongAttempt,
  type PartsOutcome,
} from './long-parts.ts';

// Sends a file without any lead, which the recipient expects all the same: its outcome moves the file only.
// Invariant: its outcome is decided as for a delivery; past the age of the destination's leads it is given up, with an alert.

async function finishEmpty(
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
    await appendHandovers(tx, [voidedEntry(whole, verdict.reason)]);
    const { clientId, destinationId } = whole;
    await raiseAlerts(tx, [{ kind: 'file_late', clientId, destinationId, reason: verdict.reason }]);
  });
}

/** Rows of an attempt before this one are being recovered. */
const lookAgainMs = 1_000;
/** A mapping that cannot be used is looked at again, ms. */
const mappingAgainMs = 60_000;
/** Times leads may change under our hands; what changes then is followed by an update. */
const maxRounds = 8;
/** Outcomes that end a delivery whatever else is known of it. */
const finalKinds: ReadonlySet<Outcome['kind']> = new Set([
  'accepted',
  'duplicate',
  'unconfirmed',
  'refused',
  'invalid',
]);

/** All that the steps of an attempt at a long file need. */
interface Work {
  readonly needs: TripNeeds;
  readonly attempt: LongAttempt;
  readonly whole: Whole;
}

export async function deliverLongFile(needs: TripNeeds, order: Order): Promise<void> {
  const { batch, leaseMs } = order;
  if (batch === undefined) return;
  const claimedAt = performance.now();
  const whole = await takeWhole(needs.database, batch, leaseMs);
  if (whole === undefined) return;
  const totalMs = order.inForce?.mapping.timeouts.totalMs ?? 0;
  const lease = leaseRenewedBy({ claimedAt, leaseMs, totalMs }, () =>
    renewWhole(needs.database, whole, leaseMs),
  );
  const renewal = setInterval(() => void lease.renew().catch(() => false), Math.max(1_000, leaseMs / 3));
  const { id, destinationId, sequence, firstSentAt } = whole;
  const versionId = firstSentAt === undefined ? 0 : whole.mappingVersionId;
  const attempt: LongAttempt = {
    order: { ...order, batch: { ...batch, sequence } },
    file: { id, destinationId, sequence, firstSentAt },
    lease,
    versionId,
    trip: undefined,
    revisions: new Map(),
  };
  try {
    await attemptWhole({ needs, attempt, whole });
  } catch (error) {
    await dropWhole(needs.database, whole).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(renewal);
  }
}

async function attemptWhole(work: Work): Promise<void> {
  const { needs, attempt, whole } = work;
  const left = await leftOnTheirWay(needs.database, whole.id);
  if (left === 'leased') return dropWhole(needs.database, whole);
  if (left === 'lapsed') return putOffWhole(needs.database, whole, lookAgainMs);
  // Read once it is known that the attempt continues: it reads every row.
  attempt.file.expiresAt = await lastExpiry(needs.database, whole.id);
  if (whole.outcome !== undefined) return finishLeft(work, whole.outcome);
  if ((await applyLongAcknowledgement(needs, attempt.order, whole)) === 'done') return;
  // The file has left, and no row remains to be settled by its outcome.
  if (whole.firstSentAt !== undefined && (await hasParts(needs.database, whole.id)))
    if (await isWithoutRows(needs.database, whole.id)) return voidWhole(work);
  const asked = await askWhole(needs, attempt, whole);
  if (asked.next === 'later') return putOffWhole(needs.database, whole, asked.afterMs);
  if (asked.next === 'settle') return finishLeft(work, asked.outcome);
  const mapping = attempt.order.inForce?.mapping;
  if (mapping !== undefined && whole.firstSentAt === undefined)
    if (await isOfOtherMode(needs.database, mapping, whole)) return voidWhole(work);
  const written = await writeParts(work);
  if (written === 'put_off') return;
  if (written === 'given_back') return dropWhole(needs.database, whole);
  if (written === 'blocked') return giveUpFor(work);
  if (written === 'voided') return voidWhole(work);
  return sendWhole(work);
}

/** Rows that the worker before did not come to get what the file came to. */
async function finishLeft(work: Work, outcome: Outcome): Promise<void> {
  const { needs, attempt, whole } = work;
  await endAcknowledgedParts(needs.database, whole);
  if ((await claimLeft(needs, attempt)) === 'blocked') return putOffWhole(needs.database, whole, lookAgainMs);
  return finish(work, { outcome, startedAt: performance.now(), movesCircuit: false, asked: true });
}

async function writeParts({
  needs,
  attempt,
  whole,
}: Work): Promise<'written' | 'blocked' | 'voided' | 'given_back' | 'put_off'> {
  for (const part of await openParts(needs.database, whole.id)) {
    if (needs.signal.aborted || !(await attempt.lease.renew())) return 'given_back';
    const end = await writePart(needs, attempt, part);
    // Without it, it would be another file than the one the recipient may have (guarantee 4).
    if (end === 'lost') return 'given_back';
    if (end === 'gone' && attempt.file.firstSentAt !== undefined) return 'voided';
    if (end !== 'blocked') continue;
    if (attempt.trip !== undefined) return 'blocked';
    await putOffWhole(needs.database, whole, await partWait(needs.database, part.id));
    return 'put_off';
  }
  return 'written';
}

/** The destination may not send any more, or not so: what has departed in the log has not left. */
const giveUpFor = (work: Work): Promise<void> =>
  finish(work, {
    outcome: { kind: 'unavailable', reason: 'FILE_NOT_FINISHED', maybeReceived: false },
    startedAt: performance.now(),
    movesCircuit: false,
  });

async function sendWhole(work: Work): Promise<void> {
  const { needs, attempt, whole } = work;
  const { file } = attempt;
  if (attempt.trip === undefined) return sendEmpty(work);
  if (file.firstSentAt === undefined) {
    await rewriteOutdated(work);
    if (await isHeldBack(needs.database, attempt.trip.mapping, whole)) return voidWhole(work);
  }
  if ((await extentOf(needs.database, whole.id)).parts === 0) return endWithoutRows(work);
  const came = await sendLong(needs, attempt.trip, whole, attempt);
  if (came === 'other') return voidWhole(work);
  if (came === 'lost') return dropWhole(needs.database, whole);
  if (came === 'outdated') return giveUpFor(work);
  const { outcome, startedAt } = came.sent;
  return finish(work, { outcome, startedAt, movesCircuit: true });
}

/** A file that was opened without leads; one whose leads all stayed behind is given up. */
async function sendEmpty(work: Work): Promise<void> {
  const { needs, attempt, whole } = work;
  const { database } = needs;
  const trip = await fileTrip(needs, attempt.order, whole.action);
  if (await hasParts(database, whole.id)) {
    if (trip !== undefined && (await isHeldBack(database, trip.mapping, whole))) return voidWhole(work);
    return endWithoutRows(work);
  }
  if (trip === undefined) return putOffWhole(database, whole, mappingAgainMs);
  const came = await sendLong(needs, trip, whole, attempt);
  if (came === 'other') return voidWhole(work);
  if (came === 'lost') return dropWhole(database, whole);
  if (came === 'outdated') return putOffWhole(database, whole, lookAgainMs);
  return finishEmpty({ database, random: Math.random }, trip, whole, came.sent.outcome);
}

/** As long as nothing has left, a lead that changed after its part was written is written again. */
async function rewriteOutdated({ needs, attempt, whole }: Work): Promise<void> {
  for (let round = 1; round <= maxRounds; round += 1) {
    const outdated = await outdatedParts(needs.database, whole.id, attempt.revisions);
    if (outdated.size === 0) return;
    for (const part of await openParts(needs.database, whole.id))
      if (outdated.has(part.id) && (await attempt.lease.renew())) await rewritePart(needs, attempt, part);
  }
}

/** Settles each part by the outcome; the file ends with the last of them, or is due again with the first. */
async function finish(work: Work, came: PartsOutcome): Promise<void> {
  const { needs, attempt, whole } = work;
  const { database } = needs;
  const isFinal = finalKinds.has(came.outcome.kind);
  // Lost, it belongs to the attempt that came after, which finds out what became of it.
  if (isFinal && !(await keepOutcome(database, whole, came.outcome))) return noteLate(work, came.outcome);
  const dueAfterMs = await settleParts(needs, attempt, came);
  const isOpen = (await openParts(database, whole.id)).length > 0;
  const state = await endedState(needs, whole);
  const isHeld = await database.transaction(async (tx) => {
    if (!(await lockWhole(tx, whole))) return false;
    const next = isOpen ? 'retry' : state === 'sent' ? 'done' : 'fail';
    const told = outcomeOfFile(whole, came.outcome, next);
    const isVoided = !isOpen && state === 'voided';
    await appendHandovers(tx, [told, ...(isVoided ? [voidedEntry(whole, told.reason)] : [])]);
    if (isOpen) await retryWhole(tx, whole.id, isFinal ? lookAgainMs : dueAfterMs);
    else await endWhole(tx, whole.id, state);
    return true;
  });
  if (!isHeld) await noteLate(work, came.outcome);
}

/** As its parts ended. */
async function endedState({ database }: TripNeeds, { id }: Whole): Promise<EndedState> {
  for (const state of ['sent', 'refused'] as const) if (await hasPart(database, id, state)) return state;
  return 'voided';
}

/** In the log, and without effect on the file; of rows that arrived behind their erasure or update, that leaves once more. */
async function noteLate({ needs: { database }, whole }: Work, outcome: Outcome): Promise<void> {
  await appendHandovers(database, [{ ...outcomeOfFile(whole, outcome, ''), entry: 'late' }]);
  if (!mayHaveCome(outcome)) return;
  for (const row of await followedRows(database, whole.id))
    await database.transaction(async (tx) => raiseAlerts(tx, await resendOvertaken(tx, [{ row, outcome }])));
}

/** None of its rows leaves: nothing is sent, and a number that was given is voided in the log. */
async function endWithoutRows({ needs, attempt, whole }: Work): Promise<void> {
  const ended = { ...whole, sequence: attempt.file.sequence };
  // Rows of a voided part leave in another file.
  const ending = (await hasPart(needs.database, whole.id, 'voided')) ? voidingOf(ended) : endOf(ended);
  await needs.record(endUnder(whole, ending));
}

async function voidWhole({ needs, attempt, whole }: Work): Promise<void> {
  if (!(await voidParts(needs, attempt, whole))) return;
  await needs.record(endUnder(whole, voidingOf({ ...whole, sequence: attempt.file.sequence })));
}
