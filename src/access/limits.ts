// How often somebody may try to sign in, and how long a session lasts. Counted in MySQL, over all processes.
// Invariant: a try is counted before it is judged, so that a hundred at once are a hundred tries.

const minute = 60_000;
const hour = 60 * minute;

export const signInLimits = {
  /** From one address at one login: a person who mistypes. */
  pair: { most: 5, withinMs: 15 * minute },
  /** At one login from anywhere: a guesser with many addresses. */
  login: { most: 30, withinMs: hour },
  /** From one address at any login: one password tried on everybody. */
  address: { most: 50, withinMs: 15 * minute },
} as const;

/** Tries are forgotten when no limit looks back so far. */
export const triesKeptMs = 24 * hour;

/**
 * A colleague's name outlives their last act, or the end of their account, by so many years; the log lives on with the number. As long
 * as a request of a prospect is kept: who handled it can be named.
 */
export const staffNameYears = 3;

/** How many tries stand in each window, this one included, and how old the oldest of them is. */
export type Tries = Readonly<
  Record<keyof typeof signInLimits, { readonly count: number; readonly oldestMs: number }>
>;

/** How long to wait, in ms, before the next try is judged; 0: this one is. */
export function waitMs(tries: Tries): number {
  const waits = Object.entries(signInLimits).map(([name, { most, withinMs }]) => {
    const { count, oldestMs } = tries[name as keyof Tries];
    return count > most ? Math.max(minute, withinMs - oldestMs) : 0;
  });
  return Math.max(0, ...waits);
}

export const sessionLimits = {
  /** Without a request. */
  idleMs: 30 * minute,
  /** In all. */
  lifeMs: 12 * hour,
  /** Between the password and the second factor, or its enrolment. */
  halfwayMs: 10 * minute,
} as const;
