// Decides what follows when a delivery arrives late: its worker had lost the lease, and a later one may have ended already. Pure.
// Invariant: a recipient that may hold what a person took back gets it again, or support is alerted, whatever the order of arrival.
import type { Action, Outcome } from '../../connectors/contract.ts';
import type { DeliveryState } from './delivery.ts';

/** A delivery of the same lead and destination. */
export interface Told {
  readonly id: number;
  readonly action: Action;
  readonly state: DeliveryState;
  /** How often it has departed. */
  readonly departures: number;
}

/** True when the recipient may hold the content. */
export function mayHaveCome(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'accepted':
    case 'duplicate':
    case 'pending':
    case 'unconfirmed':
    case 'unknown':
      return true;
    case 'refused':
      return outcome.partly === true || outcome.maybeReceived === true;
    case 'unavailable':
      return outcome.maybeReceived || outcome.partly === true;
    case 'unauthorized':
    case 'throttled':
      return outcome.maybeReceived === true;
    case 'invalid':
    case 'absent':
      return false;
  }
}

export type AfterLate =
  /** Nothing came after it, or what did still has to leave. */
  | { readonly next: 'nothing' }
  /** A later delivery had departed before it arrived: that one is sent once more, and support is alerted. */
  | { readonly next: 'tell_again'; readonly id: number }
  /** It cannot be told again by itself. */
  | { readonly next: 'alert' };

/** @param late what arrived; @param pair all deliveries of its lead and destination as they stand, its own among them */
export function afterLate(
  late: { readonly id: number; readonly action: Action },
  pair: readonly Told[],
  isErased: boolean,
): AfterLate {
  if (late.action === 'erase') return { next: 'nothing' };
  const later = pair.filter(
    ({ id, action, state }) =>
      action !== 'create' && (id > late.id || (id === late.id && state === 'delivered')),
  );
  // An erasure says all that an update would.
  const last = later.findLast(({ action }) => action === 'erase') ?? later.at(-1);
  if (last === undefined) return { next: isErased ? 'alert' : 'nothing' };
  switch (last.state) {
    case 'delivered':
      return { next: 'tell_again', id: last.id };
    case 'cancelled':
      return last.action === 'erase' ? { next: 'tell_again', id: last.id } : { next: 'alert' };
    case 'sending':
    case 'pending':
      if (last.departures === 0) return { next: 'nothing' };
      // The recipient may have got that one first. Nothing leaves behind an erasure, so that a second one may leave beside the first; an
      // update that began again while its worker still sends could arrive behind an erasure.
      return last.action === 'erase' ? { next: 'tell_again', id: last.id } : { next: 'alert' };
    case 'failed':
      return { next: 'alert' };
    case 'planned':
    case 'queued':
    case 'waiting':
    case 'withheld':
      return { next: 'nothing' };
  }
}
