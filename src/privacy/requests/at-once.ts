// A right exercised at once, by one command: a request is opened and applied, so that it has its proof, its recipients in writing, their
// reminders and its term as any other request has.
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

/** On the leads that are named, and no others. @throws FIND-001, REQUEST-002, REQUEST-003 */
export async function exerciseAtOnce(deps: RequestDeps, order: AtOnceOrder): Promise<DoneAtOnce> {
  const { id } = await openRequest(deps, order);
  const { proofs } = await applyRequest(deps, id, {
    selection: { leads: order.references ?? [], rows: [] },
    actor: order.actor,
  });
  const { request, recipients, effects } = await showRequest(deps, id);
  return { request, recipients, effects, proofs };
}
