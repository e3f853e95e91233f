// Decides the unknown outcome of one delivery: its recipient has it, or has not.
// Invariant: within the actor's scope; a decision is about the shown attempt, and is in the log with its evidence.
import { resolveIn, type Resolution } from '../../delivery/outcome/resolve.ts';
import { safeReference } from '../../domain/reference.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDelivery } from '../../errors/unknown.ts';
import { findDelivery } from '../../store/delivery-lists.ts';
import type { SupportPlace } from '../place.ts';
import { existing } from '../scope.ts';
import { lockAsSeen, type Seen } from './as-seen.ts';
import type { Acting } from './acting.ts';
import { evidenceOf } from './bulk.ts';

export type { Resolution } from '../../delivery/outcome/resolve.ts';

export interface Answered {
  readonly received: boolean;
  /** The recipient's reference of it; with `received` alone. */
  readonly reference?: string;
  /** A mail, a call, a ticket; contains no name. */
  readonly evidence: string;
  readonly seen: Seen;
}

/** @throws FIND-001, RESOLVE-001 where its outcome is not open or it was attempted again since, RESOLVE-002, USAGE-001, USAGE-002 */
export async function resolveOne(
  { database, published }: SupportPlace,
  { scope, actor }: Acting,
  name: string,
  { received, reference, seen, ...asked }: Answered,
): Promise<Resolution> {
  const evidence = evidenceOf(asked.evidence);
  if (reference !== undefined && !received)
    throw new RelaisError('USAGE-001', [
      'Une référence va avec ce que le client a.',
      'A reference goes with what the recipient has.',
    ]);
  if (reference !== undefined && safeReference(reference) === undefined)
    throw new RelaisError('RESOLVE-002', [
      'Elle contient une adresse e-mail, un téléphone ou des caractères qu’aucun numéro de fiche n’a.',
      'It holds a mail address, a phone number or signs no record number has.',
    ]);
  const row = existing(scope, await findDelivery(database, name), unknownDelivery(name));
  const finding = { actor, evidence, received, ...(reference === undefined ? {} : { reference }) };
  const moved = new RelaisError('RESOLVE-001', [
    `La livraison ${row.id} a été essayée à nouveau depuis que la page a été faite.`,
    `Delivery ${row.id} was tried again since it was looked at.`,
  ]);
  return database.transaction(async (tx) => {
    await lockAsSeen(tx, row, ({ run, attempt }) => run === seen.run && attempt === seen.attempt, moved);
    return resolveIn(tx, published, row.id, finding);
  });
}
