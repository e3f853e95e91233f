// A refused row that takes a consent back: the person has said no, and no recipient hears it before somebody repairs the row.
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
    // Of an erased person nobody holds a grant any more.
    return reason !== undefined && !reason.includes('LEAD_ERASED') && takesBack(row);
  });
  for (const named of new Set(unheard.map((row) => String(row.values.client_id)))) {
    // What names no client may be anything, a person included.
    const clientId = (await findClient(tx, named))?.id ?? '';
    if (await isRefusedRightTold(tx, clientId)) continue;
    await raiseAlerts(tx, [{ kind: 'right_waits', clientId, reason: 'withdrawal_refused' }]);
  }
}

/** However it is spelt: its spelling may be why the row was refused. */
function takesBack({ values, tooLong }: IntakeRow): boolean {
  const isConsent = values.kind === 'consent';
  const said = String(values.consents ?? '');
  return /withdraw/i.test(said) || (isConsent && (/refus/i.test(said) || tooLong.includes('consents')));
}
