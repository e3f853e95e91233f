// Decides the next step for an outcome that arrives after its worker lost the lease, when a later delivery may have ended. Pure.
// Invariant: a recipient that may have data a person withdrew gets the withdrawal again, or support is alerted, in any order of arrival.
import type { Action, Outcome } from '../../connectors/contract.ts';
import type { DeliveryState } from './delivery.ts';

/** A delivery of the same lead and destination. */
export interface Told {
  readonly id: number;
  readonly action: Action;
  readonly state: DeliveryState;
  /** Number of its departures. */
  readonly departures: number;
}

/** True when the recipient may have the content. */
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
  /** No later delivery, or one that has yet to leave. */
  | { readonly next: 'nothing' }
  /** A later delivery had departed before this one arrived: it is sent again, and support is alerted. */
  | { readonly next: 'tell_again'; readonly id: number }
  /** It cannot be sent again automatically. */
  | { readonly next: 'alert' };

/** @param late the delivery that arrived; @param pair all deliveries of its lead and destination as they are, itself included */
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
  // An erasure includes every update.
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
      // The recipient may have got the later one first. Nothing leaves after an erasure, so that a second one may leave beside the
      // first; an update restarted while its worker still sends could arrive after an erasure.
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
