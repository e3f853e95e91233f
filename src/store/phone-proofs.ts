// Reads the proofs of phone consent of leads that will be deleted: the client must be able to prove it without us (C16b, C30).
// Invariant: reads only; every answer about the phone, withdrawals included, in the order in which they were recorded.
import { inList, type Sql } from './database.ts';

export interface PhoneProof {
  readonly consentId: number;
  readonly leadId: number;
  readonly reference: string;
  readonly operation: string | null;
  readonly collectedAt: Date;
  readonly lastName: string | null;
  readonly firstName: string | null;
  readonly email: string | null;
  readonly mobile: string | null;
  readonly landline: string | null;
  readonly purpose: string;
  readonly state: string;
  readonly recordedAt: Date;
  readonly wordingVersion: string | null;
  readonly legalEntity: string | null;
  readonly validUntil: Date | null;
  readonly source: string | null;
}

export async function phoneProofs(
  sql: Pick<Sql, 'all'>,
  leadIds: readonly number[],
): Promise<readonly PhoneProof[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList(leadIds);
  return sql.all<PhoneProof>(
    `SELECT c.id AS consentId, c.lead_id AS leadId, l.reference, l.operation, l.collected_at AS collectedAt, p.last_name AS lastName,
            p.first_name AS firstName, p.email, p.mobile, p.landline, c.purpose, c.state, c.recorded_at AS recordedAt,
            c.wording_version AS wordingVersion, c.legal_entity AS legalEntity, c.valid_until AS validUntil, c.source
       FROM consents c JOIN leads l ON l.id = c.lead_id LEFT JOIN prospects p ON p.lead_id = l.id
      WHERE c.lead_id IN (${marks}) AND c.channel = 'phone' ORDER BY c.lead_id, c.id`,
    values,
  );
}

/** The last answer about the phone of each of these leads. */
export async function lastPhoneConsents(
  sql: Pick<Sql, 'all'>,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList(leadIds);
  const rows = await sql.all<{ leadId: number; last: number }>(
    `SELECT lead_id AS leadId, MAX(id) AS last FROM consents FORCE INDEX (consents_lead)
      WHERE lead_id IN (${marks}) AND channel = 'phone' GROUP BY lead_id`,
    values,
  );
  return new Map(rows.map(({ leadId, last }) => [leadId, last]));
}
