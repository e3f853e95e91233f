// Builds the one interface of a person's request for its whole life; terminal, API and console all call it.
// Invariant: a request is closed by a person, never by itself, and only when nothing of it is open (C21-C25).
import type { PersonName } from '../../domain/person-name.ts';
import { listRequests, type Request, type RequestFilter } from '../../store/requests.ts';
import { answerAccess, prepareAnswer, type AccessOrder, type Answered, type FileOrder } from './access.ts';
import {
  acknowledge,
  closeRequest,
  declareInformed,
  extendRequest,
  noteAnswered,
  type Acknowledgement,
  type Closing,
} from './acts.ts';
import { applyRequest, type Applied, type ApplyOrder } from './apply.ts';
import type { RequestDeps } from './deps.ts';
import { addDemand, copyDemand, type Demand } from './documents.ts';
import { letRequestsGo, type Ending, type LetGo } from './let-go.ts';
import { liftRestriction, type Lifted } from './lift.ts';
import type { WrittenLetter } from './letters.ts';
import { openRequest, type NewRequestOrder, type Opened } from './open.ts';
import { namesOfRequest, recipientLetterOf, showRequest, type RequestStory } from './show.ts';

export interface Requests {
  readonly open: (order: NewRequestOrder) => Promise<Opened>;
  /** Opens a request and applies it to the leads it names. */
  readonly atOnce: (order: AtOnceOrder) => Promise<DoneAtOnce>;
  readonly addDemand: (id: number, by: { readonly demand: Demand; readonly actor: string }) => Promise<void>;
  readonly list: (filter: RequestFilter, limit: number, before?: number) => Promise<readonly Request[]>;
  readonly show: (id: number) => Promise<RequestStory>;
  /** Names on its leads, each look in the log. */
  readonly names: (
    id: number,
    by: { readonly actor: string; readonly reason: string },
  ) => Promise<ReadonlyMap<number, PersonName>>;
  readonly letter: (
    id: number,
    of: { readonly destinationId: string; readonly actor: string },
  ) => Promise<WrittenLetter>;
  readonly copy: (
    id: number,
    by: { readonly document?: number; readonly actor: string; readonly reason: string },
  ) => Promise<Demand>;
  readonly apply: (id: number, order: ApplyOrder) => Promise<Applied>;
  readonly extend: (id: number, by: { readonly actor: string; readonly reason: string }) => Promise<Date>;
  readonly acknowledge: (id: number, by: Acknowledgement) => Promise<readonly string[]>;
  readonly declareInformed: (
    id: number,
    by: { readonly actor: string; readonly evidence: string },
  ) => Promise<void>;
  readonly lift: (id: number, by: { readonly actor: string; readonly evidence: string }) => Promise<Lifted>;
  /** Makes the answer to an access or a portability, gives it out and notes it. */
  readonly access: (id: number, order: AccessOrder) => Promise<Answered>;
  /** Keeps the answer sealed for a day; the officer who takes it out (`copy`) notes it. */
  readonly prepareAnswer: (id: number, order: FileOrder) => Promise<Answered>;
  /** Notes that an access or a portability was answered. */
  readonly answered: (
    id: number,
    by: { readonly actor: string; readonly evidence: string; readonly identity?: string },
  ) => Promise<void>;
  readonly close: (id: number, by: Closing) => Promise<void>;
  /** Deletes requests whose own retention is over: first the demand, later the whole request. */
  readonly letGo: (by: LetGo) => Promise<Readonly<Record<Ending, number>>>;
}

export const createRequests = (deps: RequestDeps): Requests => ({
  open: (order) => openRequest(deps, order),
  atOnce: (order) => exerciseAtOnce(deps, order),
  addDemand: (id, by) => addDemand(deps, id, by),
  list: (filter, limit, before) => listRequests(deps.database, filter, limit, before),
  show: (id) => showRequest(deps, id),
  names: (id, by) => namesOfRequest(deps, id, by),
  letter: (id, of) => recipientLetterOf(deps, id, of),
  copy: (id, by) => copyDemand(deps, id, by),
  apply: (id, order) => applyRequest(deps, id, order),
  extend: (id, by) => extendRequest(deps, id, by),
  acknowledge: (id, by) => acknowledge(deps, id, by),
  declareInformed: (id, by) => declareInformed(deps, id, by),
  lift: (id, by) => liftRestriction(deps, id, by),
  access: (id, order) => answerAccess(deps, id, order),
  prepareAnswer: (id, order) => prepareAnswer(deps, id, order),
  answered: (id, by) => noteAnswered(deps, id, by),
  close: (id, by) => closeRequest(deps, id, by),
  letGo: (by) => letRequestsGo(deps, by),
});

// Exercises a right by one command: opens a request and applies it, so that it has its proof, its written notices, its reminders and
// its term like any other request.
// Invariant: interrupted between the two, the request stays open and its term is watched.

type AtOnceOrder = Omit<NewRequestOrder, 'demand' | 'receivedAt'>;

export interface DoneAtOnce extends Pick<RequestStory, 'request' | 'recipients' | 'effects'> {
  /** Numbers of its proofs (C23). */
  readonly proofs: readonly number[];
}

/** Only on the named leads. @throws FIND-001, REQUEST-002, REQUEST-003 */
async function exerciseAtOnce(deps: RequestDeps, order: AtOnceOrder): Promise<DoneAtOnce> {
  const { id } = await openRequest(deps, order);
  const { proofs } = await applyRequest(deps, id, {
    selection: { leads: order.references ?? [], rows: [] },
    actor: order.actor,
  });
  const { request, recipients, effects } = await showRequest(deps, id);
  return { request, recipients, effects, proofs };
}
