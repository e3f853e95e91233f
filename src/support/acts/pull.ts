// Lets a client fetch its leads: they are leased to it, and it acknowledges them.
// Invariant: within the caller's scope; for a pull destination, and no other.
import { hostname } from 'node:os';
import { connectors, isFetched } from '../../../connectors/index.ts';
import type { DelivererOptions, TripStep } from '../../delivery/trip/trip.ts';
import { createGoLiveGate, createReader } from '../../delivery/content/inputs.ts';
import { createPuller, leaveUntaken, type Leased, type Puller } from '../../delivery/pull.ts';
import { recordAnswers, type PullAnswer, type PullAnswered } from '../../delivery/pull-answers.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDestination } from '../../errors/unknown.ts';
import type { Log } from '../../log.ts';
import { findDestination } from '../../store/destinations.ts';
import type { LeadSecrets } from '../../store/secrets.ts';
import type { TestPlace } from '../destination-test.ts';
import { existing } from '../scope.ts';
import type { Acting } from './acting.ts';

export type { PullAnswer, PullAnswered, PullOutcome } from '../../delivery/pull-answers.ts';
export { givenBack, leaseNameOf } from '../../delivery/pull-answers.ts';
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

export interface Pulling {
  /** @throws FIND-001, DEST-001 where it is no pull destination */
  readonly lease: (acting: Acting, destination: string, most: number) => Promise<Leased>;
  /** Reads without a lease: the leads stay due; the departure is in the log all the same. @throws FIND-001, DEST-001 */
  readonly read: (acting: Acting, destination: string, most: number) => Promise<Leased>;
  /** In the order of the answers. @throws FIND-001, DEST-001 */
  readonly answer: (
    acting: Acting,
    destination: string,
    answers: readonly PullAnswer[],
  ) => Promise<readonly PullAnswered[]>;
}

export function createPulling(place: PullPlace): Pulling {
  const puller = createPuller(optionsOf(place));
  const lease: Pulling['lease'] = async (acting, name, most) =>
    puller.lease(await fetchedOne(place, acting, name), {
      most: Math.min(most, mostLeased),
      actor: acting.actor,
    });
  return {
    lease,
    read: async (acting, name, most) => {
      const leased = await lease(acting, name, most);
      await leaveUntaken(puller.needs, leased.items, acting.actor);
      return leased;
    },
    answer: async (acting, name, answers) => answered(place, puller, acting, name, answers),
  };
}

async function answered(
  place: PullPlace,
  { needs }: Puller,
  acting: Acting,
  name: string,
  answers: readonly PullAnswer[],
): Promise<readonly PullAnswered[]> {
  const destinationId = await fetchedOne(place, acting, name);
  return recordAnswers(needs, { destinationId, actor: acting.actor }, answers);
}

async function fetchedOne({ database }: PullPlace, { scope }: Acting, name: string): Promise<string> {
  const { id, connector } = existing(scope, await findDestination(database, name), unknownDestination(name));
  if (!isFetched(connector))
    throw new RelaisError('DEST-001', [
      `${id} reçoit ses leads par ${connector} : il n’y a rien à y retirer.`,
      `${id} is sent its leads by ${connector}: nothing is fetched from it.`,
    ]);
  return id;
}

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
