// Reads the hand-over log by lead, and the callbacks that it has about a delivery.
// Invariant: reads only.
import type { Action } from '../../../connectors/contract.ts';
import { type ReadOnlySql, type Sql, hasRow, allOfMany } from '../database.ts';

/** Columns of an entry that every reader of the log needs. */
export interface LoggedTry {
  readonly id: number;
  readonly at: Date;
  readonly run: number;
  readonly attempt: number;
  readonly actor: string;
  readonly target: string;
  readonly outcome: string;
  readonly reason: string;
  readonly status: number;
}

export interface LeadEntry extends LoggedTry {
  readonly entry: string;
  readonly destinationId: string;
  readonly deliveryId: number;
  readonly leadId: number;
  readonly action: Action | '';
  readonly purpose: string;
  readonly connector: string;
  readonly recipient: string;
  /** Names of target fields, separated by blanks. */
  readonly fields: string;
  /** JSON, as it was sent. */
  readonly consents: string;
  readonly callName: string;
  readonly mappingVersionId: number;
}

const columns = `id, at, entry, destination_id AS destinationId, delivery_id AS deliveryId, lead_id AS leadId, run, attempt, action,
  actor, purpose, connector, recipient, target, COALESCE(fields, '') AS fields, COALESCE(consents, '[]') AS consents, outcome,
  reason, status, call_name AS callName, mapping_version_id AS mappingVersionId`;

/** By id, ascending. */
export async function entriesOfLeads(
  sql: ReadOnlySql,
  leadIds: readonly number[],
): Promise<readonly LeadEntry[]> {
  const found = await allOfMany<LeadEntry>(
    sql,
    `SELECT ${columns} FROM handovers FORCE INDEX (handovers_subject) WHERE lead_id IN (?)`,
    leadIds,
    { atOnce: 100 },
  );
  return found.sort((a, b) => a.id - b.id);
}

/** Entries that record a look-up of a person, or the export of their data. */
const lookUps: ReadonlySet<string> = new Set(['looked_up', 'revealed', 'person_exported']);
export const isLookUp = ({ entry }: { readonly entry: string }): boolean => lookUps.has(entry);

/** The same, and a document taken out of a request: that entry has no lead. */
export const showsPerson = (entry: { readonly entry: string; readonly reason: string }): boolean =>
  isLookUp(entry) || (entry.entry === 'request' && entry.reason.startsWith('copied:'));

/** When the first of these leads came in; undefined where there is none. */
export async function firstCameIn(sql: ReadOnlySql, leadIds: readonly number[]): Promise<Date | undefined> {
  const rows = await allOfMany<{ at: Date }>(
    sql,
    'SELECT created_at AS at FROM leads FORCE INDEX (PRIMARY) WHERE id IN (?)',
    leadIds,
  );
  return rows.map(({ at }) => at).toSorted((a, b) => a.getTime() - b.getTime())[0];
}

export interface HeardCallback {
  readonly entry: 'lookup' | 'late' | 'resolved';
  readonly mark: string;
  readonly run: number;
  readonly outcome: string;
}

/**
 * Reads the callbacks of a recipient about a delivery, of all its runs. A callback is identified by its mark, which
 * is no text of the recipient's.
 */
export async function callbacksOf(
  sql: Sql,
  { id, leadId }: { readonly id: number; readonly leadId: number },
): Promise<readonly HeardCallback[]> {
  return sql.all<HeardCallback>(
    `SELECT entry, purpose AS mark, run, outcome FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND entry IN ('lookup', 'late', 'resolved') AND purpose LIKE 'callback %'`,
    [leadId, id],
  );
}

/** True when the recipient erased the lead, or a person has closed the erasure. */
export const erasureIsOver = (
  sql: Sql,
  { leadId, destinationId }: { readonly leadId: number; readonly destinationId: string },
): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM deliveries d FORCE INDEX (deliveries_lead)
      WHERE d.lead_id = ? AND d.destination_id = ? AND d.action = 'erase'
        AND (d.state IN ('delivered', 'cancelled') OR (d.state = 'failed' AND EXISTS
            (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run))) LIMIT 1`,
    [leadId, destinationId],
  );
