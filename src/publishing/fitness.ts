// Checks a version before it comes into force: the checks, a confirmed opt-in, production's rules, one connector at a time.
// Invariant: a mapping that the check refuses is never published (guarantee 10).
import { counted, type OneAndSeveral } from '../domain/counted.ts';
import { RelaisError, type BothSentences } from '../errors.ts';
import { checkSources, type CheckOptions } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources, Problem } from '../mapping/contract.ts';
import { formatProblem, formatProblemInFrench } from '../mapping/document/problems.ts';
import { loadDestination } from '../mapping/load.ts';
import type { Database, Sql } from '../store/database.ts';
import { underWay, findDestination, type Destination } from '../store/destinations/destinations.ts';
import type { MappingVersion } from '../store/destinations/mapping-versions.ts';
import {
  abandonGathering,
  leaveAsTheyWere,
  lockFullFile,
  openedForNothingAt,
} from '../store/files/full-files.ts';
import { civilDate } from '../domain/civil-date.ts';
import { reasonsAgainstPublishing } from '../domain/go-live.ts';
import { goLiveStandings } from '../store/destinations/notices.ts';

export interface PublishingDeps {
  readonly database: Database;
  readonly mappingsDir: string;
  readonly check: CheckOptions;
  /** True: refuses mappings with which a client may not go live. */
  readonly production: boolean;
}

export type FitMapping = Awaited<ReturnType<typeof checkFiles>>;

const unpublishable = (destinationId: string, problems: readonly Problem[]): BothSentences => [
  `Le format de ${destinationId} ne peut pas être publié :\n${problems.map(formatProblemInFrench).join('\n')}`,
  `The mapping of ${destinationId} cannot be published:\n${problems.map(formatProblem).join('\n')}`,
];

/** @param sources default: the files of the mappings folder. @throws MAPPING-001, MAPPING-003 */
export async function checkFiles(
  deps: PublishingDeps,
  destinationId: string,
  sources: MappingSources = loadDestination(deps.mappingsDir, destinationId),
) {
  const checked = checkSources(sources, deps.check);
  if (!checked.ok) throw new RelaisError('MAPPING-001', unpublishable(destinationId, checked.problems));
  const { mapping, warnings } = checked;
  refuseUnpublishable(destinationId, warnings);
  if (deps.production) await refuseInProduction(deps.database, mapping);
  return { sources, mapping, warnings };
}

/** Checks an earlier version by today's rules. @throws MAPPING-001 */
export function checkVersion(deps: PublishingDeps, version: MappingVersion): CompiledMapping {
  const sources = JSON.parse(version.sources) as MappingSources;
  const checked = checkSources(sources, { ...deps.check, tests: false });
  if (checked.ok) return checked.mapping;
  throw new RelaisError('MAPPING-001', [
    `La version ${version.version} ne passe plus la vérification d’aujourd’hui :\n${checked.problems.map(formatProblemInFrench).join('\n')}`,
    `Version ${version.version} does not pass today's checks:\n${checked.problems.map(formatProblem).join('\n')}`,
  ]);
}

/** An opt-in line that a draft guessed and no person confirmed; an address or a phone in a text that is kept for ever. */
export const refusedWarnings: ReadonlySet<string> = new Set(['MAP-904', 'MAP-908']);

/** A draft may be checked and previewed; with a guessed opt-in, or a person in a text that is kept, it is no version. @throws MAPPING-001 */
function refuseUnpublishable(destinationId: string, warnings: readonly Problem[]): void {
  const refused = warnings.filter(({ code }) => refusedWarnings.has(code));
  if (refused.length === 0) return;
  throw new RelaisError('MAPPING-001', unpublishable(destinationId, refused));
}

const deliveriesOnTheWay: OneAndSeveral = [
  ['de ses livraisons est en route', 'of its deliveries is on its way'],
  ['de ses livraisons sont en route', 'of its deliveries are on their way'],
];

/**
 * @throws DEST-001 for a destination of another client
 * @throws DEST-002 while deliveries are in flight with the old connector: the new one could not finish them
 */
