// Follows up a right that a recipient may not have received: resends an erasure or update that a late delivery overtook, and opens a task
// for a mailbox that had the lead and is no longer in the file (GDPR article 19).
// Invariant: the caller holds the lock of the lead; every writer of an outcome calls this in the transaction of that outcome.
import type { Outcome } from '../../../connectors/contract.ts';
import { isArchived } from '../../domain/hosting.ts';
import { afterLate, mayHaveCome } from '../../domain/verdict.ts';
import { type Alert, alertAbout } from '../../store/alerts/alerts.ts';
import type { Sql } from '../../store/database.ts';
import { openCalls } from '../../store/deliveries/calls.ts';
import { deliveriesOfLeads, lockDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import type { Settlement } from '../../store/deliveries/delivery-settlements.ts';
import { findDestination } from '../../store/destinations/destinations.ts';
import { appendHandovers, entryAbout } from '../../store/log/handovers.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { attemptEntries } from '../../store/deliveries/pull-entries.ts';
import { openRun, startOver } from '../../store/deliveries/support-writes.ts';
import { toldMailboxes, type ToldMailbox } from '../../store/deliveries/told-mailboxes.ts';
import type { Attempted, ClaimedDelivery } from '../trip/attempt.ts';

export interface LateArrival {
  readonly row: Pick<Delivery, 'id' | 'action' | 'leadId' | 'clientId' | 'destinationId'>;
  readonly outcome: Outcome;
}

/**
 * Those of the rows whose answer the log has already, behind their last departure: it was recorded, and the answer to that commit was lost.
 * Nothing has come late, and an update would overtake itself. The caller has locked the rows.
 */
export async function answeredBefore(
  tx: Sql,
  answers: readonly { readonly row: ClaimedDelivery; readonly outcome: Outcome }[],
): Promise<ReadonlySet<ClaimedDelivery>> {
  const entries = Map.groupBy(
    await attemptEntries(
      tx,
      answers.map(({ row }) => row.id),
    ),
    ({ deliveryId }) => deliveryId,
  );
  const known = answers.filter(({ row, outcome }) => {
    const own =
      entries.get(row.id)?.filter(({ run, attempt }) => run === row.run && attempt === row.attempt) ?? [];
    const last = own.findLastIndex(({ entry }) => entry === 'departed');
    return own
      .slice(last + 1)
      .some(({ entry, outcome: said }) => entry === 'outcome' && said === outcome.kind);
  });
  return new Set(known.map(({ row }) => row));
}

/** @returns the alerts to raise */
export async function resendOvertaken(tx: Sql, arrivals: readonly LateArrival[]): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  for (const { row, outcome } of arrivals) {
    if (row.action === 'erase' || !mayHaveCome(outcome)) continue;
    const isErased = (await lockLeads(tx, [row.leadId])).get(row.leadId)?.erased ?? true;
    const pair = (await deliveriesOfLeads(tx, [row.leadId])).filter(
      ({ destinationId }) => destinationId === row.destinationId,
    );
    const after = afterLate(row, pair, isErased);
    if (after.next === 'nothing') continue;
    const isTold = after.next === 'tell_again' && (await reopenAndQueue(tx, after.id));
    const about = after.next === 'tell_again' ? { ...row, id: after.id } : row;
    alerts.push(alertAbout(about, 'late_arrival', isTold ? 'TOLD_AGAIN' : 'NOT_TOLD_AGAIN'));
  }
  return alerts;
}

/** Under a new key: an idempotent recipient would answer the old one from its memory. */
async function reopenAndQueue(tx: Sql, id: number): Promise<boolean> {
  const [row] = await lockDeliveries(tx, [id]);
  if (row === undefined) return false;
  const destination = await findDestination(tx, row.destinationId);
  if (destination === undefined || isArchived(destination)) return false;
  const maxAgeMs = row.expiresAt.getTime() - row.createdAt.getTime();
  if (!(await openRun(tx, row, { newKey: true, askFirst: false, maxAgeMs, alsoUnderWay: true })))
    return false;
  const call = (await openCalls(tx, [id])).get(id);
  await startOver(tx, id);
  // No lease is left to recover this attempt: a worker that dies here, or a client that never answers, gets no outcome later (guarantee 3).
  const isOpen = row.state === 'sending' && row.departedAttempt === row.attempt;
  const replaced = {
    call: call?.name,
    outcome: 'unknown',
    reason: 'RUN_REPLACED',
    nextStep: 'retry',
  } as const;
  await appendHandovers(tx, [
    ...(isOpen ? [entryAbout(row, 'outcome_unknown', 'worker', replaced)] : []),
    entryAbout(row, 'replayed', 'worker', { run: row.run + 1, purpose: 'late arrival', reason: 'new_run' }),
  ]);
  return true;
}

export async function alertsOfFormerMailboxes(
  tx: Sql,
  { rows }: Pick<Attempted, 'rows'>,
  settlements: readonly Settlement[],
): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  for (const row of rows) {
    const isDelivered = settlements.some(({ id, state }) => id === row.id && state === 'delivered');
    if (row.action === 'create' || !isDelivered) continue;
    if (isUninformed(await toldMailboxes(tx, row.leadId, row.destinationId), row.id))
      alerts.push(alertAbout(row, 'manual_task', manualTaskFor(row).reason));
  }
  return alerts;
}

/** True if a mailbox holds what this delivery takes back, and did not get this delivery. */
function isUninformed(told: readonly ToldMailbox[], deliveryId: number): boolean {
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

/** The state and reason of a right that cannot be exercised by a message: a person writes to the recipient. */
export const manualTaskFor = (
  row: Pick<ClaimedDelivery, 'action'>,
): { readonly state: 'failed'; readonly reason: string } => ({
  state: 'failed',
  reason: row.action === 'erase' ? 'manual_erasure_required' : 'manual_update_required',
});
