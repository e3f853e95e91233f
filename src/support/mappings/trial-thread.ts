// Runs trials of typed mappings in a thread of their own: an endless pattern or a file that unfolds to gigabytes
// ends that thread, and no other page waits for it.
// Invariant: one trial at a time and a few in line; a trial past its time or memory is ended and reported as such.
import { Worker } from 'node:worker_threads';
import type { Trial, TrialAsked } from './trial.ts';

export interface NumberedTrial {
  readonly number: number;
  readonly asked: TrialAsked;
}

export interface TrialTold {
  readonly number: number;
  /** Undefined where the check itself failed. */
  readonly trial: Trial | undefined;
}

export type TrialAnswer =
  | { readonly kind: 'tried'; readonly trial: Trial }
  /** It did not end in time, or needed too much memory. */
  | { readonly kind: 'endless' }
  /** Too many trials wait: try again in a moment. */
  | { readonly kind: 'busy' };

export interface Trials {
  readonly ask: (asked: TrialAsked) => Promise<TrialAnswer>;
  readonly close: () => Promise<void>;
}

/** The first trial also waits until the thread has loaded its modules. */
const patienceMs = 15_000;
const mostInLine = 8;
const mostMegabytes = 512;

/** @param patience in ms, read before each trial */
export function createTrials(patience: () => number = () => patienceMs): Trials {
  let worker: Worker | undefined;
  let line: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let number = 0;
  const end = async (): Promise<void> => {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./trial-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    });
    // The thread never keeps the process alive, and an error between trials is ignored.
    started.unref();
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (worker === started) worker = undefined;
    });
    return started;
  };
  const askNow = async (asked: TrialAsked): Promise<TrialAnswer> => {
    const own = (number += 1);
    const thread = (worker ??= start());
    const answer = await answerOf(thread, { number: own, asked }, patience());
    if (answer.kind === 'endless') await end();
    return answer;
  };
  return {
    ask: async (asked) => {
      if (waiting >= mostInLine) return { kind: 'busy' };
      waiting += 1;
      const mine = line.then(() => askNow(asked));
      line = mine.catch(() => undefined);
      try {
        return await mine;
      } finally {
        waiting -= 1;
      }
    },
    close: end,
  };
}

function answerOf(thread: Worker, question: NumberedTrial, patience: number): Promise<TrialAnswer> {
  return new Promise((resolve) => {
    const done = (answer: TrialAnswer): void => {
      clearTimeout(timer);
      thread.off('message', told).off('error', broke).off('exit', broke);
      resolve(answer);
    };
    const told = ({ number, trial }: TrialTold): void => {
      if (number !== question.number) return;
      done(trial === undefined ? { kind: 'endless' } : { kind: 'tried', trial });
    };
    const broke = (): void => done({ kind: 'endless' });
    const timer = setTimeout(broke, patience);
    thread.on('message', told).on('error', broke).on('exit', broke);
    thread.postMessage(question);
  });
}
