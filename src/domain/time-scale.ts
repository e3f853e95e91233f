// Converts durations to the steps of a scale, so that many are stored as few counts from which percentiles can be read.
// Invariant: each step is a quarter longer than the one before, so that a percentile is wrong by at most an eighth.

const growth = 1.25;

/** From 1; durations up to a millisecond are the first step. @param ms 0 or more */
export const stepOf = (ms: number): number =>
  ms <= 1 ? 1 : 1 + Math.ceil(Math.log(ms) / Math.log(growth) - 1e-9);

/** The middle of a step, milliseconds. */
export const msOfStep = (step: number): number => growth ** (step - 1.5);

/**
 * The time within which a share of the counted deliveries was done, milliseconds; null when there was none.
 * @param counts by step
 * @param share between 0 and 1
 */
export function shareWithin(counts: ReadonlyMap<number, number>, share: number): number | null {
  const known = [...counts].filter(([step]) => step > 0).sort(([a], [b]) => a - b);
  const all = known.reduce((sum, [, count]) => sum + count, 0);
  let reached = 0;
  for (const [step, count] of known) {
    reached += count;
    if (reached >= all * share) return msOfStep(step);
  }
  return null;
}
