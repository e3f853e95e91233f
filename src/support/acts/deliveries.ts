// The acts on one delivery: replay, cancel, resolve an unknown outcome.
// Invariant: within the actor's scope; recorded with actor and reason.
import { resolveIn, type Resolution } from '../../delivery/outcome/resolve.ts';
import { safeReference } from '../../domain/delivery.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDelivery } from '../../errors/unknown.ts';
import { findDelivery, type ListedDelivery } from '../../store/deliveries/delivery-lists.ts';
import { cancelIn } from '../close-and-cancel.ts';
import { replayIn, type ReplayAnswer, replayRefused } from '../replay.ts';
import { existing } from '../place.ts';
import { stateWords } from '../words.ts';
import {
  evidence,
  flag,
  inOne,
  reason,
  lockAsSeen,
  type Act,
  type Doing,
  type Field,
  type With,
} from './act.ts';

export type { Resolution } from '../../delivery/outcome/resolve.ts';

const found = async ({ place, by, to: [name = ''] }: Doing<unknown>): Promise<ListedDelivery> =>
  existing(by.scope, await findDelivery(place.database, name), unknownDelivery(name));

/** How a replay may be asked, of one delivery or of many. */
export const replayFlags = {
  anew: flag(
    'what waits with the content of an earlier mapping is written by the one in force, under a new key',
    [
      'La réécrire avec le format en vigueur, sous une nouvelle clé',
      'Write it anew by the mapping in force, under a new key',
    ],
  ),
  acceptDoubles: flag(
    'what the recipient may have already (unknown_hold) is sent all the same; the reason says why doubles are accepted',
    [
      'Envoyer aussi ce que le client a peut-être déjà, un doublon étant accepté',
      'Send what the client may hold already too, a double being accepted',
    ],
  ),
  again: flag(
    'sends once more what is delivered already, or never left under a mapping that has not changed',
    [
      'Envoyer aussi ce qui est déjà livré, ou n’est jamais parti sous un format inchangé',
      'Send what is delivered already too, or never left under a mapping that has not changed',
    ],
  ),
};
export type ReplayHow = Readonly<Record<keyof typeof replayFlags, boolean>>;

export type Replayed = Exclude<ReplayAnswer, { readonly done: 'refused' }>;

/** @throws FIND-001, REPLAY-001, also where it has another run than the shown one */
export const replayDelivery: Act<{ readonly reason: string } & ReplayHow, Replayed> = {
  permission: 'delivery.replay',
  fields: { reason, ...replayFlags },
  work: async (doing, also) => {
    const row = await found(doing);
    const { place, by, seen, input } = doing;
    const moved = new RelaisError('REPLAY-001', [
      `La livraison ${row.id} a été rejouée depuis l’affichage de la page.`,
      `Delivery ${row.id} was replayed since it was looked at.`,
    ]);
    return inOne(doing, also, async (tx) => {
      if (seen !== undefined) await lockAsSeen(tx, row, ({ run }) => run === seen.run, moved);
      const asked = { ...input, actor: by.actor, named: true };
      const [answer] = await replayIn(tx, place.published, [row.id], asked);
      if (answer === undefined || answer.done === 'refused')
        throw replayRefused(row.id, answer?.why ?? 'not_found');
      return answer;
    });
  },
};

export interface Cancelled {
  readonly id: number;
  /** True for a right its recipient was not notified of: a person notifies it in writing, then closes the task. */
  readonly isByHand: boolean;
}

/** @throws FIND-001, REPLAY-002 */
export const cancelDelivery: Act<{ readonly reason: string }, Cancelled> = {
  permission: 'delivery.cancel',
  fields: { reason },
  work: async (doing, also) => {
    const { id, state } = await found(doing);
    return inOne(doing, also, async (tx) => {
      const { ended, byHand } = await cancelIn(tx, [id], { actor: doing.by.actor, ...doing.input });
      if (ended.length === 0)
        throw new RelaisError('REPLAY-002', [
          `La livraison ${id} est en cours d’envoi, ou déjà terminée (${stateWords[state][0]}).`,
          `Delivery ${id} is being sent, or at its end already (${state}).`,
        ]);
      return { id, isByHand: byHand.length > 0 };
    });
  },
};

const reference: Field<string> = {
  schema: { type: 'string', maxLength: 200 },
  isOptional: true,
  help: "the recipient's own number of the record",
  words: ['Sa référence chez le client', 'Its reference at the client'],
  hint: [
    'Facultatif : le numéro de la fiche, qui servira aux modifications et à l’effacement.',
    'Optional: the number of the record, used for changes and for the erasure.',
  ],
  read: (given) => {
    const text = typeof given === 'string' ? given.trim() : '';
    if (text !== '' && safeReference(text) === undefined)
      throw new RelaisError('RESOLVE-002', [
        'Elle contient une adresse e-mail, un téléphone ou des caractères qu’aucun numéro de fiche n’a.',
        'It holds a mail address, a phone number or signs no record number has.',
      ]);
    return text;
  },
};

async function resolved(
  doing: Doing<{ readonly evidence: string; readonly reference?: string }>,
  received: boolean,
  also: With<Resolution>,
): Promise<Resolution> {
  const row = await found(doing);
  const { place, by, seen, input } = doing;
  const moved = new RelaisError('RESOLVE-001', [
    `La livraison ${row.id} a été essayée à nouveau depuis que la page a été faite.`,
    `Delivery ${row.id} was tried again since it was looked at.`,
  ]);
  const { evidence: written, reference: given = '' } = input;
  const finding = {
    actor: by.actor,
    evidence: written,
    received,
    ...(given === '' ? {} : { reference: given }),
  };
  return inOne(doing, also, async (tx) => {
    if (seen !== undefined)
      await lockAsSeen(tx, row, (now) => now.run === seen.run && now.attempt === seen.attempt, moved);
    return resolveIn(tx, place.published, row.id, finding);
  });
}

/** The recipient has it. @throws FIND-001, RESOLVE-001 where its outcome is known or it was tried again since, RESOLVE-002 */
export const deliveryReceived: Act<{ readonly reference: string; readonly evidence: string }, Resolution> = {
  permission: 'delivery.resolve',
  fields: { reference, evidence },
  work: (doing, also) => resolved(doing, true, also),
};

/** The recipient does not have it. @throws FIND-001, RESOLVE-001 */
export const deliveryNotReceived: Act<{ readonly evidence: string }, Resolution> = {
  permission: 'delivery.resolve',
  fields: { evidence },
  work: (doing, also) => resolved(doing, false, also),
};
