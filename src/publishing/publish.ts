// Publishes a mapping: checked, stored with author and note, in force at once; also rollback and history.
// Invariant: a version is never deleted, and the log names the person who put it in force.
import { citedText, mappingDigest } from '../domain/keyed.ts';
import type { Authorisation, ClientFacts } from '../domain/destination.ts';
import { unknownDestination, unknownVersion } from '../errors/unknown.ts';
import type { Log } from '../log.ts';
import type { CompiledMapping, MappingSources, Problem } from '../mapping/contract.ts';
import { inTurn } from '../store/alone.ts';
import type { Sql } from '../store/database.ts';
import {
  findClient,
  findDestination,
  lockDestination,
  saveDestination,
} from '../store/destinations/destinations.ts';
import { appendHandover } from '../store/log/handovers.ts';
import {
  fingerprintOf,
  insertVersion,
  pointAt,
  readVersions,
  versionHistory,
  type MappingVersion,
} from '../store/destinations/mapping-versions.ts';
import { askAgain } from '../store/deliveries/held-back.ts';
import { lockClients } from '../store/client-locks.ts';
import { keepingOldContent } from '../store/destinations/version-effects.ts';
import { authorise } from './authorise.ts';
import { followContract, refuseEnding, reopen, reopenAccepted, type MayEnd } from './version-effects.ts';
import { noteOfPublication, noteOfRollback } from './notes.ts';
import {
  checkFiles,
  endOtherUse,
  checkVersion,
  refuseInProduction,
  type FitMapping,
  type PublishingDeps,
} from './fitness.ts';
import { mostKept, planPublication, planRollback } from './plan.ts';

export interface PublishRequest {
  readonly destinationId: string;
  /** The files to publish; absent: those of the mappings folder. */
  readonly sources?: MappingSources;
  readonly author: string;
  readonly note: string;
  /** The person who asked for it, for the client's note (C48); absent: the centre itself. */
  readonly askedBy?: string | undefined;
  /** Numbers of the instructions in the client's register that justify it (C53). */
  readonly instructions?: readonly number[];
  /** Leads created before are not taken; default now. */
  readonly leadsFrom?: Date;
  /** Confirms a version whose `accepts` ends waiting deliveries. Without it such a version is refused. */
  readonly mayEnd?: MayEnd | undefined;
}

export interface PublishResult {
  readonly version: MappingVersion;
  /** False when the same files were in force already. */
  readonly changed: boolean;
  readonly warnings: readonly Problem[];
  /** Authorisations of client.yaml that were added. */
  readonly authorised: number;
  /** Authorisations in force that client.yaml does not list: removed from it or changed in it, or granted by hand. */
  readonly unnamed: readonly Authorisation[];
  /** Withheld deliveries that are judged again. */
  readonly reopened: number;
  /** Deliveries that an earlier version had ended because it did not take their leads. */
  readonly acceptedAgain: number;
  /** Waiting deliveries that keep the content of an earlier version, since the recipient may have it. At most `mostKept`. */
  readonly keeping: readonly number[];
  readonly mapping: CompiledMapping;
  /** Number of the client's written note; undefined where nothing was changed. */
  readonly noteNumber: number | undefined;
}

export type Publishing = ReturnType<typeof createPublishing>;

export function createPublishing(deps: PublishingDeps & { readonly log: Log }) {
  return {
    /** Throws what `publish` would throw, without publishing. @throws MAPPING-001, MAPPING-003 */
    refuseUnfit: async (destinationId: string) => void (await checkFiles(deps, destinationId)),
    /** Counts what `publish` would do, without doing it. @throws the errors of `publish` about the mapping itself */
    plan: (destinationId: string, sources?: MappingSources) => planPublication(deps, destinationId, sources),
    /** The same for `rollback`. */
    planRollback: (destinationId: string, version: number) => planRollback(deps, destinationId, version),
    /** @throws MAPPING-001 listing every problem, MAPPING-006, INSTRUCTION-001; nothing is stored then */
    publish: (request: PublishRequest) => publish(deps, request),
    /** Puts an earlier version back in force. */
    rollback: (request: RollbackRequest) => rollback(deps, request),
    history: (destinationId: string) => history(deps, destinationId),
  };
}

async function publish(
  deps: PublishingDeps & { readonly log: Log },
  request: PublishRequest,
): Promise<PublishResult> {
  const { database } = deps;
  const fit = await checkFiles(deps, request.destinationId, request.sources);
  const { mapping, warnings } = fit;
  await refuseEnding(deps, mapping, request.mayEnd);
  const result = await database.transaction((tx) => putInForce(tx, deps, request, fit));
  const acceptedAgain = await reopenAccepted(database, mapping, request.author);
  deps.log.info('mapping.published', { destination: request.destinationId, version: result.version.version });
  return { ...result, acceptedAgain, warnings, mapping };
}

