// Writes the result of planning a lead's change: inserts deliveries, cancels absorbed ones, records routing refusals.
// Invariant: one row per (client, lead, revision, destination, action); only undeparted deliveries are cancelled, unless the
// caller includes departed ones.
import type { Action } from '../../../connectors/contract.ts';
import { isEnd, type DeliveryState } from '../../domain/delivery.ts';
import { inList, insertGroups, type Sql, type SqlValue } from '../database.ts';
import type { DueJobAt } from './due-work.ts';
import { insertRows } from '../columns.ts';

export interface PlannedDelivery {
  readonly clientId: string;
  readonly destinationId: string;
  readonly leadId: number;
  readonly revision: number;
  readonly action: Action;
  readonly key: string;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly priority: number;
  readonly maxAgeMs: number;
}

/**
 * Room in a new row for what its queue and its claim write: a row that outgrows its full page is moved, and the page written anew. Its
 * first claim puts the name of its process there.
 */
const room = '-'.repeat(48);

/**
 * Inserts deliveries; one that exists already (same lead, revision, destination, action) is left as it is.
 * The no-op assignment, and not INSERT IGNORE, keeps every other error loud. Returns the jobs of those that are inserted as queued.
 */
export async function insertDeliveries(
  tx: Sql,
  planned: readonly PlannedDelivery[],
): Promise<readonly DueJobAt[]> {
  const jobs: DueJobAt[] = [];
  for (const part of insertGroups(planned)) {
    const marks = `(?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)), IF(? = 'settled', UTC_TIMESTAMP(3), NULL), UTC_TIMESTAMP(3), '${room}')`;
    const {
      insertId,
      info = '',
      idStep,
    } = await tx.run(
      `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, priority, due_at, expires_at, settled_at, queued_at, lease_owner)
       VALUES ${part.map(() => marks).join(', ')} ON DUPLICATE KEY UPDATE id = id`,
      part.flatMap((row): SqlValue[] => [
        row.clientId,
        row.destinationId,
        row.leadId,
        row.revision,
        row.action,
        row.key,
        row.state,
        row.reason,
        row.priority,
        row.maxAgeMs,
        isEnd(row.state) ? 'settled' : '',
      ]),
    );
    // The ids of rows beside one that existed before do not follow each other: these are pushed with those that Redis lost.
    if (insertId > 0 && !/Duplicates: [1-9]/.test(info))
      for (const [index, { state, destinationId, priority }] of part.entries())
        if (state === 'queued')
          jobs.push({ deliveryId: insertId + index * idStep, run: 1, attempt: 1, priority, destinationId });
  }
  return jobs;
}

export const insertRoutingRefusals = (
  tx: Sql,
  refusals: readonly Pick<PlannedDelivery, 'clientId' | 'leadId' | 'revision' | 'destinationId' | 'reason'>[],
): Promise<void> =>
  insertRows(
    tx,
    'routing_refusals',
    refusals.map(({ clientId, leadId, revision, destinationId, reason }) => ({
      clientId,
      leadId,
      revision,
      destinationId,
      reason: reason.slice(0, 80),
    })),
    'reason = VALUES(reason)',
  );

/** Cancels deliveries that never departed (in this life) and are not being sent. Returns the ids that were cancelled. */
export async function cancelUnsent(
  tx: Sql,
  ids: readonly number[],
  reason: string,
  includeDeparted = false,
): Promise<readonly number[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (PRIMARY) WHERE id IN (${marks}) AND state IN ('planned', 'queued', 'waiting', 'withheld', 'pending')
       ${includeDeparted ? '' : 'AND departures = 0'} ORDER BY id FOR UPDATE`,
    values,
  );
  if (rows.length === 0) return [];
  const found = inList(rows.map((row) => row.id));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'cancelled', reason = ?, settled_at = UTC_TIMESTAMP(3), batch_id = 0 WHERE id IN (${found.marks})`,
    [reason, ...found.values],
  );
  return rows.map((row) => row.id);
}
