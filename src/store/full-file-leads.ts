// The leads of a file that holds them all: those that stood in an earlier one are opened again, a bounded step at a time.
// Invariant: of a lead the latest create alone; what was erased, has left the gateway or is restricted is not opened again.
import type { Delivery } from './deliveries.ts';
import { inList, type Sql } from './database.ts';
import { whichClause, type Which } from './which.ts';

export interface Gathered {
  readonly deliveryId: number;
  readonly state: Delivery['state'];
  /** Of its lead. */
  readonly id: number;
  readonly clientId: string;
  readonly operation: string | undefined;
  readonly operationKind: 'one_off' | 'recurring';
  readonly collectedAt: Date;
}

export interface GatherStep {
  readonly destinationId: string;
  /** Deliveries after this one. */
  readonly after: number;
  readonly limit: number;
  /** Of the version in force: what did not fit an earlier one may fit it. */
  readonly mappingVersionId: number;
}

/** The last delivery that a step looks at; undefined: there are no more. */
export async function endOfStep(
  sql: Sql,
  { destinationId, after, limit }: GatherStep,
): Promise<number | undefined> {
  const [row] = await sql.all<{ last: number | null }>(
    `SELECT MAX(s.id) AS last FROM (SELECT id FROM deliveries FORCE INDEX (deliveries_destination)
       WHERE destination_id = ? AND id > ? ORDER BY id LIMIT ${Math.trunc(limit)}) s`,
    [destinationId, after],
  );
  return row?.last ?? undefined;
}

/** What the content of the lead, or the mapping, decided: it would be decided alike again while both are as they were. */
const judged = `(d.state = 'cancelled' OR d.reason LIKE 'invalid%' OR d.reason LIKE 'expired:opt\\_in\\_%'
   OR d.reason LIKE 'expired:category\\_not%' OR d.reason LIKE 'expired:inactive%')`;

/** Deliveries of a step that belong into the file and have ended; nothing is locked. */
export async function endedOfStep(
  sql: Sql,
  { destinationId, after, mappingVersionId }: GatherStep,
  last: number,
  which: Which,
): Promise<readonly Gathered[]> {
  const clause = whichClause(which, 'd.id');
  const rows = await sql.all<Omit<Gathered, 'operation'> & { operation: string | null }>(
    `SELECT d.id AS deliveryId, d.state, l.id, l.client_id AS clientId, l.operation, l.operation_kind AS operationKind, l.collected_at AS collectedAt
       FROM deliveries d FORCE INDEX (deliveries_destination) JOIN leads l ON l.id = d.lead_id
      WHERE d.destination_id = ? AND d.id > ? AND d.id <= ? AND d.action = 'create'
        AND (d.state IN ('delivered', 'failed') OR (d.state = 'cancelled' AND d.reason LIKE 'not\\_accepted%'))
        AND l.erased_at IS NULL AND l.gone = '' AND l.restricted_at IS NULL
        AND (NOT ${judged} OR d.settled_at < l.changed_at
          OR d.settled_at < (SELECT v.published_at FROM mapping_versions v WHERE v.id = ?))
        AND NOT EXISTS (SELECT 1 FROM deliveries n FORCE INDEX (deliveries_lead)
          WHERE n.lead_id = d.lead_id AND n.destination_id = d.destination_id AND n.id > d.id AND n.action = 'create')
        ${clause.sql}
      ORDER BY d.id`,
    [destinationId, after, last, mappingVersionId, ...clause.values],
  );
  return rows.map(({ operation, ...row }) => ({ ...row, operation: operation ?? undefined }));
}

/** A new run under a new key, for the next file. Returns how many had not moved on meanwhile. */
export async function openForFile(tx: Sql, ids: readonly number[], maxAgeMs: number): Promise<number> {
  if (ids.length === 0) return 0;
  const { marks, values } = inList(ids);
  const { affected } = await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', priority = 1, run = run + 1, key_run = run, attempt = 0, spent = 0,
            departed_attempt = 0, ask_first = 0, sent_revision = 0, sent_mapping_id = 0, pending_since = NULL, not_found_since = NULL,
            settled_at = NULL, batch_id = 0, due_at = UTC_TIMESTAMP(3), reopened_at = UTC_TIMESTAMP(3),
            expires_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id IN (${marks}) AND state IN ('delivered', 'failed', 'cancelled')`,
    [maxAgeMs, ...values],
  );
  return affected;
}

/**
 * What such a file opened, its recipient has already, and no file of all leads will hold: the mapping makes other files by now. What
 * a person replayed is not among it. The caller's transaction holds them.
 */
export async function openedForNothing(
  tx: Sql,
  destinationId: string,
  limit: number,
): Promise<readonly number[]> {
  // No EXISTS: MySQL makes a semi-join of it and reads a small log whole.
  const rows = await tx.all<{ id: number }>(
    `SELECT d.id FROM deliveries d FORCE INDEX (deliveries_due)
      WHERE d.state IN ('planned', 'waiting') AND d.destination_id = ? AND d.action = 'create' AND d.batch_id = 0 AND d.run > 1
        AND (SELECT 1 FROM handovers o FORCE INDEX (handovers_subject)
          WHERE o.lead_id = d.lead_id AND o.delivery_id = d.id AND o.run < d.run AND o.outcome IN ('accepted', 'duplicate', 'unconfirmed')
          LIMIT 1) IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM handovers r FORCE INDEX (handovers_subject)
          WHERE r.lead_id = d.lead_id AND r.delivery_id = d.id AND r.run = d.run AND r.entry = 'replayed')
      LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [destinationId],
  );
  return rows.map((row) => row.id);
}

/** Those of a step that wait for a time of their own stand in the file too; not what a person decides. */
export async function bringWaiting(
  tx: Sql,
  { destinationId, after }: Pick<GatherStep, 'destinationId' | 'after'>,
  last: number,
): Promise<void> {
  await tx.run(
    `UPDATE deliveries FORCE INDEX (deliveries_destination) SET due_at = UTC_TIMESTAMP(3)
      WHERE destination_id = ? AND id > ? AND id <= ? AND action = 'create' AND state = 'waiting' AND batch_id = 0
        AND due_at > UTC_TIMESTAMP(3) AND reason NOT LIKE 'unknown\\_hold%'`,
    [destinationId, after, last],
  );
}

/**
 * Changes and erasures that stood before a file was begun, and that it carried: the lead as it is now, or no lead. A change of a
 * lead whose line came to nothing, or that was owed before the file was begun and still is, stays for the next file. The caller's
 * transaction holds them.
 */
export async function toldByFile(
  tx: Sql,
  destinationId: string,
  begunAt: Date,
  limit: number,
): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT d.id FROM deliveries d FORCE INDEX (deliveries_due)
      WHERE d.state IN ('planned', 'waiting') AND d.destination_id = ? AND d.action IN ('update', 'erase') AND d.batch_id = 0
        AND d.created_at < ?
        AND (d.action = 'erase' OR NOT EXISTS (SELECT 1 FROM deliveries c FORCE INDEX (deliveries_lead)
          WHERE c.lead_id = d.lead_id AND c.destination_id = d.destination_id AND c.action = 'create'
            AND (c.state = 'failed' OR (c.state IN ('planned', 'waiting', 'queued', 'sending') AND COALESCE(c.reopened_at, c.created_at) < ?))))
      LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [destinationId, begunAt, begunAt],
  );
  return rows.map((row) => row.id);
}
