// Acts on one delivery: replay and cancel.
// Invariant: within the actor's scope; recorded with actor and reason.
import { RelaisError } from '../../errors.ts';
import { unknownDelivery } from '../../errors/unknown.ts';
import { findDelivery, type ListedDelivery } from '../../store/delivery-lists.ts';
import { cancelIn } from '../cancel.ts';
import type { SupportPlace } from '../place.ts';
import { replayIn, type ReplayAnswer, type ReplayOptions } from '../replay.ts';
import { replayRefused } from '../replay-refused.ts';
import { stateWords } from '../words.ts';
import { existing, type Scope } from '../scope.ts';
import { typedReason } from '../typed-text.ts';
import { alone, type Acting, type With } from './acting.ts';
import { lockAsSeen } from './as-seen.ts';

const found = async ({ database }: SupportPlace, scope: Scope, name: string): Promise<ListedDelivery> =>
  existing(scope, await findDelivery(database, name), unknownDelivery(name));

export type Replayed = Exclude<ReplayAnswer, { readonly done: 'refused' }>;

interface ReplayAsked extends Pick<ReplayOptions, 'anew' | 'acceptDoubles' | 'again'> {
  readonly reason: string;
  readonly seenRun?: number;
}

/** @throws FIND-001, REPLAY-001, also where it has another run than the shown one */
export async function replayOne(
  place: SupportPlace,
  { scope, actor }: Acting,
  name: string,
  asked: ReplayAsked,
  also: With<Replayed> = alone,
): Promise<Replayed> {
  const reason = typedReason(asked.reason);
  const row = await found(place, scope, name);
  const { id } = row;
  const { seenRun } = asked;
  const moved = new RelaisError('REPLAY-001', [
    `La livraison ${id} a été rejouée depuis l’affichage de la page.`,
    `Delivery ${id} was replayed since it was looked at.`,
  ]);
  return place.database.transaction(async (tx) => {
    if (seenRun !== undefined) await lockAsSeen(tx, row, ({ run }) => run === seenRun, moved);
    const [answer] = await replayIn(tx, place.published, [id], {
      actor,
      reason,
      anew: asked.anew === true,
      acceptDoubles: asked.acceptDoubles === true,
      again: asked.again === true,
      named: true,
    });
    if (answer === undefined || answer.done === 'refused')
      throw replayRefused(id, answer?.why ?? 'not_found');
    await also(tx, answer);
    return answer;
  });
}

export interface CancelledOne {
  readonly id: number;
  /** True for a right its recipient was not notified of: a person notifies it in writing, then closes the task. */
  readonly isByHand: boolean;
}

/** @throws FIND-001, REPLAY-002 */
export async function cancelOne(
  place: SupportPlace,
  { scope, actor }: Acting,
  name: string,
  asked: { readonly reason: string },
  also: With<CancelledOne> = alone,
): Promise<CancelledOne> {
  const reason = typedReason(asked.reason);
  const { id, state } = await found(place, scope, name);
  return place.database.transaction(async (tx) => {
    const { ended, byHand } = await cancelIn(tx, [id], { actor, reason });
    if (ended.length === 0)
      throw new RelaisError('REPLAY-002', [
        `La livraison ${id} est en cours d’envoi, ou déjà terminée (${stateWords[state][0]}).`,
        `Delivery ${id} is being sent, or at its end already (${state}).`,
      ]);
    const done = { id, isByHand: byHand.length > 0 };
    await also(tx, done);
    return done;
  });
}
