// Whose leads somebody may see and act on: one client's, or the whole centre's.
// Invariant: what is out of scope is answered as what does not exist; no read and no act goes without a scope.
import type { RelaisError } from '../errors.ts';
import { unknownClient } from '../errors/unknown.ts';
import type { DeliveryFilter } from '../store/delivery-lists.ts';

export interface Scope {
  /** Undefined: the whole centre, for holders that belong to no client. */
  readonly clientId: string | undefined;
}

/** Of whoever works at the terminal. */
export const wholeCentre: Scope = { clientId: undefined };

export const isWithin = ({ clientId }: Scope, of: string): boolean =>
  clientId === undefined || clientId === of;

/** The filter as far as the scope goes. @throws FIND-001 where it names another client */
export function withinScope<F extends Pick<DeliveryFilter, 'client'>>({ clientId }: Scope, filter: F): F {
  if (clientId === undefined) return filter;
  if (filter.client !== undefined && filter.client !== clientId) throw unknownClient(filter.client);
  return { ...filter, client: clientId };
}

/** @throws `unknown`, the same whether it does not exist or is another client's */
export function existing<T extends { readonly clientId: string }>(
  scope: Scope,
  found: T | undefined,
  unknown: RelaisError,
): T {
  if (found === undefined || !isWithin(scope, found.clientId)) throw unknown;
  return found;
}
