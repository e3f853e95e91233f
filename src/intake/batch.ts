// Types shared by the steps of one intake transaction: a row in process, and the ledger of results.
// Invariant: every taken row ends in the ledger once: accepted, refused, duplicate, or left waiting.
import type { Lead } from '../domain/lead.ts';
import type { Sql } from '../store/database.ts';
import type { DueJobAt } from '../store/deliveries/due-work.ts';
import type { RowId } from '../store/intake/intake-take.ts';
import type { NewLeadChange } from '../store/leads/lead-writes.ts';
import type { ClearClients, ClientLists } from '../store/leads/client-lists.ts';
import type { LockedClient } from '../store/client-locks.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import type { ColumnRefusal } from './refusals.ts';
import type { CheckedRow } from './contract.ts';

/** Clients that the transaction has locked. */
export type Clients = ReadonlyMap<string, Pick<LockedClient, 'revision'>>;

/** A lead that a batch created, and that no other row of the batch is about. */
export interface FreshLead {
  readonly change: NewLeadChange;
  /** As its tables hold it. */
  readonly lead: Lead;
  readonly secret: Buffer | undefined;
}

export interface PlannedNow {
  readonly destinationId: string;
  /** It is queued already, and has to be pushed after the commit. Undefined: it waits for its dispatch. */
  readonly job: DueJobAt | undefined;
}

/**
 * Plans new leads in the transaction that creates them. Returns those it planned, and their deliveries; the others, which need more
 * than a delivery to each destination, are planned from `lead_changes`.
 */
export type PlanFresh = (
  tx: Sql,
  leads: readonly FreshLead[],
  lists: Pick<ClientLists, 'destinations' | 'at'>,
) => Promise<{ readonly leadIds: ReadonlySet<number>; readonly deliveries: readonly PlannedNow[] }>;

/** Counts non-conforming leads among the accepted; `clients`: the locked ones, with the revision of their facts. */
export interface AnomalyCounter {
  readonly count: (tx: Sql, accepted: readonly AcceptedRow[], clients: Clients) => Promise<void>;
}

export interface ProcessDeps {
  readonly secrets: Pick<LeadSecrets, 'create'>;
  readonly digestKey: Buffer;
  /** Key of the digests of addresses on the opposition list. */
  readonly oppositionKey: Buffer;
  /** Keeps the current revision of these leads where a recipient may have it; called before they change. */
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  readonly anomalies: AnomalyCounter;
  /** Absent: every lead is planned later, from `lead_changes`. */
  readonly planFresh?: PlanFresh;
  /** Clients of lone leads, as this process found them; absent: they are locked and read each time. */
  readonly clear?: ClearClients;
}

/** The same with the lists of the clients that the transaction has locked. */
export interface LockedDeps extends ProcessDeps {
  readonly lists: ClientLists;
}

export interface ProcessedRows {
  readonly accepted: number;
  readonly refused: number;
  readonly duplicates: number;
  /** Rows left 'new' because another process works on an earlier row about the same lead. */
  readonly waiting: number;
  readonly changes: readonly NewLeadChange[];
  /** Deliveries of new leads that are planned already. */
  readonly planned: readonly PlannedNow[];
  /** Changes that a planner has yet to plan. */
  readonly unplanned: number;
}

/** A row that passed the contract, on its way. */
export interface Candidate {
  readonly id: RowId;
  readonly receivedAt: Date;
  readonly row: CheckedRow;
  readonly digest: Buffer;
  /** The officer has released it. */
  readonly isReleased?: true;
}

/** Results of the rows of a transaction; every step adds to it. */
export interface RowLedger {
  readonly refuse: (candidate: Pick<Candidate, 'id'>, refusals: readonly ColumnRefusal[]) => void;
  /** False for a known row: counted as a duplicate, or refused for its different content. */
  readonly isFirst: (candidate: Candidate) => boolean;
  readonly accept: (candidate: Candidate, leadId: number, change: NewLeadChange, secret?: Buffer) => void;
}

export interface AcceptedRow {
  readonly candidate: Candidate;
  readonly leadId: number;
  /** Revision of the lead, with this row. */
  readonly revision: number;
  /** Secret of the lead, where this row makes it. */
  readonly secret: Buffer | undefined;
}
