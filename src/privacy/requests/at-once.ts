// Exercises a right by one command: opens a request and applies it, so that it has its proof, its written notices, its reminders and
// its term like any other request.
// Invariant: interrupted between the two, the request stays open and its term is watched.
import { applyRequest } from './apply.ts';
import type { RequestDeps } from './deps.ts';
import { openRequest, type NewRequestOrder } from './open.ts';
import { showRequest, type RequestStory } from './show.ts';

export type AtOnceOrder = Omit<NewRequestOrder, 'demand' | 'receivedAt'>;

export interface DoneAtOnce extends Pick<RequestStory, 'request' | 'recipients' | 'effects'> {
  /** Numbers of its proofs (C23). */
  readonly proofs: readonly number[];
}

/** Only on the named leads. @throws FIND-001, REQUEST-002, REQUEST-003 */
export async function exerciseAtOnce(deps: RequestDeps, order: AtOnceOrder): Promise<DoneAtOnce> {
  const { id } = await openRequest(deps, order);
  const { proofs } = await applyRequest(deps, id, {
    selection: { leads: order.references ?? [], rows: [] },
    actor: order.actor,
  });
  const { request, recipients, effects } = await showRequest(deps, id);
  return { request, recipients, effects, proofs };
}
