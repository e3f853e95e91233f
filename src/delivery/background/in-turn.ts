// Runs independent steps of one loop in turn.
// Invariant: a step that fails keeps no other from its turn, and the loop gets its error.

/** @throws the first error, once all have had their turn */
export async function inTurn(...steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
