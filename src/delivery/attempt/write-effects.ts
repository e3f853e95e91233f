// What outcomes cause besides the rows they settle, written in the transaction that settles them.
// Invariant: the one place for it, whoever learns of an outcome: a trip, or an acknowledgement read line by line.
import { raiseAlerts } from '../../store/alerts.ts';
import { forgetCaptures, noteCallOutcomes, queueNextCalls } from '../../store/calls.ts';
import type { Sql } from '../../store/database.ts';
import { bringForward, forgetReferences, keepLateReferences } from '../../store/delivery-settlements.ts';
import { noteUndone } from '../../store/undone-calls.ts';
import { noteTaken } from '../../store/delivery-targets.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { noteReadBacks } from '../../store/read-backs.ts';
import { wakeSiblings } from '../../store/withheld.ts';
import { withoutRepeats } from '../planning/hourly-alerts.ts';
import type { OutcomeEffects } from './attempt.ts';
import { tellAgain } from './tell-again.ts';

export const noEffects = (): OutcomeEffects => ({
  handovers: [],
  settlements: [],
  alerts: [],
  ended: [],
  erased: [],
  calls: [],
  undone: [],
  taken: [],
  readBacks: [],
  lateReferences: [],
  lateArrivals: [],
  next: [],
  again: [],
  forward: [],
});

/** All but `settlements`, which the caller has written before. */
export async function writeEffects(tx: Sql, work: OutcomeEffects): Promise<void> {
  await appendHandovers(tx, work.handovers);
  await noteCallOutcomes(tx, work.calls);
  await noteUndone(tx, work.undone);
  await noteTaken(tx, work.taken);
  await noteReadBacks(tx, work.readBacks);
  await queueNextCalls(tx, work.next, 'afresh');
  await queueNextCalls(tx, work.again, 'goes_on');
  // First: an erasure that leaves again needs the reference that came too late for it.
  const late = await tellAgain(tx, work.lateArrivals);
  await keepLateReferences(tx, work.lateReferences);
  await forgetReferences(tx, work.erased);
  await forgetCaptures(tx, work.erased);
  await wakeSiblings(tx, work.ended);
  await bringForward(tx, work.forward);
  await raiseAlerts(tx, await withoutRepeats(tx, [...work.alerts, ...late]));
}
