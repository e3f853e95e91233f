// Sets the times of a trial: waits, thinking times and the mischief between them, in one proportion.
// Invariant: a CRM thinks for less than its caller waits; a late row is kept after the caller gave up and the first look-up, and before
// "not found" counts.

export interface Pace {
  /** As in a mapping. */
  readonly timeouts: { readonly connect: string; readonly response: string; readonly total: string };
  readonly retry: readonly string[];
  /** "Not found" counts after this. */
  readonly settlingMs: number;
  /** Thinking time of a CRM on an ordinary day, and when several requests should be under way before the first answer. */
  readonly quickMs: number;
  readonly slowMs: number;
  /** A row that is kept after its time-out is kept this long after its request. */
  readonly keptAfterMs: number;
  /** How long a machine is off. */
  readonly offMs: number;
}

/** A sound preset: as short as it can be. On a busy machine a lead needs more tries, and has them. */
export const soundPace: Pace = {
  timeouts: { connect: '1s', response: '1s', total: '1500ms' },
  // A second is the shortest a mapping may say.
  retry: [
    '1s',
    '1s',
    '1s',
    '1s',
    '1s',
    '1s',
    '2s',
    '2s',
    '2s',
    '3s',
    '3s',
    '5s',
    '5s',
    '5s',
    '10s',
    '10s',
    '10s',
  ],
  settlingMs: 1_500,
  quickMs: 20,
  slowMs: 600,
  keptAfterMs: 1_700,
  offMs: 500,
};

/** Without a habit's rule: enough requests must meet to break it, and its leads are given up in time. */
export const plantedPace: Pace = {
  timeouts: { connect: '2s', response: '2500ms', total: '4s' },
  retry: ['1s', '1s', '2s', '2s', '2s', '3s', '3s', '3s', '5s', '5s'],
  settlingMs: 2_500,
  quickMs: 30,
  slowMs: 2_000,
  keptAfterMs: 3_200,
  offMs: 1_000,
};

/** A real CRM has its own thinking times, on a machine that does other things. */
export const realPace: Pace = {
  ...soundPace,
  timeouts: { connect: '2s', response: '4s', total: '6s' },
  settlingMs: 5_000,
  keptAfterMs: 7_000,
};
