// Stores the restriction of processing on the lead's row, and finds the deliveries that it withholds.
// Invariant: the mark changes under the lead's lock with a new revision, so that no content rendered earlier departs afterwards.
import { inList, type Sql, columnOf, changesAny } from '../database.ts';
import { packed, unpacker } from '../placeholders.ts';
import { readDeliveries, type Delivery } from '../deliveries/deliveries.ts';
import { appendHandovers, entryAbout } from '../log/handovers.ts';
import { noteRestriction } from '../backups/erasures-unwritten.ts';

export async function markRestricted(tx: Sql, leadId: number, revision: number): Promise<void> {
  await tx.run(
    'UPDATE leads SET restricted_at = COALESCE(restricted_at, UTC_TIMESTAMP(3)), revision = ?, changed_at = UTC_TIMESTAMP(3) WHERE id = ?',
    [revision, leadId],
  );
  await noteRestriction(tx, leadId, 'restricted');
}

/** The ids of these leads that are restricted; the caller has locked them. */
export const restrictedAmong = async (tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(tx, 'SELECT id FROM leads WHERE id IN (?) AND restricted_at IS NOT NULL', [leadIds]),
  );

/** The ids of these leads of which an update departed during their restriction; the caller has locked them. */
export async function toldWhileRestricted(tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await tx.all<{ id: number }>(
    `SELECT DISTINCT l.id FROM leads l JOIN deliveries d FORCE INDEX (deliveries_lead) ON d.lead_id = l.id
      WHERE l.id IN (?) AND d.action = 'update' AND d.first_departed_at >= l.restricted_at`,
    [leadIds],
  );
  return new Set(rows.map((row) => row.id));
}

/** Removes the mark unless another request needs it. Returns false when it stays. */
export async function unmarkRestricted(tx: Sql, leadId: number, exceptRequest: number): Promise<boolean> {
  const others = await tx.all(
    `SELECT 1 FROM request_subjects s JOIN requests r ON r.id = s.request_id
      WHERE s.kind = 'lead' AND s.subject_id = ? AND s.applied_at IS NOT NULL
        AND r.kind = 'restriction' AND r.lifted_at IS NULL AND r.id <> ? LIMIT 1`,
    [leadId, exceptRequest],
  );
  if (others.length > 0) return false;
  const wasMarked = await changesAny(
    tx,
    'UPDATE leads SET restricted_at = NULL WHERE id = ? AND restricted_at IS NOT NULL',
    [leadId],
  );
  if (wasMarked) await noteRestriction(tx, leadId, 'unrestricted');
  return wasMarked;
}

/** Deliveries withheld for a restriction that has ended, of some leads or of any. */
export async function heldWithoutRestriction(
  sql: Sql,
  leadIds: readonly number[] | 'any',
  limit: number,
): Promise<readonly number[]> {
  if (leadIds !== 'any' && leadIds.length === 0) return [];
  const among = leadIds === 'any' ? { marks: '', values: [] } : inList(leadIds);
  const rows = await sql.all<{ id: number }>(
    `SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE d.state = 'withheld' AND d.reason = 'restricted' AND l.restricted_at IS NULL
        ${leadIds === 'any' ? '' : `AND d.lead_id IN (${among.marks})`} ORDER BY d.id LIMIT ${Math.trunc(limit)}`,
    among.values,
  );
  return rows.map((row) => row.id);
}

/** Restarts the age limit, which a restriction stops: each delivery has its whole time again. */
export async function renewAges(tx: Sql, ids: readonly number[]): Promise<void> {
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY)
        SET expires_at = GREATEST(expires_at, TIMESTAMPADD(SECOND, TIMESTAMPDIFF(SECOND, created_at, expires_at), UTC_TIMESTAMP(3)))
      WHERE id IN (?)`,
    [ids],
  );
}

// Reopens deliveries that wait for a cause and not for time: withheld ones, or behind another of the same lead.
// Invariant: a reopened delivery is planned and checked again.

/** Sets withheld deliveries back to `planned`. Returns their ids. */
export async function reopenWithheld(tx: Sql, ids: readonly number[]): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (PRIMARY) WHERE id IN (?) AND state = 'withheld' ORDER BY id FOR UPDATE`,
    [ids],
  );
  if (rows.length === 0) return [];
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', due_at = UTC_TIMESTAMP(3) WHERE id IN (?)`,
    [rows.map((row) => row.id)],
  );
  return rows.map((row) => row.id);
}

