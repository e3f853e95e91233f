// The types of one attempt: the claimed row, the content, the departure, the outcome and how it ends.
// Invariant: types only. Every room of the attempt imports this file; it imports none of them.
import type {
  Action,
  Answer,
  Body,
  Captured,
  Composed,
  Outcome,
  Parcel,
} from '../../../connectors/contract.ts';
import type { Circuit } from '../../domain/breaker.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import type { Authorisation, DestinationLimits } from '../../domain/destination.ts';
import type { Lead } from '../../domain/lead.ts';
import type { Decision, RetryPolicy } from '../../domain/verdict.ts';
import type {
  Asked,
  CallPlan,
  CompiledMapping,
  WriteSituation,
  WrittenRecord,
} from '../../mapping/contract.ts';
import type { Sql } from '../../store/database.ts';
import type { Batch } from '../../store/files/batches.ts';
import type { CallRow } from '../../store/deliveries/calls.ts';
import type { ClaimLocks, DepartureLocks, LockedDelivery } from '../../store/departure-locks.ts';
import type { HeldWhole } from '../../store/files/long-files.ts';
import type { NewLease } from '../../store/deliveries/leases.ts';

export interface ClaimJob {
  readonly deliveryId: number;
  readonly run: number;
  readonly attempt: number;
}

export interface ClaimedDelivery extends LockedDelivery {
  /** Reference the recipient gave to this lead, from this delivery or an earlier one of the same pair. */
  readonly knownReference: string | undefined;
  /** False when the recipient refused the lead or never got it: it could not apply an update. */
  readonly hasCreate: boolean;
  /** Its create ended without an acceptance, and the recipient may hold it. */
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
  /** As last seen; those of the version in force go before. */
  readonly limits: DestinationLimits;
  /** The jobs are the rows of this file: all or none, and they count as one in flight. */
  readonly batchId?: number;
  /** That file may have left: its rows leave again together, also where an older delivery of a lead was opened again since. */
  readonly isLeavingAgain?: boolean;
  /** A further part of a file that is on its way: it is in flight, and counted, already. */
  readonly continues?: boolean;
  /** The address and secrets by which the destination is reached. */
  readonly access?: Access;
  /** Written ahead: the only job's delivery, which departs with the claim where it still may. */
  readonly written?: Departure;
  /** Called when the claim begins. */
  readonly begun?: () => void;
}

export interface Claim {
  readonly claimed: readonly ClaimedDelivery[];
  /** Those of the claimed deliveries that were rendered ahead and have departed with the claim. */
  readonly departed: ReadonlySet<number>;
  readonly destination: ClaimLocks['destination'];
  readonly circuit: Circuit | undefined;
  /** The database's clock, epoch ms. */
  readonly now: number;
  /** Jobs that named a delivery of another destination, or none. They were dropped. */
  readonly foreign: readonly ClaimJob[];
  /** Time until the first delivery that the destination holds back may be claimed, ms; 0: it holds none back. */
  readonly againAfterMs: number;
}

/** A batch whose number may still be given; a part takes that of its whole. */
export type FileBatch = Omit<Batch, 'sequence'> & {
  sequence: number | undefined;
  readonly whole?: LongFile;
};

/** The whole file, as its parts see it. */
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
  /** Done, and sent again: a later call that is sent again writes what they read. */
  readonly outdated: ReadonlySet<string>;
  readonly captured: Captured;
  /** The call whose last departure the recipient may have received. */
  readonly open: CallRow | undefined;
  /** Oldest revision of which the recipient may hold a part; 0 when it holds none. */
  readonly oldestRevision: number;
  /** A call was refused for good: the calls before it are undone. */
  readonly undoing: Undoing | undefined;
  /** True if a definite refusal of the next call would undo an earlier one. */
  readonly undoes: boolean;
  /** True if the id is unknown because the recipient never created the record. */
  readonly neverMade: (id: string) => boolean;
}

/** The facts about a call by which its outcome is decided and recorded. */
export interface CalledAttempt {
  readonly name: string;
  /** This call may have arrived before. */
  readonly maybeReceived: boolean;
  /** Another call of the delivery has arrived. */
  readonly earlier: boolean;
  readonly more: (captures: Captured) => boolean;
  /** Sent again for a later call that failed: the tries of that call continue. */
  readonly isReread: boolean;
  /** A definite refusal of this call undoes the earlier calls. */
  readonly undoes: boolean;
  /** Oldest revision of which the recipient may hold a part once this call has left. */
  readonly oldestRevision: number;
}

/** A delivery whose call was refused, until its earlier calls are undone. */
export interface Undoing {
  readonly outcome: 'refused' | 'invalid';
  /** The recipient's code. */
  readonly code: string;
  /** Names of the calls still to be undone, in order. */
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
  /** The authorisation has ended; a right of the prospect is sent under it all the same. */
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
  /** `delivered`: its remaining calls are no longer needed. */
  readonly state: Extract<DeliveryState, 'withheld' | 'failed' | 'cancelled' | 'delivered'>;
  readonly reason: string;
  /** Field names concerned, for the log. */
  readonly fields: readonly string[];
  /** It ends with an earlier refusal, after its calls were undone; `leaves`: the recipient still holds something. */
  readonly refusal?: { readonly outcome: 'refused' | 'invalid'; readonly leaves: boolean };
  /** Revision of the lead by which it was decided, under no lock; if the lead has changed since, it is decided again. */
  readonly readRevision?: number;
  /** The version in force by which it was decided, under no lock either. */
  readonly inForceId?: number;
}

