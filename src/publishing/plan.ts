// Computes the changes of a publication or a rollback, so that a person can confirm them first.
// Invariant: reads only; uses the functions that publish, so that the plan is what happens.
import type { Authorisation, AuthorisationFact } from '../domain/destination.ts';
import { unknownVersion } from '../errors/unknown.ts';
import type { CompiledMapping, MappingSources, Problem } from '../mapping/contract.ts';
import type { Database } from '../store/database.ts';
import { findClient, findDestination } from '../store/destinations/destinations.ts';
import {
  fingerprintOf,
  readVersions,
  versionHistory,
  type MappingVersion,
} from '../store/destinations/mapping-versions.ts';
import { keepingOldContent } from '../store/destinations/version-effects.ts';
import { compareAuthorisations } from './authorise.ts';
import { factChanges, mappingChanges, compiledAgain } from './notes.ts';
import {
  checkFiles,
  checkVersion,
  refuseOtherUse,
  type PublishingDeps,
  refuseInProduction,
} from './fitness.ts';
import { countEnding, toReopen } from './version-effects.ts';

export const mostKept = 1_000;

export interface VersionPlan {
  readonly destinationId: string;
  readonly clientId: string;
  /** In force at present; undefined: no version is. */
  readonly before: MappingVersion | undefined;
  /** SHA-256 of the files that would be in force. */
  readonly fingerprint: string;
  /** The same files are in force already. */
  readonly isSame: boolean;
  readonly warnings: readonly Problem[];
  /** In French, line by line, as the client's written note will describe them (C48). */
  readonly changes: readonly string[];
  /** Waiting deliveries whose leads the version does not take: they would end. */
  readonly ending: number;
  /** Waiting deliveries that keep the content of an earlier version, since the recipient may have it. At most `mostKept`. */
  readonly keeping: readonly number[];
  /** Withheld deliveries that are judged again. */
  readonly reopening: number;
  readonly authorised: readonly AuthorisationFact[];
  readonly unnamed: readonly Authorisation[];
  readonly secretNames: readonly string[];
}

/** @throws FIND-001, MAPPING-001, MAPPING-003, DEST-001, DEST-002 */
export async function planPublication(
  deps: PublishingDeps,
  destinationId: string,
  given?: MappingSources,
): Promise<VersionPlan> {
  const { sources, mapping, warnings } = await checkFiles(deps, destinationId, given);
  const { added, unnamed } = await compareAuthorisations(deps.database, mapping);
  const plan = await planOf(deps, mapping, fingerprintOf(JSON.stringify(sources)), 0);
  return { ...plan, warnings, authorised: added, unnamed };
}

/** @throws FIND-001, MAPPING-001, MAPPING-003, DEST-002 */
export async function planRollback(
  deps: PublishingDeps,
  destinationId: string,
  version: number,
): Promise<VersionPlan> {
  const { database } = deps;
  const wanted = (await versionHistory(database, destinationId)).find((one) => one.version === version);
  if (wanted === undefined) throw unknownVersion(destinationId, version);
  const mapping = checkVersion(deps, wanted);
  if (deps.production) await refuseInProduction(database, mapping);
  return planOf(deps, mapping, wanted.fingerprint, wanted.id);
}

/** @param versionId of a stored version */
async function planOf(
  deps: PublishingDeps,
  mapping: CompiledMapping,
  fingerprint: string,
  versionId: number,
): Promise<VersionPlan> {
  const { database, check } = deps;
  const { destinationId, clientId, client, secretNames } = mapping;
  const destination = await findDestination(database, destinationId);
  await refuseOtherUse(database, destination, mapping);
  const before = await inForceOf(database, destination?.mappingVersionId);
  const isSame = before?.fingerprint === fingerprint;
  const facts = factChanges(await findClient(database, clientId), client);
  return {
    destinationId,
    clientId,
    before,
    fingerprint,
    isSame,
    secretNames,
    changes: [
      ...(isSame ? [] : mappingChanges(compiledAgain(before, check), mapping, database.now())),
      ...facts,
    ],
    ending: await countEnding(deps, mapping),
    keeping: await keepingOldContent(
      database,
      destinationId,
      isSame ? (before?.id ?? 0) : versionId,
      mostKept,
    ),
    reopening: (await toReopen(database, destinationId)).length,
    warnings: [],
    authorised: [],
    unnamed: [],
  };
}

async function inForceOf(database: Database, id: number | undefined): Promise<MappingVersion | undefined> {
  return id === undefined || id === 0 ? undefined : (await readVersions(database, [id]))[0];
}
