// What the stations of one intake transaction share: a row on its way, and the ledger of what becomes of it.
// Invariant: every taken row ends in the ledger once: accepted, refused, duplicate, or left waiting.
import type { Sql } from '../store/database.ts';
import type { RowId } from '../store/intake-take.ts';
import type { NewLeadChange } from '../store/lead-writes.ts';
import type { LockedClient } from '../store/same-person.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import type { ColumnRefusal } from './refusals.ts';
import type { CheckedRow } from './row.ts';

/** Clients that the transaction holds. */
export type Clients = ReadonlyMap<string, Pick<LockedClient, 'revision'>>;

/** Counts what does not conform in the leads that were accepted; `clients`: the locked ones, with the revision of their facts. */
export interface AnomalyCounter {
  readonly count: (tx: Sql, accepted: readonly AcceptedRow[], clients: Clients) => Promise<void>;
}

export interface ProcessDeps {
  readonly secrets: Pick<LeadSecrets, 'create'>;
  readonly digestKey: Buffer;
  /** Of the addresses on the opposition list. */
  readonly oppositionKey: Buffer;
  /** Keeps the current revision of these leads where a recipient may hold it; called before they change. */
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  /** What does not conform is counted. */
  readonly anomalies: AnomalyCounter;
}

export interface ProcessedRows {
  readonly accepted: number;
  readonly refused: number;
  readonly duplicates: number;
  /** Rows left 'new' because an earlier row about the same lead is in other hands. */
  readonly waiting: number;
  readonly changes: readonly NewLeadChange[];
}

/** A row that passed the contract, on its way. */
export interface Candidate {
  readonly id: RowId;
  readonly receivedAt: Date;
  readonly row: CheckedRow;
  readonly digest: Buffer;
  /** The officer has let it in. */
  readonly isReleased?: true;
}

/** What becomes of the rows of a transaction; every station adds to it. */
export interface RowLedger {
  readonly refuse: (candidate: Pick<Candidate, 'id'>, refusals: readonly ColumnRefusal[]) => void;
  /** False when the row is known already: counted as a duplicate, or refused for its other content. */
  readonly isFirst: (candidate: Candidate) => boolean;
  readonly accept: (candidate: Candidate, leadId: number, change: NewLeadChange) => void;
}

export interface AcceptedRow {
  readonly candidate: Candidate;
  readonly leadId: number;
  /** Of the lead, with this row. */
  readonly revision: number;
}
