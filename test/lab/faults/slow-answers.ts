// How slowly a recipient of a storm answers: in drips, or as late as its time-out allows.
import type { ServerResponse } from 'node:http';
import type { Pace } from './mappings.ts';

/** Well within the time-out, also on a busy machine, ms. */
export const slowest: Readonly<Record<Pace, number>> = { usual: 1_000, brisk: 300 };

/** A byte at a time; some are done before the time-out, some are not. */
export function drip(response: ServerResponse, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (response.destroyed || at >= text.length) {
      clearInterval(timer);
      response.end();
      return;
    }
    response.write(text.slice(at, at + 3));
    at += 3;
  }, everyMs);
}
