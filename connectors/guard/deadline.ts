// Limits one attempt: joins the total time, the caller's signal and the lease, and records which of them ended it.
// Invariant: an attempt waits at most `totalMs`; its timer never outlives it. Only a long file renews the time, with each
// piece that was sent. Right before a first byte the lease is compared by the clock, not by a timer: the timers of a
// process that was frozen fire late.

export type Ending = 'TOTAL_TIMEOUT' | 'ABORTED' | 'LEASE_LOST';

/** The time limit of an attempt, and the signals that end it. */
export interface Attempt {
  readonly totalMs: number;
  readonly signal: AbortSignal;
  /** See `SendContext.mayLeave`. */
  readonly mayLeave: () => boolean;
}

export interface Deadline {
  /** Fires when time is up. Created on first use: `onEnd` costs less. */
  readonly signal: AbortSignal;
  /** Calls back when time is up; returns a function that unsubscribes. Not called for a deadline that had ended before. */
  readonly onEnd: (callback: () => void) => () => void;
  /** Set once time is up. */
  readonly ended: () => Ending | undefined;
  readonly elapsedMs: () => number;
  /** Called right before a first byte, after every wait. False: the lease is lost, the attempt ends, and nothing may be written. */
  readonly mayLeave: () => boolean;
  /** The same; throws an error that `endingOf` recognises. */
  readonly leave: () => void;
  /** A piece of a long file was sent: the time begins anew. */
  readonly renew: () => void;
  /** Rejects with an error that `endingOf` recognises when time is up, else settles as `work` does. */
  readonly race: <T>(work: Promise<T>) => Promise<T>;
  /** The attempt is over: nothing is called back any more. */
  readonly clear: () => void;
}

const mark = Symbol('deadline');

/** The reason why an attempt ended, when `error` comes from its deadline. */
export function endingOf(error: unknown): Ending | undefined {
  return typeof error === 'object' && error !== null ? (error as { [mark]?: Ending })[mark] : undefined;
}

// One listener for each signal, however many attempts it may end: an EventTarget walks all listeners to add or remove one.
const listening = new WeakMap<AbortSignal, Set<() => void>>();

function listenersOf(signal: AbortSignal): Set<() => void> {
  const known = listening.get(signal);
  if (known !== undefined) return known;
  const callbacks = new Set<() => void>();
  listening.set(signal, callbacks);
  signal.addEventListener('abort', () => callAll(callbacks), { once: true });
  return callbacks;
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
  const abort = (): void => end('ABORTED');
  if (outer.aborted) abort();
  else listenersOf(outer).add(abort);
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
      listening.get(outer)?.delete(abort);
      callbacks.clear();
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
