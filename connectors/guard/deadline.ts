// One attempt's clock: the total time and the caller's signal joined, with the reason it ended.
// Invariant: whatever an attempt waits for, it waits at most `totalMs`; its timer never outlives it.

export type Ending = 'TOTAL_TIMEOUT' | 'ABORTED';

export interface Deadline {
  readonly signal: AbortSignal;
  /** Set once the signal fired. */
  readonly ended: () => Ending | undefined;
  readonly elapsedMs: () => number;
  /** Rejects with an error `endingOf` knows when time is up, else settles as `work` does. */
  readonly race: <T>(work: Promise<T>) => Promise<T>;
  readonly clear: () => void;
}

const mark = Symbol('deadline');

/** Why an attempt was ended, when `error` says that its deadline was reached. */
export function endingOf(error: unknown): Ending | undefined {
  return typeof error === 'object' && error !== null ? (error as { [mark]?: Ending })[mark] : undefined;
}

export function startDeadline(totalMs: number, outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const startedAt = performance.now();
  let ending: Ending | undefined;
  const end = (reason: Ending): void => {
    if (ending !== undefined) return;
    ending = reason;
    controller.abort(reached(reason));
  };
  const onOuter = (): void => end('ABORTED');
  const timer = setTimeout(() => end('TOTAL_TIMEOUT'), totalMs);
  if (outer.aborted) end('ABORTED');
  else outer.addEventListener('abort', onOuter, { once: true });

  return {
    signal: controller.signal,
    ended: () => ending,
    elapsedMs: () => Math.round(performance.now() - startedAt),
    async race(work) {
      if (ending !== undefined) {
        work.catch(() => undefined);
        throw reached(ending);
      }
      let stop = (): void => undefined;
      const over = new Promise<never>((_, reject) => {
        stop = (): void => reject(reached(ending ?? 'ABORTED'));
        controller.signal.addEventListener('abort', stop, { once: true });
      });
      try {
        return await Promise.race([work, over]);
      } finally {
        controller.signal.removeEventListener('abort', stop);
      }
    },
    clear() {
      clearTimeout(timer);
      outer.removeEventListener('abort', onOuter);
    },
  };
}

function reached(ending: Ending): Error {
  return Object.assign(new Error(ending), { [mark]: ending });
}
