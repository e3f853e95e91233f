// Refuses mappings that pass the checks but may not be published in production.
// Invariant: no client goes live without the evidence of its opt-in and of its procedure for rights (C51, C52), or in clear (C38).
import { civilDate } from '../domain/civil-date.ts';
import { reasonsAgainstPublishing } from '../domain/go-live.ts';
import { RelaisError, type BothSentences } from '../errors.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import type { Sql } from '../store/database.ts';
import { goLiveStandings } from '../store/go-live.ts';
import { findDestination } from '../store/destinations.ts';

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
