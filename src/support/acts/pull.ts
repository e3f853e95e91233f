// Lets a client fetch its leads: they are leased to it, and it acknowledges them.
// Invariant: within the caller's scope; for a pull destination, and no other.
import { hostname } from 'node:os';
import { connectors, isFetched } from '../../../connectors/index.ts';
import type { DelivererOptions, TripStep } from '../../delivery/trip/trip.ts';
import { createGoLiveGate, createReader } from '../../delivery/content/inputs.ts';
import { createPuller, leaveUntaken, type Fetched, type Leased, type Puller } from '../../delivery/pull.ts';
import {
  givenBack,
  leaseNameOf,
  recordAnswers,
  type PullAnswer,
  type PullAnswered,
  type PullOutcome,
} from '../../delivery/pull-answers.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDestination } from '../../errors/unknown.ts';
import type { Log } from '../../log.ts';
import type { Database } from '../../store/database.ts';
import { findDestination, allDestinations, type Destination } from '../../store/destinations/destinations.ts';
import type { LeadSecrets } from '../../store/secrets.ts';
import type { TestPlace } from '../destination-test.ts';
import { oneOf, request } from '../reads/columns.ts';
import { existing, type Scope } from '../place.ts';
import { handedOver, perform, type Act, type Doing, type Field, type By } from './act.ts';
import { wholeMapping } from '../../mapping/check.ts';
import type { MappingSources } from '../../mapping/contract.ts';
import { readVersions } from '../../store/destinations/mapping-versions.ts';

export { leaseNameOf };
export type { Fetched, Leased };

const mostLeased = 200;

/** Dependencies of a departure; `App` has all of them. */
export interface PullPlace extends TestPlace {
  readonly log: Log;
  readonly secrets: LeadSecrets;
  readonly keys: { readonly master: DelivererOptions['masterKeys'] };
  /** Clients must complete their go-live list. */
  readonly holdsList: boolean;
  readonly config: TestPlace['config'] & {
    readonly worker: Pick<DelivererOptions, 'leaseMs' | 'settlingMs'>;
  };
  /** Lets a test stop the process at a step. */
  readonly step?: (name: TripStep, destinationId: string) => void | Promise<void>;
}

/** The place of a pull, opened once for a process. */
export interface Pulling {
  readonly database: Database;
  readonly puller: Puller;
}
export const openPulling = (place: PullPlace): Pulling => ({
  database: place.database,
  puller: createPuller(optionsOf(place)),
});

/** @throws FIND-001, DEST-001 where it is no pull destination */
async function fetchedOne({ place, by, to: [name = ''] }: Doing<unknown, Pulling>): Promise<string> {
  const found = await findDestination(place.database, name);
  const { id, connector } = existing(by.scope, found, unknownDestination(name));
  if (!isFetched(connector))
    throw new RelaisError('DEST-001', [
      `${id} reçoit ses leads par ${connector} : il n’y a rien à y retirer.`,
      `${id} is sent its leads by ${connector}: nothing is fetched from it.`,
    ]);
  return id;
}

const limit: Field<number> = {
  ...handedOver(
    { type: 'integer', minimum: 1, maximum: mostLeased },
    `at most so many leads; ${mostLeased} where nothing is said`,
    (given) => (given === undefined ? mostLeased : Number(given)),
  ),
  isOptional: true,
};

export const leaseLeads: Act<{ readonly limit: number }, Leased, Pulling> = {
  permission: 'lead.pull',
  fields: { limit },
  work: async (doing) =>
    doing.place.puller.lease(await fetchedOne(doing), { most: doing.input.limit, actor: doing.by.actor }),
};

/** Reads without a lease: the leads stay due; the departure is in the log all the same. */
export const readLeads: typeof leaseLeads = {
  ...leaseLeads,
  work: async (doing, also) => {
    const leased = await leaseLeads.work(doing, also);
    await leaveUntaken(doing.place.puller.needs, leased.items, doing.by.actor);
    return leased;
  },
};

interface AnswerGiven {
  readonly key: string;
  readonly lease: string;
  /** `unconfirmed`: of a client that says nothing of what it took. */
  readonly outcome: 'accepted' | 'duplicate' | 'refused' | 'later' | 'unconfirmed';
  readonly reference?: string;
  readonly reason?: string;
  readonly afterSeconds?: number;
}

const keyPattern = '^[A-Za-z0-9_-]{1,64}$';
export const isDeliveryKey = (key: unknown): key is string =>
  typeof key === 'string' && new RegExp(keyPattern).test(key);

