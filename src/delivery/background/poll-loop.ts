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

/** @param nudged the round was asked for, and not begun by the clock. Returns true when there may be more to do at once. */
export type LoopWork = (nudged: boolean) => Promise<boolean>;

/** @param idleMs pause when there is nothing more to do; a function is asked after each round */
export type StartLoop = (name: string, idleMs: number | (() => number), work: LoopWork) => Loop;

/** The pause between two looks for which the other pauses are chosen, ms: the default of `RELAIS_PLANNER_IDLE_MS`. */
export const usualIdleMs = 60;

/** A timer's pause where the planner looks more often than usual: shorter in proportion, never longer. */
export const pacedMs = (ms: number, plannerIdleMs: number): number =>
  Math.ceil(ms * Math.min(1, plannerIdleMs / usualIdleMs));

/** Multiples of a tick, the coarsest first: loops with about the same pause wake together, and with those that wake more often. */
const coarser = [16, 4, 1];

/** When a pause of about `ms` ends: at a multiple of the coarsest tick that shortens it by a tenth at most. */
function endOfPause(ms: number, tickMs: number): number {
  const wakes = (times: number): boolean => Math.floor(ms / (times * tickMs)) * times * tickMs >= 0.9 * ms;
  const everyMs = (coarser.find(wakes) ?? 1) * tickMs;
  // Rounds begin a little before or after their moment.
  return Math.floor((performance.now() + ms) / everyMs + 0.1) * everyMs;
}

function endAfter(failures: number, { idleMs, tickMs }: Pick<LoopOptions, 'idleMs' | 'tickMs'>): number {
  const idle = typeof idleMs === 'number' ? idleMs : idleMs();
  const ms = failures === 0 ? idle : Math.max(idle, Math.min(idle * 2 ** failures, 2_000));
  return tickMs === undefined || ms < tickMs ? performance.now() + ms : endOfPause(ms, tickMs);
}

interface Alarm {
  readonly timer: NodeJS.Timeout;
  readonly calls: Set<() => void>;
}

/** By their moments: pauses that end together wake the process once. */
const alarms = new Map<number, Alarm>();

/** @param at moment of `performance.now()`. Returns what calls it off */
function callAt(at: number, call: () => void): () => void {
  const alarm = alarms.get(at) ?? newAlarm(at);
  alarm.calls.add(call);
  return () => {
    alarm.calls.delete(call);
    if (alarm.calls.size > 0) return;
    clearTimeout(alarm.timer);
    if (alarms.get(at) === alarm) alarms.delete(at);
  };
}

function newAlarm(at: number): Alarm {
  const calls = new Set<() => void>();
  const ring = (): void => {
    alarms.delete(at);
    for (const call of calls) call();
  };
  const alarm = { timer: setTimeout(ring, Math.max(1, Math.round(at - performance.now()))), calls };
  alarms.set(at, alarm);
  return alarm;
}

interface LoopOptions {
  readonly name: string;
  readonly idleMs: number | (() => number);
  readonly work: LoopWork;
  readonly log: Log;
  readonly restMs?: number;
  /** Pauses of at least as long end at multiples of it, and long ones at multiples of several. */
  readonly tickMs?: number;
}

/**
 * @param name a code of the log: letters, digits, `_`. Throws at start for a name that the log would replace
 * @param restMs pause before the first round; none by default
 */
export function startLoop(options: LoopOptions): Loop {
  if (loggable(options.name) !== options.name)
    throw new Error(`The log cannot write the name of the loop "${options.name}".`);
  let stopping = false;
  let failures = 0;
  let wake: (() => void) | undefined;
  let nudged = false;

  const pauseUntil = (at: number): Promise<void> =>
    new Promise((done) => {
      const callOff = callAt(at, finish);
      function finish(): void {
        callOff();
        wake = undefined;
        done();
      }
      wake = finish;
    });
  const run = async (): Promise<void> => {
    if (options.restMs !== undefined) await pauseUntil(performance.now() + options.restMs);
    while (!stopping) {
      const wasNudged = nudged;
      nudged = false;
      let more = false;
      try {
        const startedAt = performance.now();
        more = await options.work(wasNudged);
        failures = 0;
        const durationMs = performance.now() - startedAt;
        if (more) options.log.debug('loop.worked', { loop: options.name, durationMs });
      } catch (error) {
        failures += 1;
        if (isWorthLogging(failures))
          options.log.error('loop.failed', { loop: options.name, code: foreignCode(error), count: failures });
      }
      if (stopping || (more && failures === 0) || (nudged && failures === 0)) continue;
      await pauseUntil(endAfter(failures, options));
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

// Runs independent steps of one loop in turn.
// Invariant: a step that fails keeps no other from its turn, and the loop gets its error.

/** @throws the first error, once all have had their turn */
export async function inTurn(...steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
