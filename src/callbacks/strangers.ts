// Limits requests without a valid signature per address, and the callbacks processed at the same time.
// Invariant: a signed request is never counted and never refused for other requests from its address; an address past its limit
// costs no line of the log, and its callbacks take a few turns of their own, which no other address waits for.
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Refusals of one address within a minute, after which unsigned requests are answered 429 until the minute is over. */
export const refusalsAMinute = 60;

/** Processed at the same time: each reads the database, which the planner needs more. */
export const atOnce = 16;

/** The same for all addresses past their limit. */
export const suspectsAtOnce = 4;

export interface Strangers {
  /** Seconds until refusals of the address are counted anew; undefined: it is below the limit. */
  readonly shutOutFor: (address: string) => Promise<number | undefined>;
  /** Undefined, and nothing was done: the maximum is being processed. */
  readonly inTurn: <Result>(address: string, work: () => Promise<Result>) => Promise<Result | undefined>;
  /** Counts a refusal. Returns whether it was the last one that is answered 401. */
  readonly refused: (address: string) => Promise<boolean>;
}

/** Callbacks that are being processed. */
interface Lane {
  readonly most: number;
  inWork: number;
}

export function createStrangers(): Strangers {
  const usual: Lane = { most: atOnce, inWork: 0 };
  const suspect: Lane = { most: suspectsAtOnce, inWork: 0 };
  const limiter = new RateLimiterMemory({ points: refusalsAMinute, duration: 60 });
  const shutOutFor = async (address: string): Promise<number | undefined> => {
    const known = await limiter.get(networkOf(address));
    return known === null || known.consumedPoints < refusalsAMinute
      ? undefined
      : Math.max(1, Math.ceil(known.msBeforeNext / 1_000));
  };
  return {
    shutOutFor,
    inTurn: async (address, work) => {
      const lane = (await shutOutFor(address)) === undefined ? usual : suspect;
      if (lane.inWork >= lane.most) return undefined;
      lane.inWork += 1;
      try {
        return await work();
      } finally {
        lane.inWork -= 1;
      }
    },
    refused: async (address) => {
      const { consumedPoints } = await limiter.penalty(networkOf(address));
      return consumedPoints === refusalsAMinute;
    },
  };
}

/** An owner of one IPv6 address has the 2^64 of its network. */
export function networkOf(address: string): string {
  const bare = address.split('%')[0] ?? '';
  if (!ipaddr.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  return parsed instanceof ipaddr.IPv6 ? parsed.toByteArray().slice(0, 8).join('.') : parsed.toString();
}
