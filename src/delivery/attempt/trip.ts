// What one parcel's trip carries from step to step, and what its steps need of the process.
// Invariant: a trip is read-only; what a step finds out goes on in a new one. Only a file's number, once reserved, stays with its batch.
import type { Connector, SendContext } from '../../../connectors/contract.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Log } from '../../log.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Database } from '../../store/database.ts';
import type { FileBatch } from '../files/file-parcel.ts';
import type { InForce, Published } from '../mapping-cache.ts';
import type { CallProgress } from './call-progress.ts';
import type { MappingDigests } from './cites.ts';
import type { Access } from './careful-start.ts';
import type { Claim, ClaimedDelivery, ClaimJob } from './claim.ts';
import type { CredentialsOf } from './credentials.ts';
import type { ClaimLoad } from './claim-together.ts';
import type { Departure } from './departure-entries.ts';
import type { DepartureAnswer } from './departure.ts';
import type { Inputs, Reader } from './load-inputs.ts';
import type { SharedContext } from './parcel.ts';
import type { Stopped } from './render.ts';
import type { Recorded, TripEnd } from './trip-end.ts';

/** Numbered steps of the trip; a fault harness stops the process at one. */
export type TripStep = 'claimed' | 'written' | 'departed' | 'sent' | 'settled';

export const leaseMarginMs = 5_000;

export interface DelivererOptions {
  readonly database: Database;
  readonly published: Published;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly masterKeys: KeyRing;
  readonly reader: Reader;
  readonly secrets: (name: string) => readonly string[];
  /** The same of one destination, where its recipient may have changed some; `secrets` when absent. */
  readonly secretsFor?: (destinationId: string) => (name: string) => readonly string[];
  readonly credentials: CredentialsOf;
  readonly network: SendContext['network'];
  /** Shortest lease, ms; a mapping with longer timeouts gets a longer one. */
  readonly leaseMs: number;
  /** Shortest time "not found" must last before it counts, ms; a mapping with longer timeouts waits longer. */
  readonly settlingMs: number;
  /** Names this process in a lease. */
  readonly owner: string;
  readonly log: Log;
  /** Ends sends in flight when the process must stop. */
  readonly signal: AbortSignal;
  readonly random?: () => number;
  /** Runs a long file with a heap that stays small; as it is when absent. */
  readonly leanly?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called at numbered steps; a fault harness kills the process here. */
  readonly step?: (name: TripStep, destinationId: string) => void | Promise<void>;
}

export interface WantedAhead {
  readonly job: ClaimJob;
  /** Of which the sources are read. */
  readonly mapping: CompiledMapping;
}

/** A row as it stood under no lock, and what its content is written from. */
export interface ReadAhead {
  readonly row: ClaimedDelivery;
  readonly inputs: Inputs;
}

/** Bound once for a process (needs.ts); the steps take it as their first parameter. */
export interface TripNeeds extends Omit<DelivererOptions, 'step' | 'random'> {
  /** As the log names who makes it leave; a worker when absent. */
  readonly actor?: string;
  readonly step: (name: TripStep, destinationId: string) => void | Promise<void>;
  readonly inForce: (destinationId: string) => Promise<InForce | undefined>;
  readonly accessTo: (destinationId: string, mapping: CompiledMapping) => Access;
  readonly mappingDigests: MappingDigests;
  // Deliveries that do the same at the same time share its statements.
  readonly readAhead: (wanted: WantedAhead) => Promise<ReadAhead | undefined>;
  /**
   * A place among the deliveries of a destination that are written and wait for their claim, and how to leave it: so many as are soon
   * claimed, so that the others wait as the job they are.
   */
  readonly placeAhead: (destinationId: string) => Promise<() => void>;
  readonly claim: (destinationId: string, load: ClaimLoad) => Promise<Claim>;
  readonly depart: (departure: Departure) => Promise<DepartureAnswer>;
  readonly record: (end: TripEnd) => Promise<Recorded>;
}

/** What a job asks for. */
export interface Order {
  readonly destinationId: string;
  readonly jobs: readonly ClaimJob[];
  readonly batch: FileBatch | undefined;
  /** `batch` is a further part of a file that is on its way. */
  readonly continues?: boolean;
  /** Its recipient has come for it. */
  readonly isFetched?: true;
  /** Of a moment ago; the claim reads which version is in force. */
  readonly inForce: InForce | undefined;
  readonly leaseMs: number;
}

/** The versions that were chosen, and the way a delivery goes by them. */
export interface Trip {
  /** The version in force: endpoint, contract, timeouts, retries, reading of the answer. */
  readonly mapping: CompiledMapping;
  /** The version that writes the content. */
  readonly content: CompiledMapping;
  /** Of `content`. */
  readonly versionId: number;
  /** Of `mapping`. */
  readonly inForceId: number;
  readonly connector: Connector;
  readonly settings: unknown;
  readonly context: SharedContext;
  /** What it is asked with, where it can be. */
  readonly question: CompiledMapping['question'];
  /** Whether the recipient can be asked what became of it. */
  readonly canAsk: boolean;
  readonly batch: FileBatch | undefined;
  readonly leaseMs: number;
  /** When the lease was asked for, by `performance.now()`: it is never older than that. */
  readonly claimedAt: number;
  /** Where a delivery of several calls stands. */
  readonly progress: CallProgress | undefined;
  /** Targets that took it in an earlier attempt. */
  readonly reached: readonly string[];
}

/** A delivery written ahead of its claim; it departs with the claim where all that it was written from still stands then. */
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
  /** What was written ahead has departed with the claim. */
  readonly departed: Departed | undefined;
}

/** What has departed: the next step sends it. */
export interface Departed {
  readonly trip: Trip;
  readonly departure: Departure;
  /** Deliveries that could not leave with it, to be recorded with its outcome. */
  readonly stopped: readonly Stopped[];
}
