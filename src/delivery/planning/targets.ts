// The destinations of clients with the versions published for them, as planning needs them.
// Invariant: a destination without a version is none; an archived one is kept, since it may hold leads.
import type { Destination } from '../../store/destinations/destinations.ts';
import { isArchived } from '../../domain/hosting.ts';
import type { Published } from '../trip/mapping-cache.ts';
import type { PlanTarget } from './plan-change.ts';

export async function targetsOf(
  destinations: readonly Destination[],
  published: Published,
): Promise<readonly PlanTarget[]> {
  const targets: PlanTarget[] = [];
  for (const destination of destinations) {
    if (destination.mappingVersionId === 0) continue;
    const mapping = isArchived(destination)
      ? undefined
      : await published.version(destination.mappingVersionId);
    targets.push({ destination, mapping });
  }
  return targets;
}
