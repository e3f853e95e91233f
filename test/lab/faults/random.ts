// A small seeded generator (mulberry32): the same seed makes the same schedule.

export interface Random {
  /** In [0, 1). */
  readonly next: () => number;
  readonly pick: <T>(values: readonly T[]) => T;
  readonly between: (low: number, high: number) => number;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    pick: (values) => values[Math.floor(next() * values.length)] as (typeof values)[number],
    between: (low, high) => Math.floor(low + next() * (high - low)),
  };
}