export type Stop = (state: Stopped['state'], reason: string, fields?: readonly string[]) => Stopped;

/** The reason why a lead cannot be rendered. */
export type Unwritable = Extract<ReturnType<CompiledMapping['apply']>, { readonly ok: false }>;

export interface Departure {
  readonly ready: readonly Ready[];
  readonly parcel: Parcel;
  readonly composed: Composed;
  readonly connector: string;
  /** The actor that the log names; a worker when absent. */
  readonly actor?: string | undefined;
  readonly mappingVersionId: number;
  /** That version reads what other persons with the address refuse. */
  readonly keptByAddress: boolean;
  /** Digest of that version, for the entry. */
  readonly mappingDigest: string | undefined;
  /** Per-lead secrets, for the digests. */
  readonly secrets: ReadonlyMap<number, Buffer>;
  /** A file rendered for the first time: its bytes are kept in the same transaction. */
  readonly keep?: {
    readonly batchId: number;
    readonly fileName: string;
    /** For a part: expiry of the last row of the whole file. */
    readonly expiresAt?: Date | undefined;
  };
}

/** Deliveries rendered before their claim, which depart with it. */
export interface WrittenAhead {
  readonly claimed: readonly ClaimedDelivery[];
  /** By delivery. */
  readonly written: ReadonlyMap<number, Departure>;
  /** The version in force, as the claim read it. */
  readonly mappingVersionId: number;
  /** Their leads and the terms of their authorisations, as the claim locked them. */
  readonly locks: DepartureLocks;
  readonly lease: NewLease;
}

/** Departs what was rendered ahead of its claim, in the transaction of the claim; answers which deliveries. */
export type DepartWithClaim = (tx: Sql, ahead: WrittenAhead) => Promise<ReadonlySet<number>>;

/** `changed`: read and render again. `lost`: another worker has the lease. */
export type DepartureAnswer = 'departed' | 'changed' | 'lost';

/** An attempt that was sent, or a look-up, with its outcome. */
export interface Attempted {
  readonly rows: readonly ClaimedDelivery[];
  readonly outcome: Outcome;
  readonly policy: RetryPolicy;
  readonly hasLookup: boolean;
  /** When it departed, by `performance.now()`: durations only, whatever the host's clock does. */
  readonly startedAt: number;
  /** True for a look-up; the next try looks up again. */
  readonly asked: boolean;
  /** How long "not found" must last before it counts, ms; for questions. */
  readonly settlingMs?: number;
  readonly connector: string;
  /** The actor that the log names; a worker when absent. */
  readonly actor?: string;
  /** A recipient may report it twice: if its lease is lost, or an answer came just before, nothing is written. */
  readonly isOnce?: true;
  readonly mappingVersionId: number;
  readonly batchId?: number;
  /** Tries spent by the whole file, if `rows` are a part of it. */
  readonly spent?: number;
  /** A further part of a file whose first part has moved the circuit. */
  readonly besideCircuit?: boolean;
  /** A delivered record is read back after this, ms; absent: it is not. */
  readonly readBackMs?: number | undefined;
  /** Which call it was, where the delivery needs several. */
  readonly call?: CalledAttempt | undefined;
}

export interface TripEnd {
  readonly attempted?: Attempted;
  /** Deliveries that could not leave at all. */
  readonly stopped?: readonly Stopped[];
  /** Deliveries released without a spent try: their file was voided and is built again. */
  readonly released?: readonly ClaimedDelivery[];
  /** Released deliveries that departed with a file of which no byte left: each departure gets its outcome (guarantee 3). */
  readonly neverLeft?: readonly ClaimedDelivery[];
  /** Deliveries whose content the recipient read without accepting it: departed, and still owed. */
  readonly looked?: readonly { readonly row: ClaimedDelivery; readonly actor: string }[];
  /** Rows were released because their file was too big: another file follows at once. */
  readonly anotherFile?: { readonly destinationId: string };
  readonly endBatch?: BatchEnd;
}

export interface BatchEnd {
  readonly id: number;
  readonly state: 'voided' | 'empty';
  readonly clientId: string;
  readonly destinationId: string;
  /** A part of a long file: the end of the whole settles its rows. */
  readonly isPart?: boolean;
  /** A long file, or a part of one: nothing ends and nothing is released once its lease is lost. */
  readonly ofWhole?: HeldWhole;
}

/** Moments by `performance.now()`. */
export interface AttemptMoments {
  readonly claimedAt: number;
  readonly startedAt: number;
  readonly sentAt: number;
  readonly settledAt: number;
}

/** The committed decision about each delivery. */
export interface Recorded {
  readonly decisions: ReadonlyMap<number, Decision>;
  /** Deliveries whose lease was lost: their outcome is in the log, and changes nothing. */
  readonly late: readonly number[];
  readonly circuit: 'none' | 'opened' | 'closed';
}