async function putInForce(
  tx: Sql,
  { check, database }: PublishingDeps,
  request: PublishRequest,
  { sources, mapping }: FitMapping,
): Promise<Omit<PublishResult, 'acceptedAgain' | 'warnings' | 'mapping'>> {
  // Serialised: the second of two first publications must see what the first put in force.
  const { facts, inForce } = await inTurn(tx, database, `publish-${request.destinationId}`, () =>
    entered(tx, request, mapping),
  );
  await followContract(tx, inForce, mapping);
  const text = JSON.stringify(sources);
  const isSame = inForce !== undefined && inForce.fingerprint === fingerprintOf(text);
  const version = isSame ? inForce : await storeVersion(tx, request, mapping, text);
  const { added, unnamed } = await authorise(tx, mapping, request.author);
  const reopened = await reopen(tx, mapping.destinationId, request.author);
  const keeping = await keepingOldContent(tx, mapping.destinationId, version.id, mostKept);
  const noteNumber = await noteOfPublication(
    tx,
    {
      ...request,
      before: { version: inForce, facts },
      version,
      mapping,
      check,
      askedBy: request.askedBy,
      instructions: request.instructions ?? [],
      doneBy: request.author,
    },
    added,
  );
  return { version, changed: !isSame, authorised: added.length, unnamed, reopened, keeping, noteNumber };
}

/** Writes the rows of client and destination from the mapping. Returns the state before. @throws DEST-001, DEST-002 */
async function entered(
  tx: Sql,
  request: PublishRequest,
  mapping: CompiledMapping,
): Promise<{ readonly facts: ClientFacts | undefined; readonly inForce: MappingVersion | undefined }> {
  // Intake plans new leads under this lock: a lead is planned before this transaction, or sees the destination.
  await lockClients(tx, [mapping.clientId], 'alone');
  const before = await lockDestination(tx, request.destinationId);
  await endOtherUse(tx, before, mapping, request.author);
  // The facts in force are read before the rows of destination and client are written.
  const facts = await findClient(tx, mapping.clientId);
  const inForce = before === undefined ? undefined : (await readVersions(tx, [before.mappingVersionId]))[0];
  await saveDestination(tx, mapping.client, {
    id: mapping.destinationId,
    connector: mapping.connector,
    mappingVersionId: before?.mappingVersionId ?? 0,
    leadsFrom: request.leadsFrom ?? tx.now(),
  });
  return { facts, inForce };
}

/** Stores a new version, makes it the current one and logs it. */
async function storeVersion(
  tx: Sql,
  request: PublishRequest,
  { clientId, destinationId }: CompiledMapping,
  sources: string,
): Promise<MappingVersion> {
  const version = await insertVersion(tx, { ...request, clientId, sources });
  await pointAt(tx, destinationId, version.id);
  await askAgain(tx, destinationId);
  await appendHandover(tx, {
    entry: 'published',
    clientId,
    destinationId,
    actor: request.author,
    mappingVersionId: version.id,
    purpose: request.note,
    cited: citedText({ mapping: mappingDigest(version) }),
  });
  return version;
}

async function history(
  { database }: PublishingDeps,
  destinationId: string,
): Promise<readonly (MappingVersion & { readonly inForce: boolean })[]> {
  const destination = await findDestination(database, destinationId);
  if (destination === undefined) throw unknownDestination(destinationId);
  return (await versionHistory(database, destinationId)).map((version) => ({
    ...version,
    inForce: version.id === destination.mappingVersionId,
  }));
}

// Rolls back: puts an earlier version in force again, with the client's facts stored beside it.
// Invariant: it passes today's checks first; the log names the person who put it back, and the reason.

interface RollbackRequest extends Pick<
  PublishRequest,
  'destinationId' | 'askedBy' | 'instructions' | 'mayEnd'
> {
  readonly version: number;
  readonly actor: string;
  readonly reason: string;
}

async function rollback(deps: PublishingDeps, request: RollbackRequest): Promise<MappingVersion> {
  const { database } = deps;
  const destination = await findDestination(database, request.destinationId);
  const wanted = (await versionHistory(database, request.destinationId)).find(
    ({ version }) => version === request.version,
  );
  if (destination === undefined || wanted === undefined)
    throw unknownVersion(request.destinationId, request.version);
  const mapping = checkVersion(deps, wanted);
  await refuseEnding(deps, mapping, request.mayEnd);
  await database.transaction((tx) => putBack(tx, deps, request, wanted, mapping));
  await reopenAccepted(database, mapping, request.actor);
  return wanted;
}

async function putBack(
  tx: Sql,
  { production, check }: PublishingDeps,
  request: RollbackRequest,
  wanted: MappingVersion,
  mapping: CompiledMapping,
): Promise<void> {
  // As a publication does: a lead that comes in at this moment is planned, or refused, before or after it.
  await lockClients(tx, [mapping.clientId], 'alone');
  const destination = await lockDestination(tx, request.destinationId);
  if (destination === undefined) throw unknownDestination(request.destinationId);
  if (production) await refuseInProduction(tx, mapping);
  await endOtherUse(tx, destination, mapping, request.actor);
  const before = {
    version: (await readVersions(tx, [destination.mappingVersionId]))[0],
    facts: await findClient(tx, destination.clientId),
  };
  // The facts stored with a version come back with it.
  await saveDestination(tx, mapping.client, {
    id: destination.id,
    connector: mapping.connector,
    mappingVersionId: wanted.id,
    leadsFrom: destination.leadsFrom,
  });
  await followContract(tx, before.version, mapping);
  await askAgain(tx, destination.id);
  await reopen(tx, destination.id, request.actor);
  await appendHandover(tx, {
    entry: 'rolled_back',
    clientId: destination.clientId,
    destinationId: destination.id,
    actor: request.actor,
    mappingVersionId: wanted.id,
    purpose: request.reason,
    cited: citedText({ mapping: mappingDigest(wanted) }),
  });
  await noteOfRollback(tx, {
    before,
    version: wanted,
    mapping,
    check,
    askedBy: request.askedBy,
    instructions: request.instructions ?? [],
    doneBy: request.actor,
    note: request.reason,
  });
}
