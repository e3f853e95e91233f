// The types that the steps of an attempt hand on to each other, and all that they need of the process.
// Invariant: types only. A trip is read-only: a step that learns something hands on a new one. Only the number of a file, once reserved, is
// written into its batch.
import type { Action, Connector, Credentials, Outcome, SendContext } from '../../../connectors/contract.ts';
import type { Authorisation } from '../../domain/destination.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Lead, OptionalBlock } from '../../domain/lead.ts';
import type { Log } from '../../log.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { type Database, type Sql } from '../../store/database.ts';
import type { AttemptDelivery } from '../../store/deliveries/deliveries.ts';
import type { AttemptAhead } from '../../store/departure-locks.ts';
import type { LeadRead } from '../../store/leads/leads.ts';
import type {
  Access,
  AttemptMoments,
  CallProgress,
  Claim,
  ClaimedDelivery,
  ClaimJob,
  ClaimLoad,
  Departure,
  DepartureAnswer,
  FileBatch,
  Recorded,
  Stopped,
  TripEnd,
} from './attempt.ts';
import type { InForce, Published } from './mapping-cache.ts';

/** Numbered steps of the trip; a fault harness stops the process at one. */
export type TripStep = 'claimed' | 'written' | 'departed' | 'sent' | 'settled';

/** Secrets, keys and network that the call of a connector needs. */
export interface Surroundings {
  readonly database: Pick<Sql, 'now'>;
  readonly masterKeys: KeyRing;
  readonly secrets: (name: string) => readonly string[];
  /** The same of one destination, where its recipient may have changed some; `secrets` when absent. */
  readonly secretsFor?: (destinationId: string) => (name: string) => readonly string[];
  readonly credentials: CredentialsOf;
  readonly network: SendContext['network'];
  /** Ends sends in flight when the process must stop. */
  readonly signal: AbortSignal;
}

export interface DelivererOptions extends Surroundings {
  readonly database: Database;
  readonly published: Published;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly reader: Reader;
  /** Shortest lease, ms; a mapping with longer timeouts gets a longer one. */
  readonly leaseMs: number;
  /** Shortest time "not found" must last before it counts, ms; a mapping with longer timeouts waits longer. */
  readonly settlingMs: number;
  /** Names this process in a lease. */
  readonly owner: string;
  readonly log: Log;
  readonly random?: () => number;
  /** Runs a long file with a heap that stays small; as it is when absent. */
  readonly leanly?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called at numbered steps; a fault harness kills the process here. */
  readonly step?: (name: TripStep, destinationId: string) => void | Promise<void>;
}

export interface WantedAhead {
  readonly job: ClaimJob;
  /** The mapping whose sources are read. */
  readonly mapping: CompiledMapping;
}

/** A row as it stood under no lock, and what its content is written from. */
export interface ReadAhead {
  readonly row: ClaimedDelivery;
  readonly inputs: Inputs;
}

/** Bound once for a process (needs.ts); the steps take it as their first parameter. */
export interface TripNeeds extends Omit<DelivererOptions, 'step' | 'random'> {
  /** The actor that the log names; a worker when absent. */
  readonly actor?: string;
  readonly step: (name: TripStep, destinationId: string) => void | Promise<void>;
  readonly inForce: (destinationId: string) => Promise<InForce | undefined>;
  readonly accessTo: (destinationId: string, mapping: CompiledMapping) => Access;
  readonly mappingDigests: MappingDigests;
  // Deliveries that do the same at the same time share its statements.
  readonly readAhead: (wanted: WantedAhead) => Promise<ReadAhead | undefined>;
  /**
   * Waits for a place among the deliveries of a destination that are rendered and wait for their claim, and returns how to leave it. The
   * number of places is bounded, so that the other deliveries wait as jobs.
   */
  readonly placeAhead: (destinationId: string) => Promise<() => void>;
  readonly claim: (destinationId: string, load: ClaimLoad) => Promise<Claim>;
  readonly depart: (departure: Departure) => Promise<DepartureAnswer>;
  readonly record: (end: TripEnd) => Promise<Recorded>;
  /** Traces a settled attempt; undefined where no OpenTelemetry SDK is loaded beside the program. */
  readonly trace?: (
    rows: readonly ClaimedDelivery[],
    outcome: Outcome,
    settled: Recorded,
    trip: Pick<Trip, 'connector' | 'batch'>,
    moments: AttemptMoments,
  ) => void;
}

