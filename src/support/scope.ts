// Limits reads and acts to the leads of one client, or allows the whole centre's.
// Invariant: another client's are answered as if they did not exist; no read and no act is without a scope.
import type { DeliveryFilter } from '../domain/delivery-filter.ts';
import type { RelaisError } from '../errors.ts';
import { unknownClient } from '../errors/unknown.ts';

export interface Scope {
  /** Undefined: the whole centre, for holders that belong to no client. */
  readonly clientId: string | undefined;
}

/** Scope of the operator at the terminal. */
export const wholeCentre = { kind: 'terminal', clientId: undefined } as const;

export const isWithin = ({ clientId }: Scope, of: string): boolean =>
  clientId === undefined || clientId === of;

/** The filter narrowed to the scope. @throws FIND-001 where it names another client */
export function withinScope<F extends Pick<DeliveryFilter, 'client'>>({ clientId }: Scope, filter: F): F {
  if (clientId === undefined) return filter;
  if (filter.client !== undefined && filter.client !== clientId) throw unknownClient(filter.client);
  return { ...filter, client: clientId };
}

/** @throws `unknown`, the same for a missing thing and another client's */
export function existing<T extends { readonly clientId: string }>(
  scope: Scope,
  found: T | undefined,
  unknown: RelaisError,
): T {
  if (found === undefined || !isWithin(scope, found.clientId)) throw unknown;
  return found;
}
