// Reads published versions of a destination's mapping, newest first; their files on demand.
// Invariant: a version never changes; a client reads its own.
import { unknownDestination, unknownVersion } from '../../errors/unknown.ts';
import type { MappingSources } from '../../mapping/contract.ts';
import { findDestination } from '../../store/destinations.ts';
import { versionHistory, type MappingVersion } from '../../store/mapping-versions.ts';
import type { SupportPlace } from '../place.ts';
import { existing, type Scope } from '../scope.ts';

export type { MappingVersion } from '../../store/mapping-versions.ts';

export interface VersionHead {
  readonly version: number;
  readonly isInForce: boolean;
  /** SHA-256 of its files. */
  readonly fingerprint: string;
  /** Author and note; empty for a client. */
  readonly author: string;
  readonly note: string;
  readonly publishedAt: Date;
}

export interface VersionPage extends VersionHead {
  /** File by file, as published. */
  readonly files: Readonly<Record<string, string>>;
  /** Name of the mapping among them. */
  readonly main: string;
}

interface Known {
  readonly versions: readonly MappingVersion[];
  readonly inForce: number;
}

async function known({ database }: SupportPlace, scope: Scope, destination: string): Promise<Known> {
  const found = existing(
    scope,
    await findDestination(database, destination),
    unknownDestination(destination),
  );
  return { versions: await versionHistory(database, found.id), inForce: found.mappingVersionId };
}

/** @param inForce id of the destination's version in force */
export const headOf = (scope: Scope, inForce: number, version: MappingVersion): VersionHead => ({
  version: version.version,
  isInForce: version.id === inForce,
  fingerprint: version.fingerprint,
  author: scope.clientId === undefined ? version.author : '',
  note: scope.clientId === undefined ? version.note : '',
  publishedAt: version.publishedAt,
});

/** @throws FIND-001 */
export async function mappingVersions(
  place: SupportPlace,
  scope: Scope,
  destination: string,
): Promise<readonly VersionHead[]> {
  const all = await known(place, scope, destination);
  return all.versions.map((version) => headOf(scope, all.inForce, version));
}

/** @throws FIND-001 */
export async function mappingVersion(
  place: SupportPlace,
  scope: Scope,
  { destination, version }: { readonly destination: string; readonly version: number },
): Promise<VersionPage> {
  const all = await known(place, scope, destination);
  const found = all.versions.find((one) => one.version === version);
  if (found === undefined) throw unknownVersion(destination, version);
  const { files, main } = JSON.parse(found.sources) as MappingSources;
  return { ...headOf(scope, all.inForce, found), files, main };
}
