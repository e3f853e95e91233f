// A collector that keeps the heap small while something is under way that holds little and makes much garbage, as a long file does.
// Invariant: nothing is refused memory: what needs more gets it, at the price of more collecting.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Left to itself, V8 lets a heap grow to several times of what is alive in it, and its young generation to 128 MB. So: by so many
 * percent of what was alive at the last collection, and a young generation that stays as large as it is.
 */
const lean = ['--heap-growing-percent=30', '--semi-space-growth-factor=1'];
/** V8's own. */
const usual = ['--heap-growing-percent=0', '--semi-space-growth-factor=2'];

const set = (flags: readonly string[]): void => {
  for (const flag of flags) setFlagsFromString(flag);
};

export type Leanly = <T>(work: () => Promise<T>) => Promise<T>;

/** One for a process: what is under way at the same time shares it. */
export function createLeanHeap(): Leanly {
  let underWay = 0;
  return async (work) => {
    underWay += 1;
    if (underWay === 1) {
      set(lean);
      // How far the heap may grow is worked out at a collection.
      collect();
    }
    try {
      return await work();
    } finally {
      underWay -= 1;
      if (underWay === 0) set(usual);
    }
  };
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

/** The end of what bin/relais.mjs began: the room that loading took is not kept. */
export const grownUp = (): void => set(usual);
