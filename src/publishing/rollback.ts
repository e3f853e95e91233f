// Rolls back: puts an earlier version in force again, with the client's facts stored beside it.
// Invariant: it passes today's checks first; the log names the person who put it back, and the reason.
import { citedText, mappingDigest } from '../domain/cited.ts';
import { unknownDestination, unknownVersion } from '../errors/unknown.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import type { Sql } from '../store/database.ts';
import { findClient, findDestination, lockDestination, saveDestination } from '../store/destinations.ts';
import { askAgain } from '../store/held-back.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readVersions, versionHistory, type MappingVersion } from '../store/mapping-versions.ts';
import { checkVersion, refuseConnectorChange, type PublishingDeps } from './fitness.ts';
import { followContract } from './contract-effects.ts';
import { noteOfRollback } from './notes.ts';
import { refuseInProduction } from './production.ts';
import { refuseEnding, reopen, reopenAccepted, type MayEnd } from './version-effects.ts';

export interface RollbackRequest {
  readonly destinationId: string;
  readonly version: number;
  readonly actor: string;
  readonly reason: string;
  /** The person who asked for it, for the client's note (C48); absent: the centre itself. */
  readonly askedBy?: string | undefined;
  /** Numbers of the instructions in the client's register that justify it (C53). */
  readonly instructions?: readonly number[];
  readonly mayEnd?: MayEnd;
}

export async function rollback(deps: PublishingDeps, request: RollbackRequest): Promise<MappingVersion> {
  const { database } = deps;
  const destination = await findDestination(database, request.destinationId);
  const wanted = (await versionHistory(database, request.destinationId)).find(
    ({ version }) => version === request.version,
  );
  if (destination === undefined || wanted === undefined)
    throw unknownVersion(request.destinationId, request.version);
  const mapping = checkVersion(deps, wanted);
  await refuseEnding(deps, mapping, request.mayEnd);
  await database.transaction((tx) => putBack(tx, deps, { request, wanted, mapping }));
  await reopenAccepted(database, mapping, request.actor);
  return wanted;
}

async function putBack(
  tx: Sql,
  { production, check }: PublishingDeps,
  {
    request,
    wanted,
    mapping,
  }: {
    readonly request: RollbackRequest;
    readonly wanted: MappingVersion;
    readonly mapping: CompiledMapping;
  },
): Promise<void> {
  const destination = await lockDestination(tx, request.destinationId);
  if (destination === undefined) throw unknownDestination(request.destinationId);
  if (production) await refuseInProduction(tx, mapping);
  await refuseConnectorChange(tx, destination, mapping);
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
  await appendHandovers(tx, [
    {
      entry: 'rolled_back',
      clientId: destination.clientId,
      destinationId: destination.id,
      actor: request.actor,
      mappingVersionId: wanted.id,
      purpose: request.reason,
      cited: citedText({ mapping: mappingDigest(wanted) }),
    },
  ]);
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
