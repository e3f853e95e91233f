// Reads published versions of a destination's mapping, newest first; their files on demand.
// Invariant: a version never changes; a client reads its own.
import { unknownDestination, unknownVersion } from '../../errors/unknown.ts';
import type { MappingSources } from '../../mapping/contract.ts';
import { findDestination } from '../../store/destinations.ts';
import { versionHistory, type MappingVersion } from '../../store/mapping-versions.ts';
import type { SupportPlace } from '../place.ts';
import { existing, type Scope } from '../scope.ts';
import * as s from './columns.ts';

export type { MappingVersion } from '../../store/mapping-versions.ts';

interface Shown {
  readonly row: MappingVersion;
  /** Id of the destination's version in force. */
  readonly inForce: number;
  readonly isCentre: boolean;
}
const column = <T>(schema: s.Schema, of: (shown: Shown) => T) => ({ schema, of });

export const versionColumns = {
  version: column(s.whole(), ({ row }) => row.version),
  isInForce: column(s.flag(), ({ row, inForce }) => row.id === inForce),
  fingerprint: column(s.text('SHA-256 of its files'), ({ row }) => row.fingerprint),
  author: column(s.text('empty for a client'), ({ row, isCentre }) => (isCentre ? row.author : '')),
  note: column(s.text('empty for a client'), ({ row, isCentre }) => (isCentre ? row.note : '')),
  publishedAt: column(s.moment(), ({ row }) => row.publishedAt),
};
export type VersionHead = s.RecordOf<typeof versionColumns>;

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
export const headOf = ({ clientId }: Scope, inForce: number, row: MappingVersion): VersionHead =>
  s.recordOf(versionColumns, { row, inForce, isCentre: clientId === undefined });

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
