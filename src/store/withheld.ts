// Reopens deliveries that wait for a cause and not for time: withheld ones, or behind another of the same lead.
// Invariant: a reopened delivery is planned and checked again.
import { inList, type Sql } from './database.ts';

/** Sets withheld deliveries back to `planned`. Returns their ids. */
export async function reopenWithheld(tx: Sql, ids: readonly number[]): Promise<readonly number[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (PRIMARY) WHERE id IN (${marks}) AND state = 'withheld' ORDER BY id FOR UPDATE`,
    values,
  );
  if (rows.length === 0) return [];
  const found = inList(rows.map((row) => row.id));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', due_at = UTC_TIMESTAMP(3) WHERE id IN (${found.marks})`,
    found.values,
  );
  return rows.map((row) => row.id);
}

/** Destinations with a withheld delivery, by a loose scan of the index: it needs the first column in the SELECT. */
export async function destinationsWithWithheld(sql: Sql): Promise<ReadonlySet<string>> {
  const rows = await sql.all<{ destination_id: string }>(
    "SELECT DISTINCT state, destination_id FROM deliveries FORCE INDEX (deliveries_due) WHERE state = 'withheld'",
  );
  return new Set(rows.map((row) => row.destination_id));
}

/** Withheld deliveries of a destination for one of the reasons, in id order after `after`. */
export async function withheldOfDestination(
  sql: Sql,
  destinationId: string,
  reasons: readonly string[],
  limit: number,
  after = 0,
): Promise<readonly number[]> {
  const { marks, values } = inList(reasons);
  const rows = await sql.all<{ id: number }>(
    `SELECT id FROM deliveries WHERE state = 'withheld' AND destination_id = ? AND id > ? AND SUBSTRING_INDEX(reason, ':', 1) IN (${marks})
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [destinationId, after, ...values],
  );
  return rows.map((row) => row.id);
}

/** Sets back to `planned` the deliveries of these leads and destinations that waited for one that has just ended. */
export async function wakeSiblings(
  tx: Sql,
  pairs: readonly { readonly leadId: number; readonly destinationId: string }[],
): Promise<void> {
  if (pairs.length === 0) return;
  const { marks, values } = inList(pairs.map((pair) => pair.leadId));
  const rows = await tx.all<{ id: number; lead_id: number; destination_id: string }>(
    `SELECT id, lead_id, destination_id FROM deliveries
      WHERE lead_id IN (${marks}) AND ((state = 'waiting' AND reason = 'waits_for_create') OR (state = 'withheld' AND reason = 'create_unsettled'))`,
    values,
  );
  const wanted = rows.filter((row) =>
    pairs.some((pair) => pair.leadId === row.lead_id && pair.destinationId === row.destination_id),
  );
  if (wanted.length === 0) return;
  const found = inList(wanted.map((row) => row.id));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', due_at = UTC_TIMESTAMP(3) WHERE id IN (${found.marks})
        AND ((state = 'waiting' AND reason = 'waits_for_create') OR (state = 'withheld' AND reason = 'create_unsettled'))`,
    found.values,
  );
}
