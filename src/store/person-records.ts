// Reads the data of a person outside the leads: refused rows, wordings, recipients' references, stored revisions.
// Invariant: reads only; each query names the client and the confirmed leads or rows, and returns nothing else.
import { inList, insertGroups, type Sql, type SqlValue } from './database.ts';

export type RefusedRecord = Readonly<Record<string, SqlValue>>;

/** Refused rows of a client by their ids, with all their columns. */
export async function refusedRecords(
  sql: Sql,
  clientId: string,
  rows: readonly string[],
): Promise<readonly RefusedRecord[]> {
  const found: RefusedRecord[] = [];
  for (const part of insertGroups(rows, 100)) {
    const { marks, values } = inList(part);
    found.push(
      ...(await sql.all<RefusedRecord>(
        `SELECT * FROM lead_intake FORCE INDEX (PRIMARY) WHERE id IN (${marks}) AND client_id = ? AND status = 'refused'`,
        [...values, clientId],
      )),
    );
  }
  return found;
}

export interface Wording {
  readonly version: string;
  readonly channel: string;
  readonly wording: string;
}

/** The notices given to the client's prospects, word for word. */
export const wordingsOf = (sql: Sql, clientId: string): Promise<readonly Wording[]> =>
  sql.all<Wording>('SELECT version, channel, wording FROM notices WHERE client_id = ?', [clientId]);

export interface GivenReference {
  readonly leadId: number;
  readonly destinationId: string;
  readonly reference: string;
}

/** The references by which recipients know these leads. */
export async function givenReferences(
  sql: Sql,
  leadIds: readonly number[],
): Promise<readonly GivenReference[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList(leadIds);
  return sql.all<GivenReference>(
    `SELECT DISTINCT lead_id AS leadId, destination_id AS destinationId, recipient_reference AS reference
       FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id IN (${marks}) AND recipient_reference IS NOT NULL ORDER BY lead_id, destination_id`,
    values,
  );
}

/** Revisions of these leads that are stored while a content may be sent again. */
export async function keptRevisions(
  sql: Sql,
  leadIds: readonly number[],
): Promise<readonly { readonly leadId: number; readonly revision: number }[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList(leadIds);
  return sql.all(
    `SELECT DISTINCT lead_id AS leadId, revision FROM lead_revisions WHERE lead_id IN (${marks}) ORDER BY lead_id, revision`,
    values,
  );
}
