// Limits how often an address or a login may try to sign in, and how long a session lasts. Counted in MySQL, over all processes.
// Invariant: a try is counted before it is judged, so that a hundred at once are a hundred tries.
import { isIP } from 'node:net';

const minute = 60_000;
const hour = 60 * minute;

export const signInLimits = {
  /** From one address at one login: a person who mistypes. */
  pair: { most: 5, withinMs: 15 * minute },
  /** At one login from anywhere: a guesser with many addresses. Not for a browser in which its person has signed in before. */
  login: { most: 30, withinMs: hour },
  /** From one address at any login: one password tried on all accounts. */
  address: { most: 50, withinMs: 15 * minute },
} as const;

/** Tries are deleted when no limit looks back so far. */
export const triesKeptMs = 24 * hour;

/**
 * Years for which a staff name outlives the last act or the end of the account; the log keeps the number. It is as long as a request of a
 * prospect is kept, so that its handler can be named.
 */
export const staffNameYears = 3;

/** Tries in each window, this one included, and the age of the oldest. */
export type Tries = Readonly<
  Record<keyof typeof signInLimits, { readonly count: number; readonly oldestMs: number }>
>;

/**
 * Time to wait, in ms, before the next try is judged; 0: this one is.
 * @param isKnown from a browser in which the person has signed in before: strangers who guess at the login do not lock the person out
 */
export function waitMs(tries: Tries, isKnown = false): number {
  const waits = Object.entries(signInLimits).map(([name, { most, withinMs }]) => {
    if (isKnown && name === 'login') return 0;
    const { count, oldestMs } = tries[name as keyof Tries];
    return count > most ? Math.max(minute, withinMs - oldestMs) : 0;
  });
  return Math.max(0, ...waits);
}

/** Groups addresses by owner: an IPv6 user has a whole /64, and could try from each of its addresses. */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined || isIP(bare) !== 6) return mapped ?? address;
  const [head = '', tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string): readonly string[] => part.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

/** Seconds for which a browser stays known after a sign-in. */
export const knownBrowserSeconds = 180 * 86_400;

export const sessionLimits = {
  /** Without a request. */
  idleMs: 30 * minute,
  /** In all. */
  lifeMs: 12 * hour,
  /** Between the password and the second factor, or its enrolment. */
  halfwayMs: 10 * minute,
} as const;