export async function refuseOtherUse(
  tx: Sql,
  before: Destination | undefined,
  mapping: CompiledMapping,
): Promise<void> {
  if (before === undefined) return;
  if (before.clientId !== mapping.clientId)
    throw new RelaisError('DEST-001', [
      `La destination ${before.id} appartient au client ${before.clientId}, pas à ${mapping.clientId}.`,
      `Destination ${before.id} belongs to client ${before.clientId}, not ${mapping.clientId}.`,
    ]);
  if (before.connector === mapping.connector) return;
  const count = await underWay(tx, before.id);
  if (count === 0) return;
  const onTheWay = counted(count, deliveriesOnTheWay);
  throw new RelaisError('DEST-002', [
    `La destination ${before.id} passerait de ${before.connector} à ${mapping.connector} pendant que ${onTheWay[0]}. ` +
      'Suspendez-la, attendez qu’il n’y en ait plus, puis publiez ; ou donnez à la nouvelle voie une destination à elle. ' +
      'Un fichier qui attend son prochain essai ne part pas pendant la suspension : laissez-le partir avant, ou annulez ses livraisons.',
    `Destination ${before.id} changes from ${before.connector} to ${mapping.connector} while ${onTheWay[1]}. ` +
      `Suspend it (relais destination suspend ${before.id}), wait until none is, then publish; or give the new way a destination of its own. ` +
      'A file that waits for its next try does not leave meanwhile: let it leave before, or cancel its deliveries.',
  ]);
}

/**
 * Before another connector comes into force: leads that a file of all leads had opened again, and that have not left, end as they were; the
 * new connector would send them as new ones. The caller has locked the destination.
 * @throws DEST-001, DEST-002 as `refuseOtherUse`
 */
export async function endOtherUse(
  tx: Sql,
  before: Destination | undefined,
  mapping: CompiledMapping,
  actor: string,
): Promise<void> {
  await refuseOtherUse(tx, before, mapping);
  if (before === undefined || before.connector === mapping.connector) return;
  if ((await lockFullFile(tx, before.id)) === undefined) return;
  await abandonGathering(tx, before.id);
  // Again, for one that was taken up, withheld no longer, while they were read.
  while ((await leaveAsTheyWere(tx, before, await openedForNothingAt(tx, before.id), actor)) > 0);
}

// Refuses mappings that pass the checks but may not be published in production.
// Invariant: no client goes live without the evidence of its opt-in and of its procedure for rights (C51, C52), or in clear (C38).

/**
 * Greeting and caller's number (C49, C50) withhold leads, not a publication. A client that was live before the list was
 * required is not refused where it is live: a repair must reach its leads, and a missing item is a task.
 * @throws MAPPING-003 with everything that is missing
 */
export async function refuseInProduction(sql: Sql, mapping: CompiledMapping): Promise<void> {
  const { clientId, destinationId, client, consentTable } = mapping;
  const refused = plainAddresses(mapping).map((url): BothSentences => [
    `${url} n’est pas en https://`,
    `${url} is not https://`,
  ]);
  if (!(await wasLiveBefore(sql, mapping)))
    refused.push(
      ...reasonsAgainstPublishing(client, { destinationId, written: consentTable }, civilDate(sql.now())),
    );
  if (refused.length === 0) return;
  const listed = (language: 0 | 1): string => refused.map((both) => `  - ${both[language]}`).join('\n');
  throw new RelaisError('MAPPING-003', [
    `La production ne publie pas ${destinationId} :\n${listed(0)}`,
    `Production does not publish ${destinationId} (relais client check ${clientId}):\n${listed(1)}`,
  ]);
}

async function wasLiveBefore(sql: Sql, { clientId, destinationId }: CompiledMapping): Promise<boolean> {
  const [standing] = await goLiveStandings(sql, [clientId]);
  if (standing?.liveBefore !== true) return false;
  const destination = await findDestination(sql, destinationId);
  return destination !== undefined && destination.mappingVersionId > 0;
}

/** Addresses in clear of all requests and look-ups. */
function plainAddresses(mapping: CompiledMapping): readonly string[] {
  const all = Object.values(mapping.actions).flatMap((plan) => [
    plan.settings,
    ...(plan.calls ?? []).flatMap((call) => [call.settings, call.undo?.settings ?? {}]),
  ]);
  const urls = all.flatMap((settings) => {
    const { url, lookup } = settings as {
      readonly url?: unknown;
      readonly lookup?: { readonly url?: unknown };
    };
    return [url, lookup?.url];
  });
  return [
    ...new Set(urls.filter((url): url is string => typeof url === 'string' && /^http:\/\//i.test(url))),
  ];
}
