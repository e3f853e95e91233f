// Reopens earlier deliveries for a file that must contain all current leads, a bounded step at a time.
// Invariant: only the latest create of a lead; leads that are erased, deleted or restricted are not reopened.
import type { Delivery } from './deliveries.ts';
import { inList, type Sql } from './database.ts';
import { whichClause, type Which } from './which.ts';

export interface Gathered {
  readonly deliveryId: number;
  readonly state: Delivery['state'];
  /** Id of its lead. */
  readonly id: number;
  readonly clientId: string;
  readonly operation: string | undefined;
  readonly operationKind: 'one_off' | 'recurring';
  readonly collectedAt: Date;
}

export interface GatherStep {
  readonly destinationId: string;
  /** Only deliveries above this id. */
  readonly after: number;
  readonly limit: number;
  /** Version in force: leads that an earlier version refused may fit it. */
  readonly mappingVersionId: number;
}

/** The last delivery of the step; undefined: there are no more. */
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

/** SQL condition: the lead's content or the mapping decided the end; while neither changes, the decision would be the same. */
const judged = `(d.state = 'cancelled' OR d.reason LIKE 'invalid%' OR d.reason LIKE 'expired:opt\\_in\\_%'
   OR d.reason LIKE 'expired:category\\_not%' OR d.reason LIKE 'expired:inactive%')`;

/** Ended deliveries of a step that belong in the file; nothing is locked. */
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

/** Opens a new run under a new key, for the next file. Returns the number of deliveries that had not moved on meanwhile. */
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
 * Deliveries that a full file reopened and that the recipient has already, of a destination whose mapping no longer makes full
 * files. Deliveries that a person replayed are left out. Locked in the caller's transaction.
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

/** Makes the waiting creates of a step due for the file, except those that a person must decide. */
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
 * Updates and erasures older than a file, which it has carried: it contains the lead as it is now, or no longer. An update is left
 * for the next file when the lead's create failed, or was owed before the file was begun and still is. Locked in the caller's
 * transaction.
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
