// Builds the one interface of a person's request for its whole life; terminal, API and console all call it.
// Invariant: a request is closed by a person, never by itself, and only when nothing of it is open (C21-C25).
import { listRequests, type Request, type RequestFilter } from '../../store/people/requests.ts';
import { answerAccess, prepareAnswer } from './access.ts';
import { acknowledge, closeRequest, declareInformed, extendRequest, noteAnswered } from './acts.ts';
import { applyRequest } from './apply.ts';
import type { RequestDeps } from './deps.ts';
import { addDemand, copyDemand } from './documents.ts';
import { letRequestsGo } from './let-go.ts';
import { liftRestriction } from './lift.ts';
import { openRequest, type NewRequestOrder } from './open.ts';
import { namesOfRequest, recipientLetterOf, showRequest, type RequestStory } from './show.ts';

export function createRequests(deps: RequestDeps) {
  const of =
    <Asked extends readonly unknown[], Done>(work: (deps: RequestDeps, ...asked: Asked) => Promise<Done>) =>
    (...asked: Asked): Promise<Done> =>
      work(deps, ...asked);
  return {
    open: of(openRequest),
    atOnce: of(exerciseAtOnce),
    addDemand: of(addDemand),
    list: (filter: RequestFilter, limit: number, before?: number): Promise<readonly Request[]> =>
      listRequests(deps.database, filter, limit, before),
    show: of(showRequest),
    names: of(namesOfRequest),
    letter: of(recipientLetterOf),
    copy: of(copyDemand),
    apply: of(applyRequest),
    extend: of(extendRequest),
    acknowledge: of(acknowledge),
    declareInformed: of(declareInformed),
    lift: of(liftRestriction),
    access: of(answerAccess),
    prepareAnswer: of(prepareAnswer),
    answered: of(noteAnswered),
    close: of(closeRequest),
    letGo: of(letRequestsGo),
  };
}
export type Requests = ReturnType<typeof createRequests>;

// Exercises a right by one command: opens a request and applies it, so that it has its proof, its written notices, its reminders and
// its term like any other request.
// Invariant: interrupted between the two, the request stays open and its term is watched.

type AtOnceOrder = Omit<NewRequestOrder, 'demand' | 'receivedAt'>;

export interface DoneAtOnce extends Pick<RequestStory, 'request' | 'recipients' | 'effects'> {
  /** Numbers of its proofs (C23). */
  readonly proofs: readonly number[];
}

/** Only on the named leads, and the refused rows that a name without a living lead has. @throws FIND-001, REQUEST-002, REQUEST-003 */
async function exerciseAtOnce(deps: RequestDeps, order: AtOnceOrder): Promise<DoneAtOnce> {
  const { id, person } = await openRequest(deps, order);
  const named = new Set(order.references);
  const { proofs } = await applyRequest(deps, id, {
    selection: {
      leads: person.leads.map(({ reference }) => reference).filter((reference) => named.has(reference)),
      rows: person.byReference.map(Number),
    },
    actor: order.actor,
  });
  const { request, recipients, effects } = await showRequest(deps, id);
  return { request, recipients, effects, proofs };
}
