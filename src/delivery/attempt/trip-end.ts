// How a trip ends: an attempt with its outcome, deliveries that could not leave, deliveries given back, the end of a file.
// Invariant: types and the one rule of how a file ends; recorded by record-outcome.ts.
import type { Decision } from '../../domain/verdict.ts';
import type { Batch } from '../../store/batches.ts';
import { entryNames } from '../../store/entry-names.ts';
import type { Handover } from '../../store/handovers.ts';
import type { HeldWhole } from '../../store/long-files.ts';
import type { Attempted } from './attempt.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { Stopped } from './render.ts';

/** A file whose outcome a person decides: out of reach until they bring it forward, or its rows expire. */
export const heldFileMs = 365 * 86_400_000;

export interface TripEnd {
  readonly attempted?: Attempted;
  /** Deliveries that could not leave at all. */
  readonly stopped?: readonly Stopped[];
  /** Deliveries given back unspent: their file was voided and is built again. */
  readonly released?: readonly ClaimedDelivery[];
  /** Of the released, those that departed with a file that never began to leave: each departure has its outcome (guarantee 3). */
  readonly neverLeft?: readonly ClaimedDelivery[];
  /** Deliveries whose content its recipient has read without taking it: departed, and owed all the same. */
  readonly looked?: readonly { readonly row: ClaimedDelivery; readonly actor: string }[];
  /** Rows given back because their file was too big: another file follows at once. */
  readonly anotherFile?: { readonly destinationId: string };
  readonly endBatch?: BatchEnd;
}

export interface BatchEnd {
  readonly id: number;
  readonly state: 'voided' | 'empty';
  readonly clientId: string;
  readonly destinationId: string;
  /** A part of a long file: what follows for its rows, the whole says. */
  readonly isPart?: boolean;
  /** A long file, or a part of one: nothing ends, and nothing is given back, once its lease is lost. */
  readonly ofWhole?: HeldWhole;
}

/** What was decided of each delivery, once it is committed. */
export interface Recorded {
  readonly decisions: ReadonlyMap<number, Decision>;
  /** Deliveries whose lease was lost: their outcome is in the log, and changes nothing. */
  readonly late: readonly number[];
  readonly circuit: 'none' | 'opened' | 'closed';
}

export type EndedBatch = Pick<Batch, 'id' | 'clientId' | 'destinationId' | 'role'> & {
  readonly sequence: number | undefined;
};

/** How a file ends that does not leave: one whose number was given is voided, and the log explains the gap. */
export function batchEnding({ id, clientId, destinationId, sequence, role }: EndedBatch): BatchEnd {
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
export const nothingLeft = (row: ClaimedDelivery): Handover => ({
  entry: 'outcome',
  ...entryNames(row),
  actor: 'worker',
  outcome: 'unavailable',
  reason: 'FILE_NOT_FINISHED',
  nextStep: 'retry',
});

/** Its content was shown, and it is still to be taken. */
export const onlyRead = (row: ClaimedDelivery, actor: string): Handover => ({
  entry: 'outcome',
  ...entryNames(row),
  actor,
  outcome: 'unconfirmed',
  reason: 'READ_ONLY',
  nextStep: 'retry',
});
