// Stores the state of full files, which contain every current lead: the one being made, the last that arrived, one held back.
// Invariant: a destination makes one full file at a time, under a lock on its row; only a person releases a held one.
import type { Delivery } from '../deliveries/deliveries.ts';
import {
  allAs,
  firstAs,
  type Sql,
  columnOf,
  firstNumber,
  firstValue,
  changes,
  changesOne,
  hasRow,
  insertGroups,
} from '../database.ts';
import { appendHandovers } from '../log/handovers.ts';
import { whichClause, type Which } from '../named-rows.ts';
import { type Stored, fromStored } from '../columns.ts';

export interface FullFile {
  readonly destinationId: string;
  /** Slot whose leads are being gathered or collected. */
  readonly slotAt: Date | undefined;
  /** Deliveries up to this id have been gathered for it. */
  readonly gatheredTo: number;
  readonly gathered: number;
  readonly isGathered: boolean;
  /** The last file that was begun; 0: none. */
  readonly batchId: number;
  readonly lastBatchId: number;
  /** Leads in the last file that arrived; 0 before the first. */
  readonly lastRows: number;
  readonly lastBegunAt: Date | undefined;
  /** True when the changes and erasures that it carried are settled. */
  readonly isTold: boolean;
  readonly held: HeldFile | undefined;
  /** Support lets one file leave that has at least so many leads. */
  readonly releasedRows: number | undefined;
}

/** A file that is held because too many leads are missing. */
export interface HeldFile {
  readonly at: Date;
  readonly batchId: number;
  readonly rows: number;
  /** Leads of the last file that are not in it. */
  readonly missing: number;
}

type Row = Omit<Stored<FullFile>, 'held'> & {
  readonly at: Date | null;
  readonly heldBatchId: number;
  readonly heldRows: number;
  readonly missing: number;
};
const readFile = fromStored<FullFile>('isGathered', 'isTold');
const columns =
  'destination_id AS destinationId, slot_at AS slotAt, gathered_to AS gatheredTo, gathered, is_gathered AS isGathered, batch_id AS batchId, last_batch_id AS lastBatchId, last_rows AS lastRows, last_begun_at AS lastBegunAt, is_told AS isTold, held_at AS at, held_batch_id AS heldBatchId, held_rows AS heldRows, held_missing AS missing, released_rows AS releasedRows';

const fileOf = ({ at, heldBatchId, heldRows, missing, ...row }: Row): FullFile => ({
  ...readFile({ ...row, held: null }),
  held: at === null ? undefined : { at, batchId: heldBatchId, rows: heldRows, missing },
});

const read = (
  sql: Sql,
  destinationId: string,
  lock: '' | 'FOR UPDATE' | 'FOR UPDATE SKIP LOCKED',
): Promise<FullFile | undefined> =>
  firstAs(sql, fileOf, `SELECT ${columns} FROM full_files WHERE destination_id = ? ${lock}`, [destinationId]);

export const readFullFile = (sql: Sql, destinationId: string): Promise<FullFile | undefined> =>
  read(sql, destinationId, '');

/** Waits for the lock. */
export const lockFullFile = (tx: Sql, destinationId: string): Promise<FullFile | undefined> =>
  read(tx, destinationId, 'FOR UPDATE');

/** Undefined: another planner has locked it. */
export async function takeFullFile(tx: Sql, destinationId: string): Promise<FullFile | undefined> {
  const taken = await read(tx, destinationId, 'FOR UPDATE SKIP LOCKED');
  if (taken !== undefined || (await read(tx, destinationId, '')) !== undefined) return taken;
  await tx.run(
    'INSERT INTO full_files (destination_id) VALUES (?) ON DUPLICATE KEY UPDATE destination_id = destination_id',
    [destinationId],
  );
  return read(tx, destinationId, 'FOR UPDATE');
}

/** Held files by destination. */
export async function heldFiles(sql: Sql): Promise<ReadonlyMap<string, HeldFile>> {
  const files = await allAs(sql, fileOf, `SELECT ${columns} FROM full_files WHERE held_at IS NOT NULL`);
  return new Map(
    files.flatMap(({ destinationId, held }) => (held === undefined ? [] : [[destinationId, held]])),
  );
}

/** Starts gathering the leads of this slot from the beginning. */
export async function beginGathering(tx: Sql, destinationId: string, slotAt: Date): Promise<void> {
  await tx.run(
    'UPDATE full_files SET slot_at = ?, gathered_to = 0, gathered = 0, is_gathered = 0 WHERE destination_id = ?',
    [slotAt, destinationId],
  );
}

