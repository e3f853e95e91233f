// Finds the deliveries that a new version of a mapping cancels, reopens, or leaves with their old content.
// Invariant: only a delivery that ended because its mapping did not accept the lead is reopened.
import { type Sql, columnOf, firstValue } from '../database.ts';

export interface WaitingCreate {
  readonly id: number;
  readonly leadId: number;
}

/** Creates that have never departed, in id order after `after`. */
export async function unsentCreates(
  sql: Sql,
  destinationId: string,
  after: number,
  limit: number,
): Promise<readonly WaitingCreate[]> {
  return sql.all<WaitingCreate>(
    `SELECT id, lead_id AS leadId FROM deliveries
      WHERE destination_id = ? AND state IN ('planned', 'queued', 'waiting', 'withheld') AND action = 'create' AND departures = 0 AND id > ?
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [destinationId, after],
  );
}

/** Creates of the last thirty days that ended unsent because the lead was not accepted, and have no successor. */
export async function endedByAccepts(
  sql: Sql,
  destinationId: string,
  after: number,
  limit: number,
): Promise<readonly WaitingCreate[]> {
  return sql.all<WaitingCreate>(
    `SELECT d.id, d.lead_id AS leadId FROM deliveries d
      WHERE d.destination_id = ? AND d.state = 'cancelled' AND d.reason LIKE 'not!_accepted%' ESCAPE '!' AND d.action = 'create'
        AND d.departures = 0 AND d.id > ? AND d.settled_at > TIMESTAMPADD(DAY, -30, UTC_TIMESTAMP(3))
        AND NOT EXISTS (SELECT 1 FROM deliveries later
                         WHERE later.lead_id = d.lead_id AND later.destination_id = d.destination_id AND later.action = 'create' AND later.id > d.id)
      ORDER BY d.id LIMIT ${Math.trunc(limit)}`,
    [destinationId, after],
  );
}

/** Plans them again, with their whole maximum age. Returns the ids that were reopened. */
export async function reopenEnded(
  tx: Sql,
  ids: readonly number[],
  maxAgeMs: number,
): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (PRIMARY)
      WHERE id IN (?) AND state = 'cancelled' AND reason LIKE 'not!_accepted%' ESCAPE '!' AND departures = 0 ORDER BY id FOR UPDATE`,
    [ids],
  );
  if (rows.length === 0) return [];
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', settled_at = NULL, due_at = UTC_TIMESTAMP(3),
            expires_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id IN (?)`,
    [maxAgeMs, rows.map((row) => row.id)],
  );
  return rows.map((row) => row.id);
}

/** Deliveries that wait for a next try, may have been received, and were rendered by another version. */
export const keepingOldContent = (
  sql: Sql,
  destinationId: string,
  versionId: number,
  limit: number,
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT id FROM deliveries
      WHERE destination_id = ? AND state IN ('planned', 'queued', 'waiting') AND maybe_received = 1 AND batch_id = 0 AND sent_mapping_id NOT IN (0, ?)
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [destinationId, versionId],
  );

// Stores publications that remove a legal entity from a destination: the phone grants that name it must be reported as ended.
// Invariant: a row is written with the publication, and deleted once every live phone grant of the client has been checked.

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
export const nextEntityChange = (sql: Sql): Promise<number | undefined> =>
  firstValue(
    sql,
    'SELECT id FROM entity_changes WHERE due_at <= UTC_TIMESTAMP(3) ORDER BY due_at, id LIMIT 1',
  );

/** Undefined when another process has locked it, or has ended it. */
export async function takeEntityChange(tx: Sql, id: number): Promise<EntityChange | undefined> {
  const [row] = await tx.all<Omit<EntityChange, 'beforeNames'> & { readonly beforeNames: string }>(
    `SELECT id, client_id AS clientId, destination_id AS destinationId, before_names AS beforeNames, after_lead AS afterLead, until_lead AS untilLead
       FROM entity_changes
      WHERE id = ? FOR UPDATE SKIP LOCKED`,
    [id],
  );
  return row && { ...row, beforeNames: JSON.parse(row.beforeNames) as readonly string[] };
}

/** The next leads of the change with a live phone grant. */
export const leadsWithPhoneGrant = (
  sql: Sql,
  { clientId, afterLead, untilLead }: EntityChange,
  limit: number,
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT DISTINCT lead_id FROM consent_ends FORCE INDEX (consent_ends_client)
      WHERE client_id = ? AND lead_id > ? AND lead_id <= ? AND channel = 'phone' ORDER BY lead_id LIMIT ${Math.trunc(limit)}`,
    [clientId, afterLead, untilLead],
  );

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
