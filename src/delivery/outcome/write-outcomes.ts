// Writes the effects of outcomes, and proves that the circuits by which they were decided are quiet.
// Invariant: false means that nothing is proved, and the caller rolls back. For a lead alone (one settlement, one entry, one end) the
// statement that queues the entry for sealing proves that the circuit is the quiet one of a moment ago, and that no delivery waits for it.
import type { Sql } from '../../store/database.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { awaitSealWhere } from '../../store/log/handovers-unsealed.ts';
import { nothingElse } from '../../store/leads/restrictions.ts';
import type { QuietCircuits } from './circuit.ts';
import { writeEffects, type OutcomeEffects } from './effects.ts';

/** @param quiet circuits that were assumed to be quiet */
export async function writeOutcomes(
  tx: Sql,
  effects: OutcomeEffects,
  quiet: { readonly circuits: QuietCircuits; readonly names: readonly string[] } | undefined,
): Promise<boolean> {
  const isProved = quiet && (await writeLoneEnd(tx, effects, quiet.circuits));
  if (isProved !== undefined) return isProved;
  const stored = await writeEffects(tx, effects, quiet?.names);
  return quiet?.circuits.proved(quiet.names, stored) ?? true;
}

/** Undefined: the outcome has other effects, or its circuit has not been read yet. */
async function writeLoneEnd(
  tx: Sql,
  { settlements, handovers, ended, ...others }: OutcomeEffects,
  circuits: QuietCircuits,
): Promise<boolean | undefined> {
  const isLone = [settlements, handovers, ended].every((list) => list.length === 1);
  const [end] = ended;
  if (!isLone || end === undefined || Object.values(others).some((list) => list.length > 0)) return undefined;
  const circuit = circuits.textOf(end.destinationId);
  if (circuit === undefined) return undefined;
  let isProved = false;
  await appendHandovers(tx, handovers, {
    queue: async (_, [entry]) => {
      isProved = entry !== undefined && (await awaitSealWhere(tx, entry, nothingElse(end, circuit)));
    },
  });
  if (!isProved) circuits.forget(end.destinationId);
  return isProved;
}
