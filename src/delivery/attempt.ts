// The types of one attempt: the claimed row, the content, the departure, the outcome and how it ends.
// Invariant: types only. Every room of the attempt imports this file; it imports none of them.
import type { Action, Answer, Body, Captured, Composed, Outcome, Parcel } from '../../connectors/contract.ts';
import type { Circuit } from '../domain/breaker.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import type { Authorisation, DestinationLimits } from '../domain/destination.ts';
import type { Lead } from '../domain/lead.ts';
import type { Decision, RetryPolicy } from '../domain/verdict.ts';
import type { Asked, CallPlan, CompiledMapping, WriteSituation, WrittenRecord } from '../mapping/contract.ts';
import type { Batch } from '../store/batches.ts';
import type { CallRow } from '../store/calls.ts';
import type { LockedDelivery } from '../store/delivery-claims.ts';
import type { Destination } from '../store/destinations.ts';
import type { HeldWhole } from '../store/long-files.ts';

export interface ClaimJob {
  readonly deliveryId: number;
  readonly run: number;
  readonly attempt: number;
}

export interface ClaimedDelivery extends LockedDelivery {
  /** Reference the recipient gave to this lead, from this delivery or an earlier one of the same pair. */
  readonly knownReference: string | undefined;
  /** False when the recipient refused the lead or never got it: an update would speak of nothing. */
  readonly createStands: boolean;
  /** Its create may have been received, and nobody knows: it ended without a yes. */
  readonly createUnsettled: boolean;
}

export interface Access {
  /** Keyed digest of address and secrets. */
  readonly digest: Buffer;
  /** This process has sent nothing to it yet. */
  readonly isFirst: boolean;
}

export interface ClaimLoad {
  readonly jobs: readonly ClaimJob[];
  readonly leaseMs: number;
  readonly limits: DestinationLimits;
  readonly batchId?: number;
  /** A further part of a file that is on its way. */
  readonly continues?: boolean;
  readonly access?: Access;
  /** Written ahead: the only job's delivery, which departs with the claim where it still may. */
  readonly written?: Departure;
  /** Called when the claim begins. */
  readonly begun?: () => void;
}

export interface Claim {
  readonly claimed: readonly ClaimedDelivery[];
  /** Of these, what was written ahead has departed too. */
  readonly departed: ReadonlySet<number>;
  readonly destination: Destination | undefined;
  readonly circuit: Circuit | undefined;
  /** The database's clock, epoch ms. */
  readonly now: number;
  /** Jobs that named no delivery of this destination: another destination's, or nobody's. They were dropped. */
  readonly foreign: readonly ClaimJob[];
  /** When the first of what its destination keeps back may be asked for again; 0: nothing is. */
  readonly againAfterMs: number;
}

/** A batch whose number may still be given; a part takes that of its whole. */
export type FileBatch = Omit<Batch, 'sequence'> & {
  sequence: number | undefined;
  readonly whole?: LongFile;
};

/** What a part needs to know of its whole. */
export interface LongFile {
  readonly id: number;
  readonly destinationId: string;
  sequence: number | undefined;
  /** Once it may have been received, a part is sent again as it was, or the whole is voided. */
  readonly firstSentAt: Date | undefined;
  /** When the last of its rows expires, and with it all of them. */
  expiresAt?: Date | undefined;
}

/** A call and its route: content of its own version, address of the one in force where that still has the call. */
export interface RoutedCall extends CallPlan {
  readonly classify: (answer: Answer, stage: Action | 'lookup') => Promise<Outcome>;
  readonly question: (asked: Asked) => Body | undefined;
}

export interface CallProgress {
  /** In order; each followed by its undo. */
  readonly calls: readonly RoutedCall[];
  readonly done: ReadonlySet<string>;
  /** Done, and made anew: what they read is written by a call that is sent again. */
  readonly outdated: ReadonlySet<string>;
  readonly captured: Captured;
  /** The call whose last departure the recipient may have received. */
  readonly open: CallRow | undefined;
  /** Oldest revision of which the recipient may hold a part; 0 when it holds none. */
  readonly oldestRevision: number;
  /** A call was refused for good: what is left is to take back. */
  readonly undoing: Undoing | undefined;
  /** Whether something would be taken back, were the next call refused for good. */
  readonly undoes: boolean;
  /** Whether an id that is not known belongs to something that was never made. */
  readonly neverMade: (id: string) => boolean;
}

/** Of what a call is remembered and decided by, when it settles. */
export interface CalledAttempt {
  readonly name: string;
  /** This call may have arrived before. */
  readonly maybeReceived: boolean;
  /** Another call of the delivery has arrived. */
  readonly earlier: boolean;
  readonly more: (captures: Captured) => boolean;
  /** Made for a call that failed: the tries of that one go on where they were. */
  readonly isReread: boolean;
  /** What earlier calls made is taken back where this one is refused for good. */
  readonly undoes: boolean;
  /** Oldest revision the recipient may hold a part of once this one has left. */
  readonly oldestRevision: number;
}

