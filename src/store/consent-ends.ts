// Stores when each grant of consent ends by itself.
// Invariant: a row is written with its grant, and deleted with its lead or in the transaction that applies its end.
import { grantEnd, toldAheadMs } from '../domain/consent.ts';
import type { ConsentChannel, ConsentPurpose, ConsentRecord } from '../domain/lead.ts';
import { inList, insertGroups, type Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';

export interface ConsentEnd {
  readonly leadId: number;
  readonly clientId: string;
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly endsAt: Date;
}

/** A grant that ended more than this before its receipt is reported as ended everywhere: its end is not reported again, ms. */
const longOverMs = 86_400_000;

/** Stores the ends of the grants among these events. The day of tolerance is for a database whose clock is set back. */
export async function noteConsentEnds(
  tx: Sql,
  events: readonly { readonly clientId: string; readonly leadId: number; readonly event: ConsentRecord }[],
): Promise<void> {
  const overSince = tx.now().getTime() - longOverMs;
  const ending = events.flatMap(({ clientId, leadId, event }) => {
    const endsAt = event.state === 'granted' ? grantEnd(event) : undefined;
    return endsAt === undefined || endsAt.getTime() < overSince ? [] : [{ clientId, leadId, event, endsAt }];
  });
  for (const group of insertGroups(ending)) {
    await tx.run(
      `INSERT INTO consent_ends (lead_id, client_id, purpose, channel, ends_at, due_at)
       VALUES ${group.map(() => '(?, ?, ?, ?, ?, ?)').join(', ')} ON DUPLICATE KEY UPDATE due_at = VALUES(due_at)`,
      group.flatMap(({ clientId, leadId, event, endsAt }) => [
        leadId,
        clientId,
        event.purpose,
        event.channel,
        endsAt,
        new Date(endsAt.getTime() - toldAheadMs),
      ]),
    );
  }
}

/** Leads with a grant whose end is due, the longest due first. No lock: the caller locks the leads next. */
export async function leadsWithEnds(sql: Sql, limit: number): Promise<readonly number[]> {
  const rows = await sql.all<{ lead_id: number }>(
    `SELECT lead_id FROM consent_ends FORCE INDEX (consent_ends_due)
      WHERE due_at <= UTC_TIMESTAMP(3) ORDER BY due_at LIMIT ${Math.trunc(limit)}`,
  );
  return [...new Set(rows.map((row) => row.lead_id))];
}

/** Removes and returns the due ends of leads that the caller has locked. */
export async function takeConsentEnds(tx: Sql, leadIds: readonly number[]): Promise<readonly ConsentEnd[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList(leadIds);
  const now = tx.now();
  const rows = await tx.all<ConsentEnd>(
    `SELECT lead_id AS leadId, client_id AS clientId, purpose, channel, ends_at AS endsAt
       FROM consent_ends FORCE INDEX (PRIMARY) WHERE lead_id IN (${marks}) AND due_at <= ? FOR UPDATE`,
    [...values, now],
  );
  if (rows.length > 0)
    await deleteNamed(
      tx,
      { table: 'consent_ends', column: 'lead_id', index: 'PRIMARY', and: 't.due_at <= ?', values: [now] },
      [...new Set(leadIds)],
    );
  return rows;
}

/** Postpones the ends of a lead that could not be processed. */
export async function putOffConsentEnds(sql: Sql, leadId: number, minutes: number): Promise<void> {
  await sql.run(
    `UPDATE consent_ends SET due_at = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3))
      WHERE lead_id = ? AND due_at <= UTC_TIMESTAMP(3)`,
    [minutes, leadId],
  );
}
