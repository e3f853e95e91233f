// Writes the orders of support: a new run, a try brought forward, earlier leads for the planner.
// Invariant: a delivery that has moved on meanwhile is not changed.
import { restartCalls } from './calls.ts';
import { type Sql, type ReadOnlySql, columnOf, firstNumber, changesOne } from '../database.ts';
import { whichClause, type Which } from '../named-rows.ts';
import { forgetTaken } from './delivery-targets.ts';
import type { Delivery } from './deliveries.ts';
import { asidePriority } from '../leads/lead-changes.ts';
import { insertRow } from '../columns.ts';

const settledStates = "state IN ('delivered', 'failed', 'cancelled', 'waiting')";
/** Rows of a file are sent again only with their file. */
const orUnderWay = `(${settledStates} OR (state IN ('sending', 'pending') AND batch_id = 0))`;

/** Opens a new run of a delivery that has ended, or that waits and is rendered again. False when it has moved on meanwhile. */
export async function openRun(
  tx: Sql,
  row: Delivery,
  options: {
    readonly newKey: boolean;
    /** Looks the delivery up at the recipient before anything is sent. */
    readonly askFirst: boolean;
    readonly maxAgeMs: number;
    /** Also one that is being sent or pending: the outcome of its present run has no effect. */
    readonly alsoUnderWay?: boolean;
  },
): Promise<boolean> {
  const newKey = options.newKey ? 1 : 0;
  // A new key starts afresh; under the same key a content that may have arrived is sent again unchanged (guarantee 4).
  return changesOne(
    tx,
    `UPDATE deliveries SET state = 'planned', reason = '', priority = 1, run = run + 1, key_run = IF(? = 1, run, key_run), attempt = 0, spent = 0,
            departed_attempt = 0, ask_first = ?,
            sent_revision = IF(maybe_received = 1 AND ? = 0, sent_revision, 0), sent_mapping_id = IF(maybe_received = 1 AND ? = 0, sent_mapping_id, 0), pending_since = NULL, settled_at = NULL, batch_id = 0, lease_until = NULL,
            reopened_at = UTC_TIMESTAMP(3), due_at = UTC_TIMESTAMP(3), expires_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id = ? AND run = ? AND state = ? AND ${options.alsoUnderWay === true ? orUnderWay : settledStates}`,
    [newKey, options.askFirst ? 1 : 0, newKey, newKey, options.maxAgeMs, row.id, row.run, row.state],
  );
}

/** Resets a delivery that is sent again as a whole: every call is made again, to every target. */
export async function startOver(tx: Sql, id: number, asked: readonly string[] = []): Promise<void> {
  await restartCalls(tx, id, asked);
  await forgetTaken(tx, id);
}

/** Makes a waiting or pending delivery due now; its schedule and attempts stay. */
export async function bringTryForward(tx: Sql, id: number): Promise<boolean> {
  const { affected } = await tx.run(
    "UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE id = ? AND state IN ('waiting', 'pending')",
    [id],
  );
  // The rows of a file leave when their file does.
  await tx.run(
    `UPDATE batches SET due_at = UTC_TIMESTAMP(3), queued_at = NULL
      WHERE state IN ('open', 'written') AND lease_until IS NULL
        AND id = (SELECT carrier.id FROM (
          SELECT IF(b.whole_id > 0, b.whole_id, b.id) AS id FROM deliveries d JOIN batches b ON b.id = d.batch_id WHERE d.id = ?) carrier)`,
    [id],
  );
  return affected === 1;
}

/** Makes deliveries due now that the recipient asked to delay: support overrides it. */
export async function bringThrottledForward(tx: Sql, destinationId: string): Promise<void> {
  await tx.run(
    "UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting' AND destination_id = ? AND reason LIKE 'throttled%' AND batch_id = 0",
    [destinationId],
  );
}

/** Leads of a client for a destination that was added later, by id. */
export interface BackfillPart {
  readonly clientId: string;
  readonly destinationId: string;
  readonly since: Date;
  readonly after: number;
  readonly limit: number;
}

