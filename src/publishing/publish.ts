// Publishing a mapping: checked, stored with author and note, in force at once; rolling back; history.
// Invariant: what check refuses is never published (guarantee 10); a version is kept for ever.
import { citedText, mappingDigest } from '../domain/cited.ts';
import type { Authorisation } from '../domain/destination.ts';
import { RelaisError } from '../errors.ts';
import type { Log } from '../log.ts';
import { checkSources, type CheckOptions } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources, Problem } from '../mapping/contract.ts';
import { loadDestination } from '../mapping/load.ts';
import { formatProblem } from '../mapping/document/problems.ts';
import type { Database, Sql } from '../store/database.ts';
import { findDestination, saveDestination, underWay, type Destination } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { refuseInProduction } from './production.ts';
import {
  fingerprintOf,
  insertVersion,
  pointAt,
  readVersions,
  versionHistory,
  type MappingVersion,
} from '../store/mapping-versions.ts';
import { authorise } from './authorise.ts';
import { keepingOldContent } from '../store/waiting.ts';
import { refuseEnding, reopen, reopenAccepted, type MayEnd } from './waiting.ts';

export interface PublishRequest {
  readonly destinationId: string;
  readonly author: string;
  readonly note: string;
  /** Leads created before are not taken; default now. */
  readonly leadsFrom?: Date;
  /** Asked before a version is put in force whose `accepts` ends deliveries that wait. Without it such a version is refused. */
  readonly mayEnd?: MayEnd;
}

export interface PublishResult {
  readonly version: MappingVersion;
  /** False when the very same files were in force already. */
  readonly changed: boolean;
  readonly warnings: readonly Problem[];
  /** Authorisations of client.yaml that were added. */
  readonly authorised: number;
  /** Authorisations in force that client.yaml does not name: removed from it or changed in it, or granted by hand. */
  readonly unnamed: readonly Authorisation[];
  /** Withheld deliveries that are looked at again. */
  readonly reopened: number;
  /** Deliveries that an earlier version had ended, which did not take their leads. */
  readonly acceptedAgain: number;
  /** Waiting deliveries that keep the content of an earlier version, since the recipient may have it. At most `mostKept`. */
  readonly keeping: readonly number[];
  readonly mapping: CompiledMapping;
}

export interface Publishing {
  /** @throws MAPPING-001 listing every problem; nothing is stored then */
  readonly publish: (request: PublishRequest) => Promise<PublishResult>;
  /** What `publish` would refuse, without publishing. @throws MAPPING-001, MAPPING-003 */
  readonly refuseUnfit: (destinationId: string) => Promise<void>;
  /** Puts an earlier version back in force. */
  readonly rollback: (request: {
    readonly destinationId: string;
    readonly version: number;
    readonly actor: string;
    readonly reason: string;
    readonly mayEnd?: MayEnd;
  }) => Promise<MappingVersion>;
  readonly history: (
    destinationId: string,
  ) => Promise<readonly (MappingVersion & { readonly inForce: boolean })[]>;
}

export const mostKept = 1_000;

