// Limits the requests of an address in a minute, for @fastify/rate-limit.
// Invariant: a minute is one of the monotonic clock: the plugin's own store counts by the time of day, and a clock that was put back an
// hour would keep a busy caller out for an hour.
import type { FastifyRateLimitStore } from '@fastify/rate-limit';

/** Addresses that are counted; beyond them the oldest count is forgotten. */
const mostAddresses = 5_000;
const minuteMs = 60_000;

class RequestCounts implements FastifyRateLimitStore {
  private readonly counts = new Map<string, { current: number; readonly until: number }>();

  incr(address: string, done: Parameters<FastifyRateLimitStore['incr']>[1], windowMs: number): void {
    const now = performance.now();
    const known = this.counts.get(address);
    const isOver = known === undefined || known.until <= now;
    const count = isOver ? { current: 0, until: now + windowMs } : known;
    count.current += 1;
    if (isOver) {
      // A new window is the last of the map, so the first one is the oldest.
      this.counts.delete(address);
      this.counts.set(address, count);
      const [oldest] = this.counts.keys();
      if (this.counts.size > mostAddresses && oldest !== undefined) this.counts.delete(oldest);
    }
    done(null, { current: count.current, ttl: count.until - now });
  }

  child(): RequestCounts {
    return new RequestCounts();
  }
}

/** Options of the plugin. @param max requests that one address may send in a minute */
export const perMinute = (max: number) => ({ max, timeWindow: minuteMs, store: RequestCounts });
