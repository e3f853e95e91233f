// Builds the go-live list of a client (C49 to C52), from its contract and mappings in force, or from the files before that.
// Invariant: reads only. A mapping that cannot be compared is no proof that it writes the agreed opt-in.
import { civilDate } from '../domain/civil-date.ts';
import type { ClientFacts } from '../domain/destination.ts';
import { goLiveFindings, isLive, type GoLiveFinding, type MappingOptIn } from '../domain/go-live.ts';
import { RelaisError } from '../errors.ts';
import { checkSources, clientFactsIn, type CheckOptions } from '../mapping/check.ts';
import type { MappingSources } from '../mapping/contract.ts';
import { loadMappings } from '../mapping/load.ts';
import type { ReadOnlySql, Sql } from '../store/database.ts';
import { destinationsOfClients } from '../store/destinations/destinations.ts';
import { goLiveStandings, withheldForList } from '../store/destinations/notices.ts';
import { readVersions } from '../store/destinations/mapping-versions.ts';

export interface GoLiveList {
  readonly clientId: string;
  /** `published`: the contract and the versions in force; `files`: those that would come into force. */
  readonly of: 'published' | 'files';
  readonly items: readonly GoLiveFinding[];
  readonly isLive: boolean;
  /** Live before the list was required: missing items withhold nothing yet. */
  readonly liveBefore: boolean;
  /** Leads withheld for it, in all destinations. */
  readonly withheld: number;
}

/** Undefined: nothing of the client is published. */
export async function publishedGoLiveList(
  sql: Sql,
  check: CheckOptions,
  clientId: string,
): Promise<GoLiveList | undefined> {
  const [standing] = await goLiveStandings(sql, [clientId]);
  const destinations = (await destinationsOfClients(sql, [clientId])).filter(
    ({ mappingVersionId, status }) => mappingVersionId > 0 && status !== 'archived',
  );
  if (standing === undefined || destinations.length === 0) return undefined;
  const versions = await readVersions(
    sql,
    destinations.map(({ mappingVersionId }) => mappingVersionId),
  );
  const sources = versions.map((version) => JSON.parse(version.sources) as MappingSources);
  const list = listOf(standing.facts, sources, check, civilDate(sql.now()));
  return {
    clientId,
    of: 'published',
    ...list,
    liveBefore: standing.liveBefore,
    withheld: await withheldForList(sql, clientId),
  };
}

/** The list for the files of the folder. @throws FIND-001 when there is no such client */
export async function goLiveListOfFiles(
  sql: ReadOnlySql & Pick<Sql, 'now'>,
  check: CheckOptions,
  { folder, clientId }: { readonly folder: string; readonly clientId: string },
): Promise<GoLiveList> {
  const sources = loadMappings(folder).destinations.filter((one) => one.clientId === clientId);
  const [first] = sources;
  const facts = first === undefined ? undefined : clientFactsIn(first);
  if (facts === undefined)
    throw new RelaisError('FIND-001', [
      `Aucun client ${clientId} avec un format n’est sous ${folder}.`,
      `No client ${clientId} with a mapping is under ${folder}.`,
    ]);
  const list = listOf(facts, sources, check, civilDate(sql.now()));
  return { clientId, of: 'files', ...list, liveBefore: false, withheld: 0 };
}

function listOf(
  facts: ClientFacts,
  sources: readonly MappingSources[],
  check: CheckOptions,
  today: string,
): Pick<GoLiveList, 'items' | 'isLive'> {
  const mappings: MappingOptIn[] = [];
  const unreadable: GoLiveFinding['problems'][number][] = [];
  for (const one of sources) {
    const checked = checkSources(one, { ...check, tests: false });
    if (checked.ok)
      mappings.push({ destinationId: one.destinationId, written: checked.mapping.consentTable });
    else
      unreadable.push([
        `le format de ${one.destinationId} contient des erreurs, et ne peut pas être comparé`,
        `${one.destinationId} has mistakes, and cannot be compared (relais mapping check)`,
      ]);
  }
  const items = goLiveFindings(facts, mappings, today).map((finding): GoLiveFinding =>
    finding.item !== 'optIn' || unreadable.length === 0
      ? finding
      : {
          ...finding,
          state: finding.state === 'there' ? 'differs' : finding.state,
          problems: [...finding.problems, ...unreadable],
        },
  );
  return { items, isLive: isLive(items) };
}
