// Serves the centre's earlier public API, for programs written for it: regions, programmes, contacts read and pulled.
// Invariant: a face of the pull destination of the key's client; leases, departures and log are those of `pull.ts`.
import { isFetched } from '../../../connectors/index.ts';
import { RelaisError } from '../../errors.ts';
import { wholeMapping } from '../../mapping/check.ts';
import type { MappingSources } from '../../mapping/contract.ts';
import { allDestinations, type Destination } from '../../store/destinations.ts';
import { readVersions } from '../../store/mapping-versions.ts';
import type { Scope } from '../scope.ts';
import { perform, type By } from './act.ts';
import {
  answerLeads,
  leaseLeads,
  leaseNameOf,
  readLeads,
  type Fetched,
  type Leased,
  type Pulling,
} from './pull.ts';

/** `action_id`, `prospect_id`, and the members that the mapping writes. */
export type Contact = Readonly<Record<string, unknown>>;

export interface Programme {
  readonly programme_id: string;
  readonly programme_nom: string;
  readonly region_nom: string | null;
}

export interface Given {
  /** Called when the answer is written; undefined where the lease has run out meanwhile: the contacts are given again. */
  readonly contacts: () => readonly Contact[] | undefined;
}

export interface Pulled extends Given {
  /** Called once the answer has left: only then do the contacts count as handed over. */
  readonly gone: () => Promise<void>;
}

export async function readContacts(place: Pulling, by: By, named?: string): Promise<Given> {
  const { id } = await ownDestination(place, by.scope, named);
  return givenOf(await perform(place, readLeads, by, { to: [id], input: {} }));
}

export async function pullContacts(place: Pulling, by: By, named?: string): Promise<Pulled> {
  const { id } = await ownDestination(place, by.scope, named);
  const leased = await perform(place, leaseLeads, by, { to: [id], input: {} });
  return {
    ...givenOf(leased),
    gone: async () => {
      const items = leased.items.map(({ row }) => ({
        key: row.key,
        lease: leaseNameOf(row),
        outcome: 'unconfirmed',
      }));
      if (items.length > 0) await perform(place, answerLeads, by, { to: [id], input: { items } });
    },
  };
}

const givenOf = ({ items, runs }: Leased): Given => ({
  contacts: () => (runs() ? items.map((item) => contactOf(item)) : undefined),
});

/** The client's only pull destination, or the named one of several. @throws FIND-001, USAGE-001 */
async function ownDestination({ database }: Pulling, scope: Scope, named?: string): Promise<Destination> {
  const fetched = (await allDestinations(database)).filter(
    ({ clientId, connector, status }) =>
      clientId === scope.clientId && isFetched(connector) && status !== 'archived',
  );
  const found = named === undefined ? fetched : fetched.filter(({ id }) => id === named);
  const [destination, another] = found;
  if (destination === undefined)
    throw new RelaisError('FIND-001', [
      'Le client de cette clé n’a aucune destination dont les leads se retirent par l’interface.',
      'The client of this key has no destination whose leads are fetched.',
    ]);
  if (another !== undefined)
    throw new RelaisError('USAGE-001', [
      `Nommez une destination : ${found.map(({ id }) => id).join(', ')}.`,
      `Name one as destination: ${found.map(({ id }) => id).join(', ')}.`,
    ]);
  return destination;
}

function contactOf({ row, reference, body }: Fetched): Contact {
  const text = Buffer.from(body.bytes).toString('utf8');
  const content: unknown = text === '' ? {} : JSON.parse(text);
  return { action_id: row.key, prospect_id: reference, ...(content as Contact) };
}

/** Names by programme code, from the maps `programme_nom` and `region_nom` of the mapping in force. */
export async function programmesOf(
  place: Pulling,
  scope: Scope,
  named?: string,
): Promise<readonly Programme[]> {
  const { database } = place;
  const { mappingVersionId } = await ownDestination(place, scope, named);
  const [version] = await readVersions(database, [mappingVersionId]);
  if (version === undefined) return [];
  const { maps } = wholeMapping(JSON.parse(version.sources) as MappingSources);
  const names = mapIn(maps, 'programme_nom');
  const regions = mapIn(maps, 'region_nom');
  return Object.entries(names).map(([code, name]) => ({
    programme_id: code,
    programme_nom: name,
    region_nom: regions[code] ?? null,
  }));
}

/** Without `else`, which is not a code. */
function mapIn(maps: unknown, name: string): Readonly<Record<string, string>> {
  const found = (maps as Readonly<Record<string, unknown>> | undefined)?.[name];
  const entries = typeof found === 'object' && found !== null ? Object.entries(found) : [];
  return Object.fromEntries(
    entries.flatMap(([code, value]) =>
      code !== 'else' && typeof value === 'string' ? [[code, value] as const] : [],
    ),
  );
}
