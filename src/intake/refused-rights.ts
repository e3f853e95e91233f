// Alerts when a row that withdraws a consent is refused: no recipient is notified until the row is repaired.
// Invariant: a task at once, one for each client until it is closed; it names the client and nothing of the row.
import { raiseAlerts } from '../store/alerts.ts';
import type { Sql } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import type { RowRefusal } from '../store/intake.ts';
import type { IntakeRow } from '../store/intake-take.ts';
import { isRefusedRightTold } from '../store/overdue-rights.ts';

export async function tellRefusedRights(
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
