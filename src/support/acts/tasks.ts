// Closing tasks: failed deliveries and alerts that need nobody any more, with the evidence of it.
// Invariant: within the scope of who acts; closing changes no delivery, and all that are named are closed or none is.
import { RelaisError } from '../../errors.ts';
import { findDelivery } from '../../store/deliveries/delivery-lists.ts';
import { readAlert } from '../../store/alerts/tasks.ts';
import { closeAlertsIn, closeDeliveriesIn } from '../close-and-cancel.ts';
import { isWithin } from '../place.ts';
import { closingText } from '../typed-text.ts';
import { evidence, inOne, reason, type Act, type Doing } from './act.ts';

/** The number of the delivery or the alert. */
async function numberOf({ place, by }: Doing<unknown>, task: string, isAlert: boolean): Promise<number> {
  const found = isAlert
    ? await readAlert(place.database, Number(task.slice(1)))
    : await findDelivery(place.database, task);
  if (found === undefined || !isWithin(by.scope, found.clientId))
    throw new RelaisError('FIND-001', [`Aucune tâche ne s’appelle ${task}.`, `No task is called ${task}.`]);
  return found.id;
}

/**
 * Closes tasks by the numbers or keys of their deliveries, or `A12` for an alert. Returns how many were open; a closed one stays closed.
 * @throws FIND-001, TASK-001
 */
export const closeTasks: Act<{ readonly reason: string; readonly evidence: string }, number> = {
  permission: 'task.close',
  fields: { reason, evidence },
  work: async (doing, also) => {
    closingText(doing.input);
    const alerts: number[] = [];
    const deliveries: number[] = [];
    for (const task of new Set(doing.to)) {
      const isAlert = /^A\d{1,15}$/i.test(task);
      (isAlert ? alerts : deliveries).push(await numberOf(doing, task, isAlert));
    }
    const closing = { actor: doing.by.actor, ...doing.input };
    return inOne(
      doing,
      also,
      async (tx) =>
        (await closeAlertsIn(tx, alerts, closing)) + (await closeDeliveriesIn(tx, deliveries, closing)),
    );
  },
};
