// Makes seeded random values: the same seed gives the same persons on every machine.
// Invariant: not for secrets; keys and passwords come from node:crypto.

export interface Random {
  /** In [0, 1). */
  readonly next: () => number;
  /** Whole, from `min` to `max`, both included. */
  readonly whole: (min: number, max: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  /** True once in `n` on average. */
  readonly oneIn: (n: number) => boolean;
  /** By weight; weights need not add up to anything. */
  readonly weighted: <T>(from: readonly (readonly [T, number])[]) => T;
  readonly shuffled: <T>(from: readonly T[]) => T[];
}

/** mulberry32: 32 bits of state, good enough for invented persons. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const whole = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const at = <T>(from: readonly T[], index: number): T => {
    const found = from[index];
    if (found === undefined) throw new RangeError('nothing to choose from');
    return found;
  };
  return {
    next,
    whole,
    pick: (from) => at(from, whole(0, from.length - 1)),
    oneIn: (n) => next() < 1 / n,
    weighted: (from) => {
      let left = next() * from.reduce((sum, [, weight]) => sum + weight, 0);
      const found = from.find(([, weight]) => (left -= weight) < 0) ?? at(from, from.length - 1);
      return found[0];
    },
    shuffled: (from) => {
      const list = [...from];
      for (let index = list.length - 1; index > 0; index -= 1) {
        const swap = whole(0, index);
        [list[index], list[swap]] = [at(list, swap), at(list, index)];
      }
      return list;
    },
  };
}