/** A part of the client's leads created since, by id. */
export const leadsToBackfill = (
  sql: Sql,
  { clientId, since, after, limit }: BackfillPart,
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT id FROM leads WHERE client_id = ? AND id > ? AND created_at >= ? ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [clientId, after, since],
  );

/**
 * Plans a part of the leads for the destination: those that are not erased and have no delivery for it. `last` is the highest id
 * read; undefined when there are no more.
 */
export async function addBackfill(
  tx: Sql,
  part: BackfillPart,
  which: Which,
): Promise<{ readonly count: number; readonly last: number | undefined }> {
  const { clientId, destinationId, since, after } = part;
  const last = (await leadsToBackfill(tx, part)).at(-1);
  if (last === undefined) return { count: 0, last };
  const clause = whichClause(which, 'l.id');
  const { affected } = await tx.run(
    `INSERT INTO lead_changes (client_id, lead_id, revision, kind, priority)
     SELECT l.client_id, l.id, l.revision, CONCAT('backfill:', ?), 1 FROM leads l
      WHERE l.client_id = ? AND l.id > ? AND l.id <= ? AND l.created_at >= ? AND l.erased_at IS NULL ${clause.sql}
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.lead_id = l.id AND d.destination_id = ?)`,
    [destinationId, clientId, after, last, since, ...clause.values, destinationId],
  );
  return { count: affected, last };
}

/** Changes of a client's leads that the planner quarantined, locked. */
export function lockChangesAside(
  tx: Sql,
  clientId: string,
  limit: number,
): Promise<readonly { readonly id: number; readonly leadId: number }[]> {
  return tx.all(
    `SELECT id, lead_id AS leadId FROM lead_changes WHERE priority = ${asidePriority} AND client_id = ?
      ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE`,
    [clientId],
  );
}

/** Releases quarantined changes: they are planned behind new ones. */
export async function takeUpChanges(tx: Sql, ids: readonly number[]): Promise<void> {
  await tx.run(
    `UPDATE lead_changes FORCE INDEX (PRIMARY) SET priority = 1 WHERE id IN (?) AND priority = ${asidePriority}`,
    [ids],
  );
}

// Stores the invented leads that were sent to test a destination (table test_leads).
// Invariant: counted under the destination's lock, so that two at once count as two.

export interface TestLeadRow {
  readonly id: number;
  readonly destinationId: string;
  readonly reference: string;
  readonly place: 'sandbox' | 'production';
  readonly actor: string;
  readonly sentAt: Date;
  /** Empty: not known yet, or never. */
  readonly outcome: string;
  readonly reason: string;
}

export const countTestLeads = (tx: Sql, destinationId: string, seconds: number): Promise<number> =>
  firstNumber(
    tx,
    `SELECT COUNT(*) AS n FROM test_leads
      WHERE destination_id = ? AND sent_at > TIMESTAMPADD(SECOND, -${Math.trunc(seconds)}, UTC_TIMESTAMP(3))`,
    [destinationId],
  );

export const insertTestLead = (
  tx: Sql,
  row: Pick<TestLeadRow, 'destinationId' | 'reference' | 'place' | 'actor'> & { readonly clientId: string },
): Promise<number> => insertRow(tx, 'test_leads', row, { sentAt: 'UTC_TIMESTAMP(3)' });

export async function settleTestLead(
  tx: Sql,
  id: number,
  { outcome, reason }: Pick<TestLeadRow, 'outcome' | 'reason'>,
): Promise<void> {
  await tx.run('UPDATE test_leads SET outcome = ?, reason = ? WHERE id = ?', [outcome, reason, id]);
}

/** Newest first. */
export const recentTestLeads = (
  sql: ReadOnlySql,
  destinationId: string,
  limit: number,
): Promise<readonly TestLeadRow[]> =>
  sql.all<TestLeadRow>(
    `SELECT id, destination_id AS destinationId, reference, place, actor, sent_at AS sentAt, outcome, reason
       FROM test_leads WHERE destination_id = ? ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    [destinationId],
  );
