// Reads mappings by destination: the version in force, the file beside it, the missing items before the client goes live.
// Invariant: a client reads its own versions; files on disk, and authors, are for the centre.
import { checkSources } from '../../mapping/check.ts';
import type { Block } from '../../mapping/spec/blocks.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDestination, unknownVersion } from '../../errors/unknown.ts';
import { goLiveListOfFiles, publishedGoLiveList, type GoLiveList } from '../../publishing/go-live.ts';
import { mostKept } from '../../publishing/plan.ts';
import { allDestinations, findDestination } from '../../store/destinations/destinations.ts';
import {
  readVersions,
  versionHistory,
  type MappingVersion,
} from '../../store/destinations/mapping-versions.ts';
import { keepingOldContent } from '../../store/destinations/version-effects.ts';
import { clientDocument, type DocumentParties } from '../mappings/document.ts';
import {
  allOnDisk,
  draftOf,
  draftState,
  sourcesOf,
  type Draft,
  type DraftState,
  type MappingPlace,
} from '../mappings/files.ts';
import type { TrialAnswer, Trials } from '../mappings/trial-thread.ts';
import { existing, isWithin, type Scope, type SupportPlace, seenDestination } from '../place.ts';
import { newestLeads } from '../stored-leads.ts';
import type { MappingSources } from '../../mapping/contract.ts';
import * as s from './columns.ts';

interface MappingHead {
  readonly destination: string;
  readonly client: string;
  readonly inForce: VersionHead | undefined;
  /** Undefined for a client. */
  readonly draft: DraftState | undefined;
}

/** Every destination that has a version in force or a file, by client. */
export async function mappingHeads(place: MappingPlace, scope: Scope): Promise<readonly MappingHead[]> {
  const { database } = place;
  const stored = (await allDestinations(database)).filter(({ clientId }) => isWithin(scope, clientId));
  const versions = await readVersions(
    database,
    stored.map(({ mappingVersionId }) => mappingVersionId),
  );
  const isCentre = scope.clientId === undefined;
  const disk = new Map(
    isCentre ? allOnDisk(place).map((sources) => [sources.destinationId, sources] as const) : [],
  );
  const heads = stored.map(({ id, clientId, mappingVersionId }): MappingHead => {
    const version = versions.find((one) => one.id === mappingVersionId);
    return {
      destination: id,
      client: clientId,
      inForce: version === undefined ? undefined : headOf(scope, mappingVersionId, version),
      draft: isCentre ? draftState(disk.get(id), version) : undefined,
    };
  });
  const fresh = [...disk.values()]
    .filter(({ destinationId }) => !stored.some(({ id }) => id === destinationId))
    .map(({ destinationId, clientId }): MappingHead => ({
      destination: destinationId,
      client: clientId,
      inForce: undefined,
      draft: 'new',
    }));
  return [...heads, ...fresh].toSorted(
    (a, b) => a.client.localeCompare(b.client) || a.destination.localeCompare(b.destination),
  );
}

export interface MappingPage {
  readonly destination: string;
  readonly client: string;
  /** Newest first; none where there is only a file. */
  readonly versions: readonly VersionHead[];
  /** Undefined for a client. */
  readonly draft: DraftState | undefined;
  readonly goLive: GoLiveList | undefined;
  /** Waiting deliveries with the content of an earlier version. At most `mostKept`; none for a client. */
  readonly keeping: readonly number[];
}

/** @throws FIND-001 */
export async function mappingPage(
  place: MappingPlace,
  scope: Scope,
  destination: string,
): Promise<MappingPage> {
  const found = await findDestination(place.database, destination);
  if (scope.clientId !== undefined) {
    const own = existing(scope, found, unknownDestination(destination));
    const versions = await mappingVersions(place, scope, destination);
    const goLive = await goLiveOf(place, own.clientId);
    return { destination, client: own.clientId, versions, draft: undefined, goLive, keeping: [] };
  }
  const { state: draft, sources } = await draftOf(place, scope, destination);
  const client = found?.clientId ?? sources?.clientId ?? '';
  return {
    destination,
    client,
    draft,
    versions: found === undefined ? [] : await mappingVersions(place, scope, destination),
    goLive: await goLiveOf(place, client, sources !== undefined),
    keeping:
      found === undefined || found.mappingVersionId === 0
        ? []
        : await keepingOldContent(place.database, destination, found.mappingVersionId, mostKept),
  };
}

