// Reads the filter of deliveries from an address or a body.
// Invariant: the same names and the same meaning in both, so that a list and a bulk run cover the same deliveries.
import { deliveryStates, type DeliveryState } from '../../domain/delivery.ts';
import { RelaisError } from '../../errors.ts';
import type { DeliveryFilter } from '../../support/reads/deliveries.ts';
import * as s from '../schemas.ts';

const since = (description: string): s.Schema => ({ type: 'string', format: 'date-time', description });

export const filterFields = {
  client: s.clientName('of one client'),
  destination: s.destinationName('owed to one destination'),
  state: s.oneOf(deliveryStates, 'in one state'),
  cause: s.causeName('reason code: `refused`, `opt_in_missing`, `refused:programme_closed` ...'),
  since: since('planned since'),
  until: since('planned before'),
  lead: s.referenceName("the centre's reference of the lead"),
};

export type FilterAsked = Readonly<Partial<Record<string, string>>>;

export function filterOf(asked: FilterAsked): DeliveryFilter {
  const { client, destination, state, cause, lead } = asked;
  const [from, to] = [momentOf(asked['since']), momentOf(asked['until'])];
  return {
    ...(client === undefined ? {} : { client }),
    ...(destination === undefined ? {} : { destination }),
    ...(state === undefined ? {} : { state: state as DeliveryState }),
    ...(cause === undefined ? {} : { reason: cause }),
    ...(lead === undefined ? {} : { lead }),
    ...(from === undefined ? {} : { since: from }),
    ...(to === undefined ? {} : { until: to }),
  };
}

/** MySQL knows no year below 1000, and nothing here is older than 1970. */
function momentOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || at.getTime() < 0)
    throw new RelaisError('USAGE-001', 'A moment is written as in 2026-11-25T14:00:00Z, from 1970 on.');
  return at;
}
