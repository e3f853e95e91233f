// A right is exercised at every mailbox that had the lead (GDPR article 19): one that stands in the file no more does not get the
// mail that erases or takes back, so a person writes to it.
// Invariant: told in the transaction that records the mail; nothing is asked for creates, nor for other connectors.
import { byHand } from './former-authorisation.ts';
import type { Alert } from '../../store/alerts.ts';
import type { Sql } from '../../store/database.ts';
import { toldMailboxes, type ToldMailbox } from '../../store/told-mailboxes.ts';
import type { OutcomeEffects } from './attempt.ts';
import type { TripEnd } from './trip-end.ts';

export async function alertsOfFormerMailboxes(
  tx: Sql,
  ends: readonly TripEnd[],
  { settlements }: Pick<OutcomeEffects, 'settlements'>,
): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  for (const { attempted } of ends) {
    if (attempted?.connector !== 'email') continue;
    for (const row of attempted.rows) {
      const isDelivered = settlements.some(({ id, state }) => id === row.id && state === 'delivered');
      if (row.action === 'create' || !isDelivered) continue;
      const { id: deliveryId, clientId, destinationId, leadId } = row;
      if (isUntold(await toldMailboxes(tx, leadId, destinationId), deliveryId))
        alerts.push({ kind: 'manual_task', clientId, destinationId, deliveryId, reason: byHand(row).reason });
    }
  }
  return alerts;
}

/** Whether a mailbox holds what this delivery takes back, and was not told. */
function isUntold(told: readonly ToldMailbox[], deliveryId: number): boolean {
  const now = told.filter((one) => one.deliveryId === deliveryId);
  const last = new Map(told.map((one) => [one.mailbox, one]));
  return [...last.values()].some(
    (one) => one.deliveryId !== deliveryId && now.some((present) => takesBack(present, one)),
  );
}

function takesBack(present: ToldMailbox, held: ToldMailbox): boolean {
  if (present.action === 'erase') return held.action !== 'erase';
  return present.consents.some(
    ({ purpose, channel, state }) =>
      state !== 'granted' &&
      held.consents.some(
        (one) => one.purpose === purpose && one.channel === channel && one.state === 'granted',
      ),
  );
}