/** The request of a job. */
export interface Order {
  readonly destinationId: string;
  readonly jobs: readonly ClaimJob[];
  readonly batch: FileBatch | undefined;
  /** `batch` is a further part of a file that is on its way. */
  readonly continues?: boolean;
  /** Its recipient has come for it. */
  readonly isFetched?: true;
  /** As last read; the claim reads which version is in force. */
  readonly inForce: InForce | undefined;
  readonly leaseMs: number;
}

/** The chosen versions, and the route by which a delivery is sent. */
export interface Trip {
  /** The version in force: endpoint, contract, timeouts, retries, reading of the answer. */
  readonly mapping: CompiledMapping;
  /** The version that renders the content. */
  readonly content: CompiledMapping;
  /** Version of `content`. */
  readonly versionId: number;
  /** Version of `mapping`. */
  readonly inForceId: number;
  readonly connector: Connector;
  readonly settings: unknown;
  readonly context: SharedContext;
  /** Renders the question of a look-up. */
  readonly question: CompiledMapping['question'];
  /** True if the recipient can be asked for the outcome. */
  readonly canAsk: boolean;
  readonly batch: FileBatch | undefined;
  readonly leaseMs: number;
  /** When the lease was asked for, by `performance.now()`: it is never older than that. */
  readonly claimedAt: number;
  /** The progress of a delivery of several calls. */
  readonly progress: CallProgress | undefined;
  /** Targets that took it in an earlier attempt. */
  readonly reached: readonly string[];
}

/** A delivery rendered before its claim; it departs with the claim if nothing that it was rendered from has changed. */
export interface TripDraft {
  readonly trip: Trip;
  readonly departure: Departure;
  /** Its place among those written ahead, to be left when its claim begins. */
  readonly leave: () => void;
}

export interface ClaimedOrder {
  readonly rows: readonly ClaimedDelivery[];
  /** The version in force, as the claim read it. */
  readonly versionId: number;
  /** By `performance.now()`. */
  readonly claimedAt: number;
  /** Set if the delivery was rendered ahead and has departed with the claim. */
  readonly departed: Departed | undefined;
}

/** A departed parcel, which the next step sends. */
export interface Departed {
  readonly trip: Trip;
  readonly departure: Departure;
  /** Deliveries that could not leave with it, to be recorded with its outcome. */
  readonly stopped: readonly Stopped[];
}

export interface Inputs {
  readonly leads: ReadonlyMap<number, LeadRead>;
  readonly revisions: ReadonlyMap<string, Lead>;
  readonly secrets: ReadonlyMap<number, Buffer>;
  /** Leads whose person gave no sign for two years (C33). */
  readonly inactive: ReadonlySet<number>;
  /** Leads whose client owes something before they leave: the clause (C49, C50). */
  readonly incomplete: ReadonlyMap<number, string>;
  readonly authorisations: ReadonlyMap<string, readonly Authorisation[]>;
}

export interface Reader {
  (rows: readonly ClaimedDelivery[], blocks: ReadonlySet<OptionalBlock>): Promise<Inputs>;
  /**
   * Deliveries of which the recipient can hold nothing, with the same by the authorisations of a moment ago: for what is compared with
   * them, under their lock, before it departs.
   * @param known deliveries that need not be read
   */
  readonly ahead: (
    deliveryIds: readonly number[],
    blocks: ReadonlySet<OptionalBlock>,
    known: readonly AttemptAhead[],
  ) => Promise<{ readonly rows: readonly AttemptDelivery[]; readonly inputs: Inputs }>;
  /**
   * Lower-case targets that live authorisations of a destination cover; for what follows a lead that was handed over before, those of
   * ended ones too: which of them a row may go to is decided row by row.
   * @param when `recent`: by the reading of a moment ago, for what departs with its claim
   */
  readonly targets: (
    destinationId: string,
    action: Action,
    when: 'recent' | 'now',
  ) => Promise<readonly string[]>;
}

/** Deliveries of one authorisation share it; whose lease it is sent under is added for each. */
export type SharedContext = Omit<SendContext, 'mayLeave'>;

export type CredentialsOf = (clientId: string) => Credentials;

export type MappingDigests = (versionId: number) => Promise<string | undefined>;
