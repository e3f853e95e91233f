// Stores publications that remove a legal entity from a destination: the phone grants that name it must be reported as ended.
// Invariant: a row is written with the publication, and deleted once every live phone grant of the client has been checked.
import type { Sql } from './database.ts';

export interface EntityChange {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  /** Plain names that were valid before; empty: every name. */
  readonly beforeNames: readonly string[];
  /** Leads above this one, up to `untilLead`, are still to be checked. */
  readonly afterLead: number;
  readonly untilLead: number;
}

/**
 * Inserts a change for the client's leads with a live phone grant. It runs under the lock of the client's row alone: leads accepted
 * afterwards are rendered by the new version from the start.
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

/** @param minutes delay until it is due */
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

/** The change that is due first. No lock: the caller takes it by its number. */
export async function nextEntityChange(sql: Sql): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>(
    'SELECT id FROM entity_changes WHERE due_at <= UTC_TIMESTAMP(3) ORDER BY due_at, id LIMIT 1',
  );
  return row?.id;
}

/** Undefined when another process has locked it, or has ended it. */
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

/** The next leads of the change with a live phone grant. */
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

/** Postpones a change that could not be processed. */
export async function putOffEntityChange(sql: Sql, id: number, minutes: number): Promise<void> {
  await sql.run('UPDATE entity_changes SET due_at = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)) WHERE id = ?', [
    minutes,
    id,
  ]);
}
