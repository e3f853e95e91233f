// Closes a task that needs no person any more, with its evidence.
// Invariant: within the actor's scope; closing changes no delivery.
import { RelaisError } from '../../errors.ts';
import { findDelivery } from '../../store/delivery-lists.ts';
import { readAlert } from '../../store/tasks.ts';
import { closeAlertTasks, closeDeliveries } from '../close-tasks.ts';
import type { SupportPlace } from '../place.ts';
import { isWithin } from '../scope.ts';
import { typedReason } from '../typed-text.ts';
import { alone, type Acting, type With } from './acting.ts';
import { evidenceOf } from './bulk.ts';

/**
 * @param task the number of a delivery, or `A12` for an alert
 * @returns false where it had been closed already
 * @throws FIND-001, TASK-001
 */
export async function closeTask(
  { database }: SupportPlace,
  { scope, actor }: Acting,
  task: string,
  asked: { readonly reason: string; readonly evidence: string },
  also: With<boolean> = alone,
): Promise<boolean> {
  const by = { actor, reason: typedReason(asked.reason), evidence: evidenceOf(asked.evidence) };
  const unknown = new RelaisError('FIND-001', [
    `Aucune tâche ne s’appelle ${task}.`,
    `No task is called ${task}.`,
  ]);
  const [, isAlert, number] = /^(A?)(\d{1,15})$/.exec(task) ?? [];
  if (number === undefined) throw unknown;
  const found =
    isAlert === 'A' ? await readAlert(database, Number(number)) : await findDelivery(database, number);
  if (found === undefined || !isWithin(scope, found.clientId)) throw unknown;
  const close = isAlert === 'A' ? closeAlertTasks : closeDeliveries;
  return (await close(database, [Number(number)], by, (tx, closed) => also(tx, closed > 0))) > 0;
}