export function createPublishing(options: {
  readonly database: Database;
  readonly mappingsDir: string;
  readonly check: CheckOptions;
  readonly log: Log;
  /** Refuses what a client may not go live with. */
  readonly production: boolean;
}): Publishing {
  const { database } = options;
  const fit = async (destinationId: string) => {
    const sources = loadDestination(options.mappingsDir, destinationId);
    const checked = checkSources(sources, options.check);
    if (!checked.ok)
      throw new RelaisError(
        'MAPPING-001',
        `The mapping of ${destinationId} cannot be published:\n${checked.problems.map(formatProblem).join('\n')}`,
      );
    const { mapping, warnings } = checked;
    refuseGuessedOptIn(destinationId, warnings);
    if (options.production) await refuseInProduction(database, mapping);
    return { sources, mapping, warnings };
  };
  return {
    refuseUnfit: async (destinationId) => void (await fit(destinationId)),
    publish: async (request) => {
      const { sources, mapping, warnings } = await fit(request.destinationId);
      await refuseEnding({ database, check: options.check }, mapping, request.mayEnd);
      const text = JSON.stringify(sources);
      const result = await database.transaction(async (tx) => {
        const before = await findDestination(tx, request.destinationId);
        if (before !== undefined && before.clientId !== mapping.clientId) {
          throw new RelaisError(
            'DEST-001',
            `Destination ${before.id} belongs to client ${before.clientId}, not ${mapping.clientId}.`,
          );
        }
        await refuseConnectorChange(tx, before, mapping);
        const [current] = before === undefined ? [] : await readVersions(tx, [before.mappingVersionId]);
        await saveDestination(tx, mapping.client, {
          id: mapping.destinationId,
          connector: mapping.connector,
          mappingVersionId: before?.mappingVersionId ?? 0,
          leadsFrom: request.leadsFrom ?? tx.now(),
        });
        const same = current !== undefined && current.fingerprint === fingerprintOf(text);
        const version = same
          ? current
          : await insertVersion(tx, { ...request, clientId: mapping.clientId, sources: text });
        if (!same) {
          await pointAt(tx, mapping.destinationId, version.id);
          await appendHandovers(tx, [
            {
              entry: 'published',
              clientId: mapping.clientId,
              destinationId: mapping.destinationId,
              actor: request.author,
              mappingVersionId: version.id,
              purpose: request.note,
              cited: citedText({ mapping: mappingDigest(version) }),
            },
          ]);
        }
        const { added: authorised, unnamed } = await authorise(tx, mapping, request.author);
        const reopened = await reopen(tx, mapping.destinationId, request.author);
        const keeping = await keepingOldContent(tx, mapping.destinationId, version.id, mostKept);
        return { version, changed: !same, authorised, unnamed, reopened, keeping };
      });
      const acceptedAgain = await reopenAccepted(database, mapping, request.author);
      options.log.info('mapping.published', {
        destination: request.destinationId,
        version: result.version.version,
      });
      return { ...result, acceptedAgain, warnings, mapping };
    },
    rollback: async (request) => {
      const destination = await findDestination(database, request.destinationId);
      const wanted = (await versionHistory(database, request.destinationId)).find(
        (version) => version.version === request.version,
      );
      if (destination === undefined || wanted === undefined) {
        throw new RelaisError(
          'FIND-001',
          `Destination ${request.destinationId} has no version ${request.version}.`,
        );
      }
      const checked = checkSources(JSON.parse(wanted.sources) as MappingSources, {
        ...options.check,
        tests: false,
      });
      if (!checked.ok)
        throw new RelaisError(
          'MAPPING-001',
          `Version ${request.version} does not pass today's checks:\n${checked.problems.map(formatProblem).join('\n')}`,
        );
      const { mapping } = checked;
      await refuseEnding({ database, check: options.check }, mapping, request.mayEnd);
      await database.transaction((tx) => putBack(tx, request, wanted, mapping, options.production));
      await reopenAccepted(database, mapping, request.actor);
      return wanted;
    },
    history: async (destinationId) => {
      const destination = await findDestination(database, destinationId);
      if (destination === undefined)
        throw new RelaisError('FIND-001', `No destination is called ${destinationId}.`);
      return (await versionHistory(database, destinationId)).map((version) => ({
        ...version,
        inForce: version.id === destination.mappingVersionId,
      }));
    },
  };
}

async function putBack(
  tx: Sql,
  request: Parameters<Publishing['rollback']>[0],
  wanted: MappingVersion,
  mapping: CompiledMapping,
  production: boolean,
): Promise<void> {
  const destination = await findDestination(tx, request.destinationId);
  if (destination === undefined)
    throw new RelaisError('FIND-001', `No destination is called ${request.destinationId}.`);
  if (production) await refuseInProduction(tx, mapping);
  await refuseConnectorChange(tx, destination, mapping);
  // The facts that stand beside a version come back with it.
  await saveDestination(tx, mapping.client, {
    id: destination.id,
    connector: mapping.connector,
    mappingVersionId: wanted.id,
    leadsFrom: destination.leadsFrom,
  });
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
}

/** The problem of an opt-in line that a draft guessed and nobody confirmed. */
export const guessedOptIn = 'MAP-904';

/** A draft may be checked and previewed; under a guessed opt-in nothing is sent. @throws MAPPING-001 */
function refuseGuessedOptIn(destinationId: string, warnings: readonly Problem[]): void {
  const guessed = warnings.filter((warning) => warning.code === guessedOptIn);
  if (guessed.length === 0) return;
  throw new RelaisError(
    'MAPPING-001',
    `The mapping of ${destinationId} cannot be published:\n${guessed.map(formatProblem).join('\n')}`,
  );
}

/** @throws DEST-002 while deliveries are on their way by the old connector: they would be carried by a hand that does not fit */
async function refuseConnectorChange(
  tx: Sql,
  before: Destination | undefined,
  mapping: CompiledMapping,
): Promise<void> {
  if (before === undefined || before.connector === mapping.connector) return;
  const count = await underWay(tx, before.id);
  if (count === 0) return;
  throw new RelaisError(
    'DEST-002',
    `Destination ${before.id} changes from ${before.connector} to ${mapping.connector} while ${count} of its deliveries are on their way. ` +
      `Suspend it (relais destination suspend ${before.id}), wait until none is, then publish; or give the new way a destination of its own.`,
  );
}
