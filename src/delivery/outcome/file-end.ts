// Ends, voids or retries a file according to the outcome of its deliveries.
// Invariant: a file ends when each of its rows does; the rows of a voided file leave in a new file at once.
import type { Decision, NotFound, Verdict } from '../../domain/verdict.ts';
import { endBatch, retryBatch, type Batch, type EndedState } from '../../store/files/batches.ts';
import type { Sql } from '../../store/database.ts';
import type { AttemptDelivery } from '../../store/deliveries/deliveries.ts';
import { entryAbout } from '../../store/log/handovers.ts';
import { isAcknowledged } from '../../store/files/file-acknowledgements.ts';
import { waitingIn } from '../../store/files/file-parts.ts';
import { addSlot } from '../../store/files/file-slots.ts';
import type { Handover } from '../../store/log/handovers.ts';
import type { HeldWhole } from '../../store/files/long-files.ts';
import type { Attempted, BatchEnd, ClaimedDelivery, TripEnd } from '../trip/attempt.ts';
import type { Effects } from './effects.ts';

/** A file whose outcome a person decides: out of reach until they bring it forward, or its rows expire. */
export const heldFileMs = 365 * 86_400_000;

/**
 * Tries spent by rows of one file: the file is given up when its youngest row is, or a part of it would be sent again under another
 * number.
 */
export const spentOf = (rows: readonly Pick<AttemptDelivery, 'spent'>[]): number =>
  Math.min(...rows.map((row) => row.spent));

/** How long the recipient has not known what travels together; as long as the youngest of it. */
export const notFoundFor = (rows: readonly ClaimedDelivery[], settlingMs: number): NotFound => {
  const times = rows.map((row) =>
    row.notFoundSince === undefined ? undefined : row.now.getTime() - row.notFoundSince.getTime(),
  );
  const known = times.filter((time) => time !== undefined);
  return { forMs: known.length < times.length ? undefined : Math.min(...known), settlingMs };
};

type EndedBatch = Pick<Batch, 'id' | 'clientId' | 'destinationId' | 'role'> & {
  readonly sequence: number | undefined;
};

/** How a file ends that does not leave: one whose number was given is voided, and the log explains the gap. */
function batchEnding({ id, clientId, destinationId, sequence, role }: EndedBatch): BatchEnd {
  const state = sequence === undefined ? 'empty' : 'voided';
  return { id, clientId, destinationId, state, isPart: role === 'part' };
}

/** The same for a trip that may have no file. */
export const endOf = (batch: EndedBatch | undefined): Pick<TripEnd, 'endBatch'> =>
  batch === undefined ? {} : { endBatch: batchEnding(batch) };

/** The file is given up, and its rows go in another one. */
export const voidingOf = (batch: EndedBatch | undefined): Pick<TripEnd, 'endBatch'> =>
  batch === undefined ? {} : { endBatch: { ...batchEnding(batch), state: 'voided' } };

/** The same for what an attempt at a long file holds. */
export const endUnder = (
  { id, attempt }: HeldWhole,
  { endBatch }: Pick<TripEnd, 'endBatch'>,
): Pick<TripEnd, 'endBatch'> =>
  endBatch === undefined ? {} : { endBatch: { ...endBatch, ofWhole: { id, attempt } } };

/** The outcome of a row that departed with a file that never began to leave. */
export const neverLeftEntry = (row: AttemptDelivery, actor = 'worker'): Handover =>
  entryAbout(row, 'outcome', actor, {
    outcome: 'unavailable',
    reason: 'FILE_NOT_FINISHED',
    nextStep: 'retry',
  });

/** Its content was shown, and it is still to be taken. */
export const readOnlyEntry = (row: ClaimedDelivery, actor: string): Handover =>
  entryAbout(row, 'outcome', actor, { outcome: 'unconfirmed', reason: 'READ_ONLY', nextStep: 'retry' });

/** Rows of a file that ends, as far as their leases are valid. */
interface LeavingRows {
  /** Released without a spent try. */
  readonly back: readonly ClaimedDelivery[];
  /** Those that may not leave. */
  readonly stopped: readonly ClaimedDelivery[];
}

export async function endFile(
  tx: Sql,
  { id, state, clientId, destinationId, isPart }: BatchEnd,
  held: LeavingRows,
): Promise<Effects> {
  const waiting = state === 'voided' ? await waitingIn(tx, id) : [];
  await endBatch(tx, id, state);
  if (state !== 'voided') return {};
  // The entry goes to each lead that was in the file and may leave again. A stopped row may only be withheld, and was in it if it
  // departed.
  const stood = held.stopped.filter(({ departures }) => departures > 0);
  const ofRows = [...held.back, ...stood, ...waiting].map((row) => entryAbout(row, 'batch_voided', 'worker'));
  if (isPart === true) return { handovers: ofRows };
  // Its rows leave in a new file at once, not at the next scheduled hour.
  await addSlot(tx, destinationId, 'now', 'voided');
  return { handovers: [...ofRows, voidedEntry({ id, clientId, destinationId })] };
}

/** @param reason why it was given up; none: its rows leave in another file */
export const voidedEntry = (
  { id: batchId, clientId, destinationId }: Pick<EndedBatch, 'id' | 'clientId' | 'destinationId'>,
  reason = '',
): Handover => ({ entry: 'batch_voided', clientId, destinationId, batchId, actor: 'worker', reason });

export async function settleFile(
  tx: Sql,
  batchId: number,
  attempted: Attempted,
  decisions: ReadonlyMap<number, Decision>,
): Promise<Effects> {
  const [first] = attempted.rows;
  if (decisions.size === 0 || first === undefined) return {};
  const verdicts = [...decisions.values()].map((decision) => decision.verdict);
  const open = verdicts.filter((verdict) => verdict.next !== 'done' && verdict.next !== 'fail');
  // The file ends when each of its rows does; until then it is looked at when the first of them is due.
  if (open.length > 0) {
    await retryBatch(
      tx,
      batchId,
      Math.min(...open.map((verdict) => ('afterMs' in verdict ? verdict.afterMs : heldFileMs))),
    );
    return {};
  }
  const state = await endOfFile(tx, batchId, attempted, verdicts);
  await endBatch(tx, batchId, state);
  // A part ends with its long file, which has an entry of its own.
  if (state !== 'voided' || attempted.spent !== undefined) return {};
  const reason = verdicts.flatMap((verdict) => (verdict.next === 'fail' ? [verdict.reason] : []))[0];
  return { handovers: [voidedEntry({ ...first, id: batchId }, reason)] };
}

async function endOfFile(
  tx: Sql,
  batchId: number,
  { asked, outcome }: Attempted,
  verdicts: readonly Verdict[],
): Promise<EndedState> {
  // The recipient may have acknowledged other leads of the file: then it has arrived.
  if (verdicts.some((verdict) => verdict.next === 'done') || (await isAcknowledged(tx, batchId)))
    return 'sent';
  return asked && (outcome.kind === 'refused' || outcome.kind === 'invalid') ? 'refused' : 'voided';
}