export async function noteGathered(
  tx: Sql,
  destinationId: string,
  step: { readonly to: number; readonly opened: number; readonly isLast: boolean },
): Promise<void> {
  await tx.run(
    'UPDATE full_files SET gathered_to = ?, gathered = gathered + ?, is_gathered = ? WHERE destination_id = ?',
    [step.to, step.opened, step.isLast ? 1 : 0, destinationId],
  );
}

/** The file that is collected for the slot. */
export async function noteBegun(tx: Sql, destinationId: string, batchId: number): Promise<void> {
  await tx.run('UPDATE full_files SET batch_id = ? WHERE destination_id = ?', [batchId, destinationId]);
}

/** Gives up what is gathered, and was released: no file of it leaves, and the next one is gathered from the beginning, and compared. */
export async function abandonGathering(tx: Sql, destinationId: string): Promise<void> {
  await tx.run(
    'UPDATE full_files SET slot_at = NULL, is_gathered = 0, released_rows = NULL WHERE destination_id = ?',
    [destinationId],
  );
}

/** Ends the slot: all its rows are in a file, or there are none. */
export async function endGathering(tx: Sql, destinationId: string): Promise<void> {
  await tx.run('UPDATE full_files SET slot_at = NULL WHERE destination_id = ?', [destinationId]);
}

/** Makes an arrived file the one with which the next is compared. Does nothing for other kinds of files. */
export async function noteArrived(tx: Sql, batchId: number): Promise<void> {
  await tx.run(
    `UPDATE batches b JOIN full_files f ON f.destination_id = b.destination_id
        SET f.last_batch_id = b.id, f.last_rows = b.rows_count, f.last_begun_at = b.created_at, f.is_told = 0, f.released_rows = NULL
      WHERE b.id = ? AND f.batch_id = b.id`,
    [batchId],
  );
}

export async function noteTold(tx: Sql, destinationId: string): Promise<void> {
  await tx.run('UPDATE full_files SET is_told = 1 WHERE destination_id = ?', [destinationId]);
}

/** Holds a file until a person decides; false when one is held already. */
export const holdFile = (
  tx: Sql,
  destinationId: string,
  { batchId, rows, missing }: Omit<HeldFile, 'at'>,
): Promise<boolean> =>
  changesOne(
    tx,
    `UPDATE full_files SET held_at = UTC_TIMESTAMP(3), held_batch_id = ?, held_rows = ?, held_missing = ?, released_rows = NULL
      WHERE destination_id = ? AND held_at IS NULL`,
    [batchId, rows, missing, destinationId],
  );

/** @param releasedRows a file of at least so many leads leaves once; undefined: the next is compared as usual */
export async function endHold(
  tx: Sql,
  destinationId: string,
  releasedRows: number | undefined,
): Promise<void> {
  await tx.run('UPDATE full_files SET held_at = NULL, released_rows = ? WHERE destination_id = ?', [
    releasedRows ?? null,
    destinationId,
  ]);
}

/** Leads of a written file that left in an earlier one; the others are new in it. */
export const returningRows = (sql: Sql, wholeId: number): Promise<number> =>
  firstNumber(
    sql,
    `SELECT COUNT(*) AS n FROM batches b FORCE INDEX (batches_whole) JOIN deliveries d FORCE INDEX (deliveries_batch) ON d.batch_id = b.id
      WHERE b.whole_id = ? AND b.state = 'written' AND d.state = 'sending' AND d.run > 1`,
    [wholeId],
  );

// Reopens earlier deliveries for a file that must contain all current leads, a bounded step at a time.
// Invariant: only the latest create of a lead; leads that are erased, deleted or restricted are not reopened.