/** A delivery between a refusal and its end. */
export interface Undoing {
  readonly outcome: 'refused' | 'invalid';
  /** The recipient's code. */
  readonly code: string;
  /** Names of the calls that are left to be taken back, in order. */
  readonly left: readonly string[];
}

export interface Ready {
  readonly row: ClaimedDelivery;
  readonly lead: Lead;
  readonly record: WrittenRecord;
  /** Revision of the lead as read under no lock; departure requires it unchanged. */
  readonly readRevision: number;
  /** Revision of the content written: `readRevision`, or the earlier one the recipient may hold. */
  readonly contentRevision: number;
  readonly authorisation: Authorisation;
  /** The authorisation has ended: a right is exercised under the one of that time. */
  readonly former?: true;
  /** The same content, naming another record; undefined where it cannot be written. */
  readonly writeFor: (record: RecordNamed) => WrittenRecord | undefined;
  /** The call that leaves, where the delivery needs several. */
  readonly call?: RoutedCall & { readonly attempt: CalledAttempt };
}

/** How a content names the record it is about. */
export type RecordNamed = Pick<WriteSituation, 'recipientReference' | 'captured'>;

export interface Stopped {
  readonly row: ClaimedDelivery;
  /** `delivered`: what was left of its calls is not needed any more. */
  readonly state: Extract<DeliveryState, 'withheld' | 'failed' | 'cancelled' | 'delivered'>;
  readonly reason: string;
  /** Field names concerned, for the log. */
  readonly fields: readonly string[];
  /** It ends with a refusal of before, after what could be taken back was; `leaves`: the recipient holds something all the same. */
  readonly refusal?: { readonly outcome: 'refused' | 'invalid'; readonly leaves: boolean };
  /** Revision of the lead that was judged, under no lock; where it has changed since, the row is judged again. */
  readonly readRevision?: number;
  /** The version in force by which it was judged, under no lock either. */
  readonly inForceId?: number;
}

export type Stop = (state: Stopped['state'], reason: string, fields?: readonly string[]) => Stopped;

/** Why a lead cannot be written. */
export type Unwritable = Extract<ReturnType<CompiledMapping['apply']>, { readonly ok: false }>;

export interface Departure {
  readonly ready: readonly Ready[];
  readonly parcel: Parcel;
  readonly composed: Composed;
  readonly connector: string;
  /** Who made it leave; a worker when absent. */
  readonly actor?: string | undefined;
  readonly mappingVersionId: number;
  /** Digest of that version, for the entry. */
  readonly mappingDigest: string | undefined;
  /** Per-lead secrets, for the digests. */
  readonly secrets: ReadonlyMap<number, Buffer>;
  /** A file written for the first time: its bytes are kept in the same transaction. */
  readonly keep?: {
    readonly batchId: number;
    readonly fileName: string;
    /** Of a part: when the last row of its whole expires. */
    readonly expiresAt?: Date | undefined;
  };
}

/** What was written before the claim of its row, and is to depart with it. */
export interface WrittenAhead {
  readonly claimed: readonly ClaimedDelivery[];
  /** By delivery. */
  readonly written: ReadonlyMap<number, Departure>;
  /** The version in force, as the claim read it. */
  readonly mappingVersionId: number;
  readonly lease: { readonly leaseMs: number; readonly owner: string };
}

/** `changed`: read and write again. `lost`: the lease is someone else's now. */
export type DepartureAnswer = 'departed' | 'changed' | 'lost';

/** An attempt that left, or asked the recipient, and what came back. */
export interface Attempted {
  readonly rows: readonly ClaimedDelivery[];
  readonly outcome: Outcome;
  readonly policy: RetryPolicy;
  readonly hasLookup: boolean;
  /** When it departed, by `performance.now()`: durations only, whatever the host's clock does. */
  readonly startedAt: number;
  /** True when only a question was put; the next try asks again. */
  readonly asked: boolean;
  /** How long "not found" must last before it counts, ms; for questions. */
  readonly settlingMs?: number;
  readonly connector: string;
  /** As the log names who says so; a worker when absent. */
  readonly actor?: string;
  /** Told by somebody who may tell it twice: where its lease is lost, or an answer came just before, nothing is written. */
  readonly isOnce?: true;
  readonly mappingVersionId: number;
  readonly batchId?: number;
  /** Tries spent by all that travels together, where `rows` are a part of it. */
  readonly spent?: number;
  /** A further part of a file whose first part has moved the circuit. */
  readonly besideCircuit?: boolean;
  /** What is delivered is read back so long afterwards, ms; absent where it is not. */
  readonly readBackMs?: number | undefined;
  /** Which call it was, where the delivery needs several. */
  readonly call?: CalledAttempt | undefined;
}

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