const answers = handedOver<readonly PullAnswer[]>(
  {
    type: 'array',
    minItems: 1,
    maxItems: mostLeased,
    items: request(
      {
        key: { type: 'string', pattern: keyPattern },
        lease: { type: 'string', pattern: '^[0-9]{1,9}-[0-9]{1,9}-[0-9]{1,15}$' },
        outcome: oneOf(
          ['accepted', 'duplicate', 'refused', 'later'],
          'accepted: yours now; duplicate: you had it; refused: never; later: given again',
        ),
        reference: {
          type: 'string',
          pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$',
          description: 'under which you keep it',
        },
        reason: {
          type: 'string',
          pattern: '^[A-Za-z0-9_.-]{1,64}$',
          description: 'a code, nothing of a person',
        },
        afterSeconds: { type: 'integer', minimum: 0, maximum: 21600, description: 'of later' },
      },
      ['key', 'lease', 'outcome'],
    ),
  },
  'one for each lead',
  (given) =>
    (given as readonly AnswerGiven[]).map(({ key, lease, ...said }) => ({
      key,
      lease,
      outcome: outcomeOf(said),
    })),
);

/** A client that had the lead may have kept it: a right of the person follows it, whatever the answer. */
function outcomeOf({
  outcome,
  reference,
  reason = givenBack,
  afterSeconds,
}: Omit<AnswerGiven, 'key' | 'lease'>): PullOutcome {
  switch (outcome) {
    case 'accepted':
    case 'duplicate':
      return { kind: outcome, ...(reference === undefined ? {} : { reference }) };
    case 'refused':
      return { kind: 'refused', reason, maybeReceived: true };
    case 'later':
      return {
        kind: 'unavailable',
        reason,
        maybeReceived: true,
        ...(afterSeconds === undefined ? {} : { afterMs: afterSeconds * 1_000 }),
      };
    case 'unconfirmed':
      return { kind: 'unconfirmed' };
  }
}

export interface Answered {
  readonly key: string;
  readonly state: PullAnswered | undefined;
}

/** In the order of the answers. */
export const answerLeads: Act<{ readonly items: readonly PullAnswer[] }, readonly Answered[], Pulling> = {
  permission: 'lead.pull',
  fields: { items: answers },
  work: async (doing) => {
    const { place, by, input } = doing;
    const of = { destinationId: await fetchedOne(doing), actor: by.actor };
    const states = await recordAnswers(place.puller.needs, of, input.items);
    return input.items.map(({ key }, at) => ({ key, state: states[at] }));
  },
};

function optionsOf(place: PullPlace): DelivererOptions {
  const { database, published, credentials, config, log, secrets, keys, holdsList, step } = place;
  return {
    database,
    published,
    connectors,
    masterKeys: keys.master,
    reader: createReader(database, secrets, holdsList ? createGoLiveGate(database) : undefined),
    secrets: config.secrets,
    credentials,
    network: config.network,
    leaseMs: config.worker.leaseMs,
    settlingMs: config.worker.settlingMs,
    owner: `${hostname().slice(0, 36)}:${process.pid}:api`,
    log,
    // No send that could be aborted: a begun attempt is recorded.
    signal: new AbortController().signal,
    ...(step === undefined ? {} : { step }),
  };
}

// Serves the centre's earlier public API, for programs written for it: regions, programmes, contacts read and pulled.
// Invariant: a face of the pull destination of the key's client; leases, departures and log are those of `pull.ts`.

/** `action_id`, `prospect_id`, and the members that the mapping writes. */
export type Contact = Readonly<Record<string, unknown>>;

export interface Given {
  /** Called when the answer is written; undefined where the lease has run out meanwhile: the contacts are given again. */
  readonly contacts: () => readonly Contact[] | undefined;
}

export type Pulled = Awaited<ReturnType<typeof pullContacts>>;

export async function readContacts(place: Pulling, by: By, named?: string): Promise<Given> {
  const { id } = await ownDestination(place, by.scope, named);
  return givenOf(await perform(place, readLeads, by, { to: [id], input: {} }));
}

export async function pullContacts(place: Pulling, by: By, named?: string) {
  const { id } = await ownDestination(place, by.scope, named);
  const leased = await perform(place, leaseLeads, by, { to: [id], input: {} });
  return {
    ...givenOf(leased),
    /** Called once the answer has left: only then do the contacts count as handed over. */
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
export async function programmesOf(place: Pulling, scope: Scope, named?: string) {
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