interface Gathered {
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
export const endOfStep = async (
  sql: Sql,
  { destinationId, after, limit }: GatherStep,
): Promise<number | undefined> =>
  (await firstValue<number | null>(
    sql,
    `SELECT MAX(s.id) AS last FROM (SELECT id FROM deliveries FORCE INDEX (deliveries_destination)
       WHERE destination_id = ? AND id > ? ORDER BY id LIMIT ${Math.trunc(limit)}) s`,
    [destinationId, after],
  )) ?? undefined;

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

/** True when a lead that belongs in a file has grown too old since its hour: it is in the next one, and this one may lack it. */
export const hasExpiredSince = (sql: Sql, destinationId: string, since: Date): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM deliveries d FORCE INDEX (deliveries_due) JOIN leads l ON l.id = d.lead_id
      WHERE d.state = 'failed' AND d.destination_id = ? AND d.action = 'create' AND d.settled_at >= ? AND d.reason LIKE 'expired%'
        AND NOT ${judged} AND l.erased_at IS NULL AND l.gone = '' AND l.restricted_at IS NULL LIMIT 1`,
    [destinationId, since],
  );

/** Opens a new run under a new key, for the next file. Returns the number of deliveries that had not moved on meanwhile. */
export const openForFile = (tx: Sql, ids: readonly number[], maxAgeMs: number): Promise<number> =>
  changes(
    tx,
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', priority = 1, run = run + 1, key_run = run, attempt = 0, spent = 0,
            departed_attempt = 0, ask_first = 0, sent_revision = 0, sent_mapping_id = 0, pending_since = NULL, not_found_since = NULL,
            settled_at = NULL, batch_id = 0, due_at = UTC_TIMESTAMP(3), reopened_at = UTC_TIMESTAMP(3),
            expires_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id IN (?) AND state IN ('delivered', 'failed', 'cancelled')`,
    [maxAgeMs, ids],
  );

/** SQL condition: a full file reopened the create, which the recipient has already; not one that a person replayed. */
// No EXISTS: MySQL makes a semi-join of it and reads a small log whole.
const openedForNothing = `d.action = 'create' AND d.run > 1
        AND (SELECT 1 FROM handovers o FORCE INDEX (handovers_subject)
          WHERE o.lead_id = d.lead_id AND o.delivery_id = d.id AND o.run < d.run AND o.outcome IN ('accepted', 'duplicate', 'unconfirmed')
          LIMIT 1) IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM handovers r FORCE INDEX (handovers_subject)
          WHERE r.lead_id = d.lead_id AND r.delivery_id = d.id AND r.run = d.run AND r.entry = 'replayed')`;

/** Those of a batch. */
export const openedForNothingIn = (tx: Sql, batchId: number): Promise<readonly number[]> =>
  columnOf(
    tx,
    `SELECT d.id FROM deliveries d FORCE INDEX (deliveries_batch) WHERE d.batch_id = ? AND ${openedForNothing}`,
    [batchId],
  );

/** Those of a destination that wait, in no file. The caller has locked the destination. */
export const openedForNothingAt = (tx: Sql, destinationId: string): Promise<readonly number[]> =>
  columnOf(
    tx,
    `SELECT d.id FROM deliveries d FORCE INDEX (deliveries_due)
      WHERE d.state IN ('planned', 'waiting', 'withheld') AND d.destination_id = ? AND d.batch_id = 0 AND ${openedForNothing}
      FOR UPDATE`,
    [destinationId],
  );

/** They end as they were before: the recipient has them. Returns how many. */
export async function leaveAsTheyWere(
  tx: Sql,
  { id: destinationId, clientId }: { readonly id: string; readonly clientId: string },
  ids: readonly number[],
  actor: string,
): Promise<number> {
  if (ids.length === 0) return 0;
  for (const group of insertGroups(ids))
    await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'delivered', reason = 'accepted', batch_id = 0, not_found_since = NULL,
              due_at = UTC_TIMESTAMP(3), settled_at = UTC_TIMESTAMP(3)
        WHERE id IN (?)`,
      [group],
    );
  const purpose = `${ids.length} leads had been gathered for a file of all leads, and stay as they were`;
  await appendHandovers(tx, [{ entry: 'file_discarded', clientId, destinationId, actor, purpose }]);
  return ids.length;
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
export const toldByFile = (
  tx: Sql,
  destinationId: string,
  begunAt: Date,
  limit: number,
): Promise<readonly number[]> =>
  columnOf(
    tx,
    `SELECT d.id FROM deliveries d FORCE INDEX (deliveries_due)
      WHERE d.state IN ('planned', 'waiting') AND d.destination_id = ? AND d.action IN ('update', 'erase') AND d.batch_id = 0
        AND d.created_at < ?
        AND (d.action = 'erase' OR NOT EXISTS (SELECT 1 FROM deliveries c FORCE INDEX (deliveries_lead)
          WHERE c.lead_id = d.lead_id AND c.destination_id = d.destination_id AND c.action = 'create'
            AND (c.state = 'failed' OR (c.state IN ('planned', 'waiting', 'queued', 'sending') AND COALESCE(c.reopened_at, c.created_at) < ?))))
      LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [destinationId, begunAt, begunAt],
  );
