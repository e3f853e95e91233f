// Lists authorisations: recipient, data, and whether in force.
// Invariant: reads only; a departure reads them again.
import { liveAuthorisations, type Authorisation } from '../../domain/destination.ts';
import { readAuthorisations } from '../../store/authorisations.ts';
import { allDestinations } from '../../store/destinations.ts';
import type { SupportPlace } from '../place.ts';
import { isWithin, type Scope } from '../scope.ts';

export interface ListedAuthorisation extends Authorisation {
  readonly isLive: boolean;
}

/** Authorisations of one destination, the oldest first. */
export const authorisationsOf = async (
  { database }: Pick<SupportPlace, 'database'>,
  destination: string,
): Promise<readonly Authorisation[]> =>
  (await readAuthorisations(database, [destination])).get(destination) ?? [];

/** By destination, the oldest first. */
export async function authorisationsListed(
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
): Promise<readonly ListedAuthorisation[]> {
  const ids = (await allDestinations(database))
    .filter(({ clientId }) => isWithin(scope, clientId))
    .map(({ id }) => id);
  const all = [...(await readAuthorisations(database, ids)).values()].flat();
  const live = new Set(liveAuthorisations(all, database.now()));
  return all.map((authorisation) => ({ ...authorisation, isLive: live.has(authorisation) }));
}