/** The same, with an entry for each in the log. Returns them as they are now. */
export async function reopenLogged(
  tx: Sql,
  ids: readonly number[],
  actor: string,
  reason?: string,
): Promise<readonly Delivery[]> {
  const rows = await readDeliveries(tx, await reopenWithheld(tx, ids));
  await appendHandovers(
    tx,
    rows.map((row) => entryAbout(row, 'reopened', actor, { reason })),
  );
  return rows;
}

/** Destinations with a withheld delivery, by a loose scan of the index: it needs the first column in the SELECT. */
export async function destinationsWithWithheld(sql: Sql): Promise<ReadonlySet<string>> {
  const rows = await sql.all<{ destination_id: string }>(
    "SELECT DISTINCT state, destination_id FROM deliveries FORCE INDEX (deliveries_due) WHERE state = 'withheld'",
  );
  return new Set(rows.map((row) => row.destination_id));
}

/** Withheld deliveries of a destination for one of the reasons, in id order after `after`. */
export const withheldOfDestination = (
  sql: Sql,
  destinationId: string,
  reasons: readonly string[],
  limit: number,
  after = 0,
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT id FROM deliveries WHERE state = 'withheld' AND destination_id = ? AND id > ? AND SUBSTRING_INDEX(reason, ':', 1) IN (?)
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [destinationId, after, reasons],
  );

interface Pair {
  readonly leadId: number;
  readonly destinationId: string;
}

const waitsForAnother =
  "((state = 'waiting' AND reason = 'waits_for_create') OR (state = 'withheld' AND reason = 'create_unsettled'))";

/** Sets back to `planned` the deliveries of these leads and destinations that waited for one that has just ended. */
export async function wakeSiblings(tx: Sql, pairs: readonly Pair[]): Promise<void> {
  await wakeAndReadCircuits(tx, pairs, []);
}

/** `FROM ... WHERE ...` that finds one row while nothing waits for a delivery of this lead, and the circuit is still this text. */
export const nothingElse = (
  { leadId, destinationId }: Pair,
  circuit: string,
): { readonly sql: string; readonly values: readonly (number | string)[] } => ({
  sql: `FROM destination_states t FORCE INDEX (PRIMARY) WHERE t.destination_id = ? AND t.circuit = ?
      AND NOT EXISTS (SELECT 1 FROM deliveries FORCE INDEX (deliveries_lead) WHERE lead_id = ? AND destination_id = t.destination_id AND ${waitsForAnother})`,
  values: [destinationId, circuit, leadId],
});

/** The same as `wakeSiblings`, and reads the circuits of destinations, as they are stored, in the same statement. */
export async function wakeAndReadCircuits(
  tx: Sql,
  pairs: readonly Pair[],
  destinationIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const texts: string[] = [];
  const values: (number | string)[] = [];
  if (pairs.length > 0) {
    const list = inList(pairs.map((pair) => pair.leadId));
    texts.push(`SELECT ${packed(['id', 'lead_id', 'destination_id', 'NULL'])} AS packed FROM deliveries FORCE INDEX (deliveries_lead)
          WHERE lead_id IN (${list.marks}) AND ${waitsForAnother}`);
    values.push(...list.values);
  }
  if (destinationIds.length > 0) {
    const list = inList(destinationIds);
    texts.push(`SELECT ${packed(['0', '0', 'destination_id', 'circuit'])} AS packed FROM destination_states FORCE INDEX (PRIMARY)
          WHERE destination_id IN (${list.marks})`);
    values.push(...list.values);
  }
  const circuits = new Map<string, string>();
  if (texts.length === 0) return circuits;
  const woken: number[] = [];
  for (const row of await tx.all<{ packed: unknown }>(texts.join(' UNION ALL '), values)) {
    const { id, lead_id: leadId, destination_id: destinationId, circuit } = unpackWoken(row.packed);
    if (circuit !== null) circuits.set(destinationId, circuit);
    else if (pairs.some((pair) => pair.leadId === leadId && pair.destinationId === destinationId))
      woken.push(id);
  }
  if (woken.length > 0)
    await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', due_at = UTC_TIMESTAMP(3) WHERE id IN (?)
        AND ${waitsForAnother}`,
      [woken],
    );
  return circuits;
}

/** A delivery that waits, or, with `id` 0, the circuit of a destination. */
const unpackWoken = unpacker<{
  readonly id: number;
  readonly lead_id: number;
  readonly destination_id: string;
  readonly circuit: string | null;
}>(['id', 'lead_id', 'destination_id', 'circuit'], new Set());
