// Lets a client fetch its leads: they are leased to it, and it acknowledges them.
// Invariant: within the caller's scope; for a pull destination, and no other.
import { hostname } from 'node:os';
import { connectors, isFetched } from '../../../connectors/index.ts';
import type { DelivererOptions, TripStep } from '../../delivery/trip/trip.ts';
import { createGoLiveGate, createReader } from '../../delivery/content/inputs.ts';
import { createPuller, leaveUntaken, type Leased, type Puller } from '../../delivery/pull.ts';
import {
  givenBack,
  recordAnswers,
  type PullAnswer,
  type PullAnswered,
  type PullOutcome,
} from '../../delivery/pull-answers.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDestination } from '../../errors/unknown.ts';
import type { Log } from '../../log.ts';
import type { Database } from '../../store/database.ts';
import { findDestination } from '../../store/destinations.ts';
import type { LeadSecrets } from '../../store/secrets.ts';
import type { TestPlace } from '../destination-test.ts';
import { oneOf, request } from '../reads/columns.ts';
import { existing } from '../scope.ts';
import { handedOver, type Act, type Doing, type Field } from './act.ts';

export { leaseNameOf } from '../../delivery/pull-answers.ts';
export type { Fetched, Leased } from '../../delivery/pull.ts';

export const mostLeased = 200;

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

const answers = handedOver<readonly PullAnswer[]>(
  {
    type: 'array',
    minItems: 1,
    maxItems: mostLeased,
    items: request(
      {
        key: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
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

interface Answered {
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
