// Writes refused rows and rows that are held: their reasons, the alerts about them, and the data that is kept of them.
// Invariant: a refused row is visible; it keeps nothing of an erased person, nor of one whose retention is over.
import { raiseAlerts, raiseOnce } from '../store/alerts/alerts.ts';
import type { Sql } from '../store/database.ts';
import { findClient } from '../store/destinations/destinations.ts';
import { blankRows, holdRows, refuseRows, type RowRefusal } from '../store/intake/intake.ts';
import type { IntakeRow, RowId } from '../store/intake/intake-take.ts';
import { lockNamedLeads, nameKey, uniqueNames } from '../store/leads/lead-writes.ts';
import { isRefusedRightTold } from '../store/leads/rights.ts';
import type { Candidate } from './batch.ts';
import { keptOfNobody } from './too-late.ts';

/** @param rows of lead_intake, the refused ones among them */
export async function writeRefused(
  tx: Sql,
  rows: readonly IntakeRow[],
  refused: readonly RowRefusal[],
): Promise<void> {
  await refuseRows(tx, refused);
  await tellRefusedRights(tx, rows, refused);
  await forgetErased(tx, rows, new Set(refused.map(({ id }) => id)));
  await blankRows(tx, await keptOfNobody(tx, rows, refused));
}

/** Holds rows of clients that have moved, with one task for each client: they wait for the new installation. */
export async function holdMoved(tx: Sql, held: readonly Candidate[]): Promise<void> {
  await holdRows(
    tx,
    held.map(({ id }) => id),
  );
  for (const clientId of new Set(held.map(({ row }) => row.clientId)))
    await raiseOnce(tx, { kind: 'moved_rows', clientId });
}

/**
 * A refused row is kept for support; one about an erased lead keeps only its names and reasons, whatever the reason of its refusal (C22).
 */
async function forgetErased(tx: Sql, rows: readonly IntakeRow[], refused: ReadonlySet<RowId>): Promise<void> {
  const named = rows
    .filter((row) => refused.has(row.id))
    .map(({ id, values }) => ({
      id,
      clientId: String(values.client_id),
      reference: String(values.reference),
    }));
  // Under the lead's lock: an erasure that is committing now either removes these rows or is seen here.
  const leads = await lockNamedLeads(tx, uniqueNames(named));
  await blankRows(
    tx,
    named.filter((head) => leads.get(nameKey(head))?.erased === true).map((head) => head.id),
  );
}

/**
 * Alerts when a row that withdraws a consent is refused: no recipient is notified until the row is repaired. A
 * task at once, one for each client until it is closed; it names the client and nothing of the row.
 */
async function tellRefusedRights(
  tx: Sql,
  rows: readonly IntakeRow[],
  refused: readonly RowRefusal[],
): Promise<void> {
  const reasons = new Map(refused.map((refusal) => [refusal.id, refusal.refusal]));
  const unheard = rows.filter((row) => {
    const reason = reasons.get(row.id);
    // An erased person has no grant left to withdraw.
    return reason !== undefined && !reason.includes('LEAD_ERASED') && takesBack(row);
  });
  for (const named of new Set(unheard.map((row) => String(row.values.client_id)))) {
    // A client id that no client has may be any text, a person's data included: it is not logged.
    const clientId = (await findClient(tx, named))?.id ?? '';
    if (await isRefusedRightTold(tx, clientId)) continue;
    await raiseAlerts(tx, [{ kind: 'right_waits', clientId, reason: 'withdrawal_refused' }]);
  }
}

/** Matches any spelling: the spelling may be the reason of the refusal. */
function takesBack({ values, tooLong }: IntakeRow): boolean {
  const isConsent = values.kind === 'consent';
  const said = String(values.consents ?? '');
  return /withdraw/i.test(said) || (isConsent && (/refus/i.test(said) || tooLong.includes('consents')));
}
