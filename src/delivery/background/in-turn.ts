// Steps of one loop that have nothing to do with each other.
// Invariant: one that fails keeps none of the others from its turn, and the loop hears of it.

/** @throws the first error, once all have had their turn */
export async function inTurn(...steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
