// Reads the sending hours of destinations, for words about departure times.
// Invariant: the hours in force; a mapping without hours is not compiled to find that out.
import type { Published } from '../delivery/trip/mapping-cache.ts';
import type { SendingHours } from '../domain/sending-hours.ts';
import type { Sql } from '../store/database.ts';
import type { Destination } from '../store/destinations.ts';
import { readVersions } from '../store/mapping-versions.ts';

/** By destination; one that may send at any hour is left out. */
export async function publishedHours(
  { database, published }: { readonly database: Sql; readonly published: Published },
  destinations: readonly (Destination | undefined)[],
): Promise<ReadonlyMap<string, SendingHours>> {
  const ids = destinations.flatMap((destination) => destination?.mappingVersionId ?? []);
  const found = new Map<string, SendingHours>();
  for (const version of await readVersions(database, ids)) {
    if (!version.sources.includes('hours')) continue;
    const hours = (await published.version(version.id))?.limits.hours;
    if (hours !== undefined) found.set(version.destinationId, hours);
  }
  return found;
}
