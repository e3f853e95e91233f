// How often an address may knock without a signature that holds, and how many callbacks are looked at at the same time.
// Invariant: what is signed is never counted; who has knocked too often costs no question to the database and no line of the log.
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Refusals of one address within a minute, after which it is not listened to until the minute is over. */
export const refusalsAMinute = 60;

/** Looked at at the same time: each asks the database, which the planner needs more. */
export const atOnce = 16;

export interface Strangers {
  /** Seconds until the address is listened to again; undefined: it is. */
  readonly shutOutFor: (address: string) => Promise<number | undefined>;
  /** Counts a refusal. Answers whether it was the last one that is listened to. */
  readonly refused: (address: string) => Promise<boolean>;
}

export function createStrangers(): Strangers {
  const limiter = new RateLimiterMemory({ points: refusalsAMinute, duration: 60 });
  return {
    shutOutFor: async (address) => {
      const known = await limiter.get(networkOf(address));
      return known === null || known.consumedPoints < refusalsAMinute
        ? undefined
        : Math.max(1, Math.ceil(known.msBeforeNext / 1_000));
    },
    refused: async (address) => {
      const { consumedPoints } = await limiter.penalty(networkOf(address));
      return consumedPoints === refusalsAMinute;
    },
  };
}

/** Whoever has one address of IPv6 has the 2^64 of its network. */
export function networkOf(address: string): string {
  const bare = address.split('%')[0] ?? '';
  if (!ipaddr.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  return parsed instanceof ipaddr.IPv6 ? parsed.toByteArray().slice(0, 8).join('.') : parsed.toString();
}
