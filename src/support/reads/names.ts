// Lists the names that a person may choose from: clients and destinations.
// Invariant: another client's are not among them.
import { unknownDestination } from '../../errors/unknown.ts';
import type { Sql } from '../../store/database.ts';
import { allDestinations, clientIds, findDestination, type Destination } from '../../store/destinations.ts';
import type { SupportPlace } from '../place.ts';
import { isWithin, type Scope } from '../scope.ts';

export interface KnownNames {
  readonly clients: readonly string[];
  readonly destinations: readonly string[];
}

/** @throws FIND-001 */
export async function existingDestination(sql: Sql, id: string): Promise<Destination> {
  const found = await findDestination(sql, id);
  if (found === undefined) throw unknownDestination(id);
  return found;
}

/** A destination of a client with a version in force, or any of its destinations; undefined where it has none. */
export async function someDestinationOf(
  { reading }: Pick<SupportPlace, 'reading'>,
  client: string,
): Promise<string | undefined> {
  const own = (await allDestinations(reading)).filter(({ clientId }) => clientId === client);
  const isInForce = ({ mappingVersionId, status }: (typeof own)[number]): boolean =>
    mappingVersionId !== 0 && status !== 'archived';
  return (own.find(isInForce) ?? own[0])?.id;
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
