// What the other deliveries of a lead and destination mean for one: whether it must wait, and what it would speak of.
// Invariant: pure; per (lead, destination) one is in flight, and a later one waits until every earlier one has ended or is barred.
import { isEnd, splitReason } from '../../domain/delivery.ts';
import type { LockedDelivery } from '../../store/delivery-claims.ts';

const createsAmong = (siblings: readonly LockedDelivery[]): readonly LockedDelivery[] =>
  siblings.filter((sibling) => sibling.action === 'create');

/** False when the recipient refused the lead or never got it: an update would speak of nothing. */
export function standsAmong(siblings: readonly LockedDelivery[]): boolean {
  const creates = createsAmong(siblings);
  return (
    creates.length === 0 || creates.some((create) => create.state === 'delivered' || create.maybeReceived)
  );
}

/** Its create may have been received, and nobody knows. */
export function unsettledAmong(siblings: readonly LockedDelivery[]): boolean {
  const creates = createsAmong(siblings);
  return (
    creates.some((create) => create.maybeReceived) && creates.every((create) => create.state !== 'delivered')
  );
}

/**
 * May have been received, and cannot leave again for want of an authorisation or under a restriction; or an update that a restriction
 * holds back: what the prospect takes back does not wait for it.
 */
function barred({ action, state, maybeReceived, reason }: LockedDelivery): boolean {
  if (state !== 'withheld') return false;
  const { base } = splitReason(reason);
  return base === 'restricted'
    ? maybeReceived || action === 'update'
    : maybeReceived && base === 'recipient_not_authorised';
}

export function blockedBy(
  row: LockedDelivery,
  siblings: readonly LockedDelivery[],
  taken: ReadonlySet<number>,
): boolean {
  return siblings.some(
    (sibling) =>
      sibling.state === 'sending' ||
      (sibling.id < row.id && !isEnd(sibling.state) && !barred(sibling)) ||
      taken.has(sibling.id),
  );
}
