// Raises alerts before a certificate of a destination expires.
// Invariant: early enough for a person to have another one made, again each week, in the last days each day; no value is named.
import type { Connector, Expiry } from '../../../connectors/contract.ts';
import { raiseAgainAfter } from '../../store/alerts/alerts.ts';
import type { Database } from '../../store/database.ts';
import { allDestinations, type Destination } from '../../store/destinations/destinations.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Quarantine } from '../trip/quarantine.ts';
import type { Published } from '../trip/mapping-cache.ts';

export interface ExpiryOptions {
  readonly database: Database;
  readonly published: Published;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly secrets: (name: string) => readonly string[];
}

const dayMs = 86_400_000;
const aheadDays = 30;
const lastDays = 7;
const daySeconds = 86_400;

export async function watchExpiries(options: ExpiryOptions, quarantine: Quarantine): Promise<void> {
  await quarantine.each(
    await allDestinations(options.database),
    ({ id, clientId }) => ({ clientId, destinationId: id }),
    async (destination) => {
      await watchDestination(options, destination);
      return 1;
    },
  );
}

async function watchDestination(
  { database, published, connectors, secrets }: ExpiryOptions,
  { id, clientId, mappingVersionId }: Destination,
): Promise<void> {
  const mapping = await published.version(mappingVersionId);
  const expiries = mapping === undefined ? undefined : connectors[mapping.connector]?.expiries;
  if (mapping === undefined || expiries === undefined) return;
  const ends: Expiry[] = [];
  for (const settings of settingsOf(mapping))
    ends.push(...(await expiries(settings, (name) => secrets(name)[0], database.now())));
  const [first] = ends.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  if (first === undefined) return;
  const days = Math.floor((first.at.getTime() - database.now().getTime()) / dayMs);
  if (days > aheadDays) return;
  const quiet = days <= lastDays ? daySeconds : 7 * daySeconds;
  const reason = `${first.secret}:${first.at.toISOString().slice(0, 10)}`;
  await raiseAgainAfter(database, { kind: 'secret_expires', clientId, destinationId: id, reason }, quiet);
}

const settingsOf = ({ actions }: CompiledMapping): readonly unknown[] =>
  Object.values(actions).flatMap((plan) => [
    ...(plan?.settings === undefined ? [] : [plan.settings]),
    ...(plan?.calls ?? []).map((call) => call.settings),
  ]);
