// The names that a person may choose from: clients and destinations.
// Invariant: another client's are not among them.
import { allDestinations, clientIds } from '../../store/destinations.ts';
import type { SupportPlace } from '../place.ts';
import { isWithin, type Scope } from '../scope.ts';

export interface KnownNames {
  readonly clients: readonly string[];
  readonly destinations: readonly string[];
}

export async function namesInScope(
  { reading }: Pick<SupportPlace, 'reading'>,
  scope: Scope,
): Promise<KnownNames> {
  const clients = await clientIds(reading);
  const destinations = await allDestinations(reading);
  return {
    clients: clients.filter((id) => isWithin(scope, id)),
    destinations: destinations.filter(({ clientId }) => isWithin(scope, clientId)).map(({ id }) => id),
  };
}
