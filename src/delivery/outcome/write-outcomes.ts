// Writes the effects of outcomes, and proves that the circuits by which they were decided are quiet.
// Invariant: an end wakes the deliveries that waited for it. False means that nothing is proved, and the caller rolls back. For a lead alone
// (one settlement, one entry, one end) the statement that queues the entry for sealing proves that the circuit is the quiet one of a moment
// ago, and that no delivery waits for it.
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import type { Sql } from '../../store/database.ts';
import { forgetCaptures, noteCallOutcomes, queueNextCalls } from '../../store/deliveries/calls.ts';
import {
  bringForward,
  forgetReferences,
  keepLateReferences,
} from '../../store/deliveries/delivery-settlements.ts';
import { noteTaken } from '../../store/deliveries/delivery-targets.ts';
import { noteReadBacks } from '../../store/deliveries/read-backs.ts';
import { noteUndone } from '../../store/deliveries/undone-calls.ts';
import { nothingElse, wakeAndReadCircuits } from '../../store/leads/restrictions.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { awaitSealWhere } from '../../store/log/handovers-unsealed.ts';
import { withoutRepeats } from '../planning/hourly-alerts.ts';
import type { QuietCircuits } from './circuit.ts';
import type { OutcomeEffects } from './effects.ts';
import { resendOvertaken } from './follow-ups.ts';

/** @param quiet circuits that were assumed to be quiet */
export async function writeOutcomes(
  tx: Sql,
  effects: OutcomeEffects,
  quiet: { readonly circuits: QuietCircuits; readonly names: readonly string[] } | undefined,
): Promise<boolean> {
  if (quiet === undefined) {
    await writeEffects(tx, effects);
    return true;
  }
  const { circuits, names } = quiet;
  const { settlements, handovers, ended } = effects;
  const [end] = ended;
  const circuit = end === undefined ? undefined : circuits.textOf(end.destinationId);
  const isLone = settlements.length === 1 && handovers.length === 1 && ended.length === 1;
  if (end === undefined || circuit === undefined || !isLone || !isPlain(effects))
    return circuits.proved(names, await writeEffects(tx, effects, names));
  let isProved = false;
  await appendHandovers(tx, handovers, {
    queue: async (_, [entry]) => {
      isProved = entry !== undefined && (await awaitSealWhere(tx, entry, nothingElse(end, circuit)));
    },
  });
  if (!isProved) circuits.forget(end.destinationId);
  return isProved;
}

const plain: ReadonlySet<string> = new Set<keyof OutcomeEffects>(['settlements', 'handovers', 'ended']);

/** True if nothing but settlements, their entries and ends is to be written. */
function isPlain(effects: OutcomeEffects): boolean {
  for (const name of Object.keys(effects) as (keyof OutcomeEffects)[])
    if (effects[name].length > 0 && !plain.has(name)) return false;
  return true;
}

/** Writes all but `settlements`, written before. Returns the circuits of `circuitsOf`, read in a statement that is sent anyway. */
export async function writeEffects(
  tx: Sql,
  effects: OutcomeEffects,
  circuitsOf: readonly string[] = [],
): Promise<ReadonlyMap<string, string>> {
  await appendHandovers(tx, effects.handovers);
  if (isPlain(effects)) return wakeAndReadCircuits(tx, effects.ended, circuitsOf);
  await noteCallOutcomes(tx, effects.calls);
  await noteUndone(tx, effects.undone);
  await noteTaken(tx, effects.taken);
  await noteReadBacks(tx, effects.readBacks);
  await queueNextCalls(tx, effects.next, 'afresh');
  await queueNextCalls(tx, effects.again, 'goes_on');
  // First: an erasure that leaves again needs the reference that came too late for it.
  const late = await resendOvertaken(tx, effects.lateArrivals);
  await keepLateReferences(tx, effects.lateReferences);
  await forgetReferences(tx, effects.erased);
  await forgetCaptures(tx, effects.erased);
  const circuits = await wakeAndReadCircuits(tx, effects.ended, circuitsOf);
  await bringForward(tx, effects.forward);
  await raiseAlerts(tx, await withoutRepeats(tx, [...effects.alerts, ...late]));
  return circuits;
}
