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

/** The flags are the process's, and so is the count of what asks for them. */
let underWay = 0;

function begin(): void {
  underWay += 1;
  if (underWay > 1) return;
  set(lean);
  // How far the heap may grow is worked out at a collection.
  collect();
}

function end(): void {
  underWay -= 1;
  if (underWay === 0) set(usual);
}

export const leanly: Leanly = async (work) => {
  begin();
  try {
    return await work();
  } finally {
    end();
  }
};

/** What a file leaves to do (sealing, recovery) goes on for a while after it. */
const lingerMs = 60_000;

/** For a process that works beside a long file: told again and again whether one is at work, it keeps its heap lean meanwhile. */
export function createLeanWatch(): { readonly note: (isAtWork: boolean) => void; readonly stop: () => void } {
  let until: number | undefined;
  const stop = (): void => {
    if (until !== undefined) end();
    until = undefined;
  };
  return {
    note: (isAtWork) => {
      if (isAtWork && until === undefined) begin();
      if (isAtWork) until = performance.now() + lingerMs;
      else if (until !== undefined && performance.now() > until) stop();
    },
    stop,
  };
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

/** The end of what bin/relais.mjs began: the room that loading took is not kept. */
export function grownUp(): void {
  if (underWay === 0) set(usual);
}