/** By the version in force; before the first, by the files. Undefined where neither exists. */
async function goLiveOf(
  { database, checkOptions, config }: MappingPlace,
  clientId: string,
  isOnDisk?: boolean,
): Promise<GoLiveList | undefined> {
  const published = await publishedGoLiveList(database, checkOptions, clientId);
  if (published !== undefined || isOnDisk !== true) return published;
  return goLiveListOfFiles(database, checkOptions, { folder: config.mappingsDir, clientId });
}

/** Leads that a difference is computed over. */
const comparedLeads = 50;

/** The file on disk, checked and compared with the version in force. @throws FIND-001 */
export async function draftPage(
  place: MappingPlace,
  trials: Trials,
  draft: Pick<Draft, 'sources' | 'inForce'>,
): Promise<TrialAnswer | undefined> {
  const { sources, inForce } = draft;
  if (sources === undefined) return undefined;
  const { database } = place;
  return trials.ask({
    sources,
    now: database.now(),
    ...(inForce === undefined
      ? {}
      : {
          against: {
            sources: sourcesOf(inForce),
            leads: await newestLeads(database, sources, comparedLeads),
          },
        }),
  });
}

/** A version beside the one in force; undefined where it is that one. @throws FIND-001 */
export async function versionBesideInForce(
  place: MappingPlace,
  trials: Trials,
  scope: Scope,
  { destination, version }: { readonly destination: string; readonly version: number },
): Promise<TrialAnswer | undefined> {
  const found = await seenDestination(place.database, scope, destination);
  const all = await versionHistory(place.database, destination);
  const wanted = all.find((one) => one.version === version);
  const inForce = all.find(({ id }) => id === found.mappingVersionId);
  if (wanted === undefined || inForce === undefined || wanted.id === inForce.id) return undefined;
  return draftPage(place, trials, { sources: sourcesOf(wanted), inForce });
}

/** The document a client signs. @param version undefined: the one in force. @throws FIND-001, MAPPING-001 */
export async function mappingDocument(
  { database, checkOptions }: MappingPlace,
  scope: Scope,
  asked: { readonly destination: string; readonly version: number | undefined },
  parties: DocumentParties,
): Promise<{ readonly title: string; readonly blocks: readonly Block[]; readonly version: number }> {
  const { destination } = asked;
  const found = await seenDestination(database, scope, destination);
  const version = (await versionHistory(database, destination)).find((one) =>
    asked.version === undefined ? one.id === found.mappingVersionId : one.version === asked.version,
  );
  if (version === undefined)
    throw new RelaisError('FIND-001', [
      `La destination ${destination} n’a pas cette version.`,
      `Destination ${destination} has no such version.`,
    ]);
  const sources = sourcesOf(version);
  const checked = checkSources(sources, { ...checkOptions, tests: false });
  if (!checked.ok)
    throw new RelaisError('MAPPING-001', [
      `La version ${version.version} de ${destination} ne passe plus la vérification d’aujourd’hui.`,
      `Version ${version.version} of ${destination} does not pass today's checks.`,
    ]);
  // The author is for the centre only.
  const { author, ...rest } = version;
  const shown = { ...rest, author: scope.clientId === undefined ? author : '' };
  const document = clientDocument(
    { mapping: checked.mapping, sources, version: shown },
    parties,
    database.now(),
  );
  return { ...document, version: version.version };
}

// Reads published versions of a destination's mapping, newest first; their files on demand.
// Invariant: a version never changes; a client reads its own.

export type { MappingVersion } from '../../store/destinations/mapping-versions.ts';

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

async function known({ database }: SupportPlace, scope: Scope, destination: string) {
  const found = await seenDestination(database, scope, destination);
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
