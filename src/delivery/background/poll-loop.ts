// Runs the loop of a long-running role: work while there is some, then pause, with growing pauses in an outage.
// Invariant: timers of this process over rows of MySQL; a restart or a flush loses nothing.
import { foreignCode } from '../../errors.ts';
import { isWorthLogging, loggable, type Log } from '../../log.ts';

export interface Loop {
  /** Ends the present pause. */
  readonly nudge: () => void;
  /** Lets the present round finish, then stops. */
  readonly stop: () => Promise<void>;
}

/** `work` returns true when there may be more to do at once. */
export type StartLoop = (name: string, idleMs: number, work: () => Promise<boolean>) => Loop;

const pauseAfter = (failures: number, idleMs: number): number =>
  failures === 0 ? idleMs : Math.max(idleMs, Math.min(idleMs * 2 ** failures, 2_000));

/**
 * @param name a code of the log: letters, digits, `_`. Throws at start for a name that the log would replace
 * @param work returns true when there may be more to do at once
 * @param restMs pause before the first round; none by default
 */
export function startLoop(options: {
  readonly name: string;
  readonly idleMs: number;
  readonly work: () => Promise<boolean>;
  readonly log: Log;
  readonly restMs?: number;
}): Loop {
  if (loggable(options.name) !== options.name)
    throw new Error(`The log cannot write the name of the loop "${options.name}".`);
  let stopping = false;
  let failures = 0;
  let wake: (() => void) | undefined;
  let nudged = false;

  const pause = (ms: number): Promise<void> =>
    new Promise((done) => {
      const timer = setTimeout(finish, ms);
      function finish(): void {
        clearTimeout(timer);
        wake = undefined;
        done();
      }
      wake = finish;
    });
  const run = async (): Promise<void> => {
    if (options.restMs !== undefined) await pause(options.restMs);
    while (!stopping) {
      nudged = false;
      let more = false;
      try {
        const startedAt = performance.now();
        more = await options.work();
        failures = 0;
        if (more)
          options.log.debug('loop.worked', {
            loop: options.name,
            durationMs: performance.now() - startedAt,
          });
      } catch (error) {
        failures += 1;
        if (isWorthLogging(failures))
          options.log.error('loop.failed', { loop: options.name, code: foreignCode(error), count: failures });
      }
      if (stopping || (more && failures === 0) || (nudged && failures === 0)) continue;
      await pause(pauseAfter(failures, options.idleMs));
    }
  };
  const running = run();
  return {
    nudge: () => {
      nudged = true;
      wake?.();
    },
    stop: async () => {
      stopping = true;
      wake?.();
      await running;
    },
  };
}
