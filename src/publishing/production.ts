// What production does not publish although it passes the checks and can be tried elsewhere.
// Invariant: no client goes live without the evidence of its opt-in and of its procedure for rights (C51, C52), or in clear (C38).
import { RelaisError } from '../errors.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import type { Sql } from '../store/database.ts';
import { destinationsOfClients } from '../store/destinations.ts';

/** Greeting and caller's number (C49, C50) concern only who is called or calls: `check` asks for them, nothing more. */
const evidenceNeeded = ['optIn', 'rightsProcedure'] as const;

/**
 * A client that is live already is not held up: a repair must reach its leads; what is missing stays a warning of every check.
 * @throws MAPPING-003 with everything that is missing
 */
export async function refuseInProduction(sql: Sql, mapping: CompiledMapping): Promise<void> {
  const refused = plainAddresses(mapping).map((url) => `${url} is not https://`);
  const live = (await destinationsOfClients(sql, [mapping.clientId])).some(
    (destination) => destination.mappingVersionId > 0,
  );
  if (!live) {
    const { goLive = {} } = mapping.client;
    const today = sql.now().toLocaleDateString('sv-SE', { timeZone: 'Europe/Paris' });
    for (const item of evidenceNeeded) {
      const date = goLive[item]?.date;
      if (date === undefined) refused.push(`client.yaml gives no evidence under goLive.${item}`);
      else if (date > today) refused.push(`goLive.${item} is dated ${date}, which is still to come`);
    }
  }
  if (refused.length === 0) return;
  throw new RelaisError(
    'MAPPING-003',
    `Production does not publish ${mapping.destinationId}:\n${refused.map((reason) => `  - ${reason}`).join('\n')}`,
  );
}

/** Addresses in clear of all that would be sent or asked. */
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
