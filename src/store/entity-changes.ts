// Publications after which a legal entity counts no more at a destination: the phone grants that name it are still to be told as ended.
// Invariant: a line is written with the publication and goes once every standing phone grant of the client has been looked at.
import type { Sql } from './database.ts';

export interface EntityChange {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  /** Plain names that counted before; empty: every name. */
  readonly beforeNames: readonly string[];
  /** Leads behind this one, up to the next, are still to be looked at. */
  readonly afterLead: number;
  readonly untilLead: number;
}

/**
 * For the leads with a standing phone grant. The client's row is locked, alone: what comes in afterwards is written by the
 * new version from the start.
 */
export async function noteEntityChange(
  tx: Sql,
  change: Pick<EntityChange, 'clientId' | 'destinationId' | 'beforeNames'>,
): Promise<void> {
  const [row] = await tx.all<{ last: number | null }>(
    'SELECT MAX(lead_id) AS last FROM consent_ends FORCE INDEX (consent_ends_client) WHERE client_id = ?',
    [change.clientId],
  );
  const untilLead = row?.last ?? 0;
  if (untilLead > 0) await insertEntityChange(tx, { ...change, afterLead: 0, untilLead }, 0);
}

/** @param minutes until it is due */
export async function insertEntityChange(
  tx: Sql,
  { clientId, destinationId, beforeNames, afterLead, untilLead }: Omit<EntityChange, 'id'>,
  minutes: number,
): Promise<void> {
  await tx.run(
    `INSERT INTO entity_changes (client_id, destination_id, before_names, after_lead, until_lead, due_at)
     VALUES (?, ?, ?, ?, ?, TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)))`,
    [clientId, destinationId, JSON.stringify(beforeNames), afterLead, untilLead, minutes],
  );
}

/** The one due first. No lock: whoever works on it takes it by its number. */
export async function nextEntityChange(sql: Sql): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>(
    'SELECT id FROM entity_changes WHERE due_at <= UTC_TIMESTAMP(3) ORDER BY due_at, id LIMIT 1',
  );
  return row?.id;
}

/** Undefined where another process has it, or has ended it. */
export async function takeEntityChange(tx: Sql, id: number): Promise<EntityChange | undefined> {
  const [row] = await tx.all<{
    id: number;
    client_id: string;
    destination_id: string;
    before_names: string;
    after_lead: number;
    until_lead: number;
  }>(
    `SELECT id, client_id, destination_id, before_names, after_lead, until_lead FROM entity_changes
      WHERE id = ? FOR UPDATE SKIP LOCKED`,
    [id],
  );
  return row === undefined
    ? undefined
    : {
        id: row.id,
        clientId: row.client_id,
        destinationId: row.destination_id,
        beforeNames: JSON.parse(row.before_names) as readonly string[],
        afterLead: row.after_lead,
        untilLead: row.until_lead,
      };
}

/** The next leads of it with a phone grant that stands. */
export async function leadsWithPhoneGrant(
  sql: Sql,
  { clientId, afterLead, untilLead }: EntityChange,
  limit: number,
): Promise<readonly number[]> {
  const rows = await sql.all<{ lead_id: number }>(
    `SELECT DISTINCT lead_id FROM consent_ends FORCE INDEX (consent_ends_client)
      WHERE client_id = ? AND lead_id > ? AND lead_id <= ? AND channel = 'phone' ORDER BY lead_id LIMIT ${Math.trunc(limit)}`,
    [clientId, afterLead, untilLead],
  );
  return rows.map((row) => row.lead_id);
}

export async function markLookedAt(tx: Sql, id: number, afterLead: number): Promise<void> {
  await tx.run('UPDATE entity_changes SET after_lead = ? WHERE id = ?', [afterLead, id]);
}

export async function endEntityChange(tx: Sql, id: number): Promise<void> {
  await tx.run('DELETE FROM entity_changes WHERE id = ?', [id]);
}

/** What could not be worked on comes again later. */
export async function putOffEntityChange(sql: Sql, id: number, minutes: number): Promise<void> {
  await sql.run('UPDATE entity_changes SET due_at = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)) WHERE id = ?', [
    minutes,
    id,
  ]);
}
