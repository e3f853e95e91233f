// Reads the data of a person outside the leads: refused rows, wordings, recipients' references, stored revisions.
// Invariant: reads only; each query names the client and the confirmed leads or rows, and returns nothing else.
import { type Sql, type SqlValue, allOfMany } from '../database.ts';
import type { PersonName } from '../../domain/person-name.ts';

export type RefusedRecord = Readonly<Record<string, SqlValue>>;

/** Refused rows of a client by their ids, with all their columns. */
export const refusedRecords = (
  sql: Sql,
  clientId: string,
  rows: readonly string[],
): Promise<readonly RefusedRecord[]> =>
  allOfMany<RefusedRecord>(
    sql,
    `SELECT * FROM lead_intake FORCE INDEX (PRIMARY) WHERE id IN (?) AND client_id = ? AND status = 'refused'`,
    rows,
    { also: [clientId], atOnce: 100 },
  );

export interface Wording {
  readonly version: string;
  readonly channel: string;
  readonly wording: string;
}

/** The notices given to the client's prospects, word for word. */
export const wordingsOf = (sql: Sql, clientId: string): Promise<readonly Wording[]> =>
  sql.all<Wording>('SELECT version, channel, wording FROM notices WHERE client_id = ?', [clientId]);

interface GivenReference {
  readonly leadId: number;
  readonly destinationId: string;
  readonly reference: string;
}

/** The references by which recipients know these leads. */
export async function givenReferences(
  sql: Sql,
  leadIds: readonly number[],
): Promise<readonly GivenReference[]> {
  return sql.all<GivenReference>(
    `SELECT DISTINCT lead_id AS leadId, destination_id AS destinationId, recipient_reference AS reference
       FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id IN (?) AND recipient_reference IS NOT NULL ORDER BY lead_id, destination_id`,
    [leadIds],
  );
}

/** Revisions of these leads that are stored while a content may be sent again. */
export async function keptRevisions(
  sql: Sql,
  leadIds: readonly number[],
): Promise<readonly { readonly leadId: number; readonly revision: number }[]> {
  return sql.all(
    'SELECT DISTINCT lead_id AS leadId, revision FROM lead_revisions WHERE lead_id IN (?) ORDER BY lead_id, revision',
    [leadIds],
  );
}

// Reads the heads of leads (reference, channel, dates; nothing personal), and the names of their persons for comparison.
// Invariant: reads only; a name is shown only when the log has an entry of the look.

export interface LeadHead {
  readonly leadId: number;
  readonly reference: string;
  readonly channel: string;
  readonly collectedAt: Date;
  readonly erasedAt: Date | null;
}

/** Oldest first; ids that are no lead are left out. */
export async function leadHeads(sql: Sql, ids: readonly number[]): Promise<readonly LeadHead[]> {
  const heads = await allOfMany<LeadHead>(
    sql,
    `SELECT id AS leadId, reference, channel, collected_at AS collectedAt, erased_at AS erasedAt
       FROM leads FORCE INDEX (PRIMARY) WHERE id IN (?)`,
    ids,
  );
  return heads.sort((a, b) => a.leadId - b.leadId);
}

/** By lead; an erased lead has none. */
export async function namesOfLeads(
  sql: Sql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, PersonName>> {
  const rows = await allOfMany<{ id: number; lastName: string | null; firstName: string | null }>(
    sql,
    `SELECT lead_id AS id, last_name AS lastName, first_name AS firstName
       FROM prospects FORCE INDEX (PRIMARY) WHERE lead_id IN (?)`,
    ids,
  );
  return new Map(
    rows.map(({ id, lastName, firstName }) => [id, { lastName: lastName ?? '', firstName: firstName ?? '' }]),
  );
}
