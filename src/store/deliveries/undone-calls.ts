// Records calls that were undone after a later one was refused, and checks whether a call may be undone.
// Invariant: an undone call counts as absent: a new run makes it again.
import type { Captured } from '../../../connectors/contract.ts';
import { type Sql, hasRow } from '../database.ts';
import { sharedAddresses } from '../people/same-address.ts';

/** Records that the recipient has deleted the objects of these calls. */
export async function noteUndone(
  tx: Sql,
  calls: readonly { readonly deliveryId: number; readonly name: string }[],
): Promise<void> {
  for (const { deliveryId, name } of calls)
    await tx.run(
      `UPDATE delivery_calls SET outcome = 'absent', maybe_received = 0, done = 0, captures = NULL
        WHERE delivery_id = ? AND name = ?`,
      [deliveryId, name],
    );
}

/** Code that the recipient gave with an answer; empty when it gave none. */
export async function codeOfAnswer(
  sql: Sql,
  { leadId }: { readonly leadId: number },
  {
    deliveryId,
    run,
    attempt,
  }: { readonly deliveryId: number; readonly run: number; readonly attempt: number },
): Promise<string> {
  const [entry] = await sql.all<{ reason: string }>(
    `SELECT reason FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND run = ? AND attempt = ? AND entry IN ('outcome', 'lookup') ORDER BY id DESC LIMIT 1`,
    [leadId, deliveryId, run, attempt],
  );
  return entry?.reason ?? '';
}

/** True when an earlier run was delivered: then its objects are a whole record. */
export const wasDelivered = (
  sql: Sql,
  { id, leadId }: { readonly id: number; readonly leadId: number },
): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND next_step = 'done' LIMIT 1`,
    [leadId, id],
  );

/** Leads per statement. */
const atOnce = 500;

/** True when another lead of the same address has one of these ids: a recipient that identifies people by address merges them. */
export async function othersHave(
  sql: Sql,
  row: { readonly leadId: number; readonly destinationId: string },
  { name, captures }: { readonly name: string; readonly captures: Captured },
): Promise<boolean> {
  const ids = Object.entries(captures);
  if (ids.length === 0) return false;
  const sharing = (await sharedAddresses(sql, [row.leadId], 'all')).flatMap(({ all }) => all);
  const others = [...new Set(sharing)].filter((id) => id !== row.leadId);
  for (let start = 0; start < others.length; start += atOnce) {
    const rows = await sql.all<{ captures: string }>(
      `SELECT captures FROM delivery_calls FORCE INDEX (delivery_calls_lead)
        WHERE lead_id IN (?) AND destination_id = ? AND name = ? AND captures IS NOT NULL`,
      [others.slice(start, start + atOnce), row.destinationId, name],
    );
    for (const other of rows) {
      const given = JSON.parse(other.captures) as Captured;
      // A number and the same digits are one id.
      if (ids.some(([id, value]) => String(given[id] ?? '') === String(value))) return true;
    }
  }
  return false;
}
