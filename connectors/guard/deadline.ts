// One attempt's clock: the total time, the caller's signal and the lease joined, with the reason it ended.
// Invariant: whatever an attempt waits for, it waits at most `totalMs`; its timer never outlives it. Only a long file that moves
// on begins the time anew, a piece at a time. Right before a first byte the lease is compared by the clock, not by a timer: the
// timers of a process that was frozen fire late.

export type Ending = 'TOTAL_TIMEOUT' | 'ABORTED' | 'LEASE_LOST';

/** The time limit of an attempt, and the signals that end it. */
export interface Attempt {
  readonly totalMs: number;
  readonly signal: AbortSignal;
  /** As `SendContext.mayLeave`. */
  readonly mayLeave: () => boolean;
}

export interface Deadline {
  /** Fires when time is up. Made when first asked for: `onEnd` costs less. */
  readonly signal: AbortSignal;
  /** Calls back when time is up; returns how to be forgotten. Not called for a deadline that had ended before. */
  readonly onEnd: (callback: () => void) => () => void;
  /** Set once time is up. */
  readonly ended: () => Ending | undefined;
  readonly elapsedMs: () => number;
  /** Asked right before a first byte, after every wait. False: the lease is lost, the attempt ends with that, and nothing may be written. */
  readonly mayLeave: () => boolean;
  /** The same; throws an error `endingOf` knows. */
  readonly leave: () => void;
  /** A piece of a long file has gone through: the time begins anew. */
  readonly renew: () => void;
  /** Rejects with an error `endingOf` knows when time is up, else settles as `work` does. */
  readonly race: <T>(work: Promise<T>) => Promise<T>;
  readonly clear: () => void;
}

const mark = Symbol('deadline');

/** Why an attempt was ended, when `error` says that its deadline was reached. */
export function endingOf(error: unknown): Ending | undefined {
  return typeof error === 'object' && error !== null ? (error as { [mark]?: Ending })[mark] : undefined;
}

// One listener a signal, however many attempts it may end: an EventTarget walks all its listeners to add or remove one.
const listening = new WeakMap<AbortSignal, Set<() => void>>();

function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const known = listening.get(signal);
  const callbacks = known ?? new Set<() => void>();
  if (known === undefined) {
    listening.set(signal, callbacks);
    signal.addEventListener('abort', () => callAll(callbacks), { once: true });
  }
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

function callAll(callbacks: Set<() => void>): void {
  const all = [...callbacks];
  callbacks.clear();
  for (const callback of all) callback();
}

export function startDeadline({ totalMs, signal: outer, mayLeave: isLeased }: Attempt): Deadline {
  let controller: AbortController | undefined;
  const callbacks = new Set<() => void>();
  const startedAt = performance.now();
  let ending: Ending | undefined;
  const end = (reason: Ending): void => {
    if (ending !== undefined) return;
    ending = reason;
    controller?.abort(reached(reason));
    callAll(callbacks);
  };
  const timer = setTimeout(() => end('TOTAL_TIMEOUT'), totalMs);
  let forget = (): void => undefined;
  if (outer.aborted) end('ABORTED');
  else forget = onAbort(outer, () => end('ABORTED'));
  const mayLeave = (): boolean => {
    if (ending === undefined && !isLeased()) end('LEASE_LOST');
    return ending === undefined;
  };
  const onEnd = (callback: () => void): (() => void) => {
    callbacks.add(callback);
    return () => void callbacks.delete(callback);
  };

  return {
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (ending !== undefined) controller.abort(reached(ending));
      }
      return controller.signal;
    },
    onEnd,
    ended: () => ending,
    elapsedMs: () => Math.round(performance.now() - startedAt),
    mayLeave,
    leave() {
      if (!mayLeave()) throw reached(ending ?? 'LEASE_LOST');
    },
    renew: () => {
      if (ending === undefined) timer.refresh();
    },
    race: (work) => raced(work, { ended: () => ending, onEnd }),
    clear() {
      clearTimeout(timer);
      forget();
    },
  };
}

async function raced<T>(work: Promise<T>, { ended, onEnd }: Pick<Deadline, 'ended' | 'onEnd'>): Promise<T> {
  const before = ended();
  if (before !== undefined) {
    work.catch(() => undefined);
    throw reached(before);
  }
  let stop = (): void => undefined;
  const over = new Promise<never>((_, reject) => {
    stop = onEnd(() => reject(reached(ended() ?? 'ABORTED')));
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    stop();
  }
}

function reached(ending: Ending): Error {
  return Object.assign(new Error(ending), { [mark]: ending });
}
