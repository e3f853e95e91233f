// Keeps the heap small while work is under way that needs little memory and makes much garbage, as a long file does.
// Invariant: no allocation is refused: work that needs more memory gets it, at the price of more collections.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * By default V8 lets a heap grow to several times its live objects, and the young generation to 128 MB. These flags allow so many
 * percent above the live objects of the last collection, and keep the size of the young generation.
 */
const lean = ['--heap-growing-percent=30', '--semi-space-growth-factor=1'];
/** V8's defaults. */
const usual = ['--heap-growing-percent=0', '--semi-space-growth-factor=2'];

const set = (flags: readonly string[]): void => {
  for (const flag of flags) setFlagsFromString(flag);
};

export type Leanly = <T>(work: () => Promise<T>) => Promise<T>;

/** The flags apply to the process, and so does the count of the work that needs them. */
let underWay = 0;

function begin(): void {
  underWay += 1;
  if (underWay > 1) return;
  set(lean);
  // V8 computes the next limit of the heap at a collection.
  collect('regular');
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

/** The work after a file (sealing, recovery) goes on for a while. */
const lingerMs = 60_000;

/** For a process beside a long file: `note` is called repeatedly, and keeps the heap lean while a file is under way. */
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

/** `last-resort` also packs what is left, and drops code that has not run for long: it pauses twice as long. */
type Flavor = 'regular' | 'last-resort';

function collect(flavor: Flavor): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: object) => void;
  gc({ type: 'major', execution: 'sync', flavor });
  setFlagsFromString('--no-expose-gc');
}

/** Ends the flags that bin/relais.mjs set at the start: the memory that loading took is not kept. */
export function grownUp(): void {
  if (underWay === 0) set(usual);
}

/** A process that takes less than this share of a core is at rest: ten leads a second take more. */
const busyAtRest = 0.04;
const lookedAtMs = 10_000;
/** Looks from one collection to the next: each pauses the process for a tenth of a second. */
const looksBetween = 3;
/** Growth since the last collection that is worth another one, bytes. */
const worthBytes = 12_000_000;
/** Looks at rest until the workers of the busy time are closed: the heap is then collected for good, however little it has grown. */
const looksUntilClosed = 4;

export interface Heap {
  /** Share of a core that the process took since the last call. */
  readonly busy: () => number;
  readonly bytes: () => number;
  readonly collect: (flavor: Flavor) => void;
}

/** Gives back at rest what busy times took: V8 collects a heap when it fills up, which takes hours at rest. Returns the look at the clock. */
export function collectingAtRest({ busy, bytes, collect }: Heap = ownHeap()): () => void {
  let waits = 0;
  let left = 0;
  let atRest = 0;
  return () => {
    atRest = busy() < busyAtRest ? atRest + 1 : 0;
    waits -= 1;
    if (atRest === 0) return;
    const isForGood = atRest === looksUntilClosed;
    if (!isForGood && (waits > 0 || bytes() - left < worthBytes)) return;
    collect(isForGood ? 'last-resort' : 'regular');
    left = bytes();
    waits = looksBetween;
  };
}

function ownHeap(): Heap {
  let [usage, at] = [process.cpuUsage(), performance.now()];
  return {
    busy: () => {
      const { user, system } = process.cpuUsage(usage);
      const ms = performance.now() - at;
      [usage, at] = [process.cpuUsage(), performance.now()];
      return (user + system) / 1_000 / ms;
    },
    bytes: () => process.memoryUsage().heapTotal,
    collect,
  };
}

export const collectAtRest = (): void => void setInterval(collectingAtRest(), lookedAtMs).unref();
