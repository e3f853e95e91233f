// How many deliveries may leave for a destination in a period: a row for each period, and everything else loops over them.
// Invariant: a window begins with its first departure and lasts its whole period, or until midnight where its limit names a zone;
// in none leave more than its limit allows.
import { clockAt, offsetAt } from './civil-time.ts';

/** A period that departures are counted in. */
interface RatePeriod {
  /** Of `limits` in a mapping, and of the windows as the database keeps them. */
  readonly key: string;
  readonly milliseconds: number;
  /** Whether erasures and consents taken back wait for its end too: a minute is no delay, an hour is an undue one. */
  readonly rightsWait: boolean;
  /** As `deliveries.reason` keeps it. */
  readonly refusal: `throttled:${string}`;
  /** What support reads of the refusal. */
  readonly words: { readonly fr: string; readonly en: string };
  /** After the number, in the document a client signs. */
  readonly document: string;
}

export const ratePeriods = [
  {
    key: 'perMinute',
    milliseconds: 60_000,
    rightsWait: true,
    refusal: 'throttled:RATE',
    words: {
      fr: 'notre limite par minute pour cette destination est atteinte (limits.perMinute)',
      en: 'our own limit per minute for this destination is reached (limits.perMinute)',
    },
    document: 'par minute',
  },
  {
    key: 'perHour',
    milliseconds: 3_600_000,
    rightsWait: false,
    refusal: 'throttled:RATE_HOUR',
    words: {
      fr: 'notre limite par heure pour cette destination est atteinte (limits.perHour)',
      en: 'our own limit per hour for this destination is reached (limits.perHour)',
    },
    document: 'par heure',
  },
  {
    key: 'perDay',
    milliseconds: 86_400_000,
    rightsWait: false,
    refusal: 'throttled:RATE_DAY',
    words: {
      fr: 'notre limite par jour pour cette destination est atteinte (limits.perDay)',
      en: 'our own limit per day for this destination is reached (limits.perDay)',
    },
    document: 'par 24 heures',
  },
] as const satisfies readonly RatePeriod[];

export type RateKey = (typeof ratePeriods)[number]['key'];

/** Departures at most in each period; undefined: no limit. */
export type RateLimits = { readonly [Key in RateKey]?: number } & {
  /** Where a day ends at midnight; undefined: it ends 24 hours after its first departure. */
  readonly zone?: string;
};

/** A period that has begun. */
export interface RateWindow {
  /** Epoch ms, of the database's clock. */
  readonly startedAt: number;
  readonly departed: number;
  /** A day of this zone. */
  readonly zone?: string;
}

/** The windows in which departures were counted last; one that is over counts for nothing. */
export type RateWindows = { readonly [Key in RateKey]?: RateWindow };

/** What the tightest limit leaves. */
export interface RateRoom {
  /** Zero or less: nothing. */
  readonly left: number;
  /** For those beyond: why they wait, and when to ask again. */
  readonly refusal: { readonly reason: string; readonly afterMs: number };
}

const shortestWaitMs = 50;

export const hasRates = (limits: RateLimits): boolean =>
  ratePeriods.some(({ key }) => limits[key] !== undefined);

/** The limits that `read` finds, by their keys. */
export function rateLimitsBy(read: (key: RateKey) => number | undefined): RateLimits {
  const found = ratePeriods.map(({ key }) => [key, read(key)] as const);
  return Object.fromEntries(found.filter(([, limit]) => limit !== undefined)) as RateLimits;
}

/** Of these limits those that keep back what must not wait as well. */
export const urgentLimits = (limits: RateLimits): RateLimits =>
  rateLimitsBy((key) =>
    ratePeriods.some((period) => period.key === key && period.rightsWait) ? limits[key] : undefined,
  );

/** What may still leave in the windows that run; undefined where nothing is limited. */
export function rateRoom(windows: RateWindows, limits: RateLimits, now: number): RateRoom | undefined {
  const rooms = ratePeriods.flatMap((period): readonly RateRoom[] => {
    const limit = limits[period.key];
    if (limit === undefined) return [];
    const { startedAt, departed, zone } = runningWindow(period, windows, now, limits.zone);
    const end = zone === undefined ? startedAt + period.milliseconds : midnightAfter(now, zone);
    const afterMs = Math.max(shortestWaitMs, end - now);
    return [{ left: limit - departed, refusal: { reason: period.refusal, afterMs } }];
  });
  // Of two that leave nothing the one that lasts longer: asked before its end it would refuse again.
  const roomFor = ({ left }: RateRoom): number => Math.max(0, left);
  return rooms.toSorted(
    (one, other) => roomFor(one) - roomFor(other) || other.refusal.afterMs - one.refusal.afterMs,
  )[0];
}

/** The windows after so many more have left. Every period is counted, limited or not: a limit published later knows what has left. */
export function countDepartures(
  windows: RateWindows,
  departures: number,
  now: number,
  { zone }: Pick<RateLimits, 'zone'> = {},
): RateWindows {
  const counted = ratePeriods.map((period) => {
    const running = runningWindow(period, windows, now, zone);
    return [period.key, { ...running, departed: running.departed + departures }];
  });
  return Object.fromEntries(counted) as RateWindows;
}

/**
 * The one that was begun, or a new one from now on. One that begins later than now was written by a clock that has been set back: it
 * stands for as long as a real one might, and not until that clock's time has come.
 */
function runningWindow(
  { key, milliseconds }: (typeof ratePeriods)[number],
  windows: RateWindows,
  now: number,
  zone: string | undefined,
): RateWindow {
  const begun = windows[key];
  const lasts = begun !== undefined && Math.abs(now - begun.startedAt) < milliseconds;
  if (key !== 'perDay' || zone === undefined)
    return begun !== undefined && lasts ? begun : { startedAt: now, departed: 0 };
  const fresh = { startedAt: now, departed: 0, zone };
  if (begun === undefined) return fresh;
  // Counted for another kind of day: nobody knows how much of it left since midnight, so all of it counts today.
  if (begun.zone !== zone) return lasts ? { ...fresh, departed: begun.departed } : fresh;
  const stands = isSameDay(begun.startedAt, now, zone) || (lasts && begun.startedAt > now);
  return stands ? begun : fresh;
}

function isSameDay(one: number, other: number, zone: string): boolean {
  const [a, b] = [clockAt(one, zone), clockAt(other, zone)];
  return a.day === b.day && a.month === b.month && a.year === b.year;
}

const dayMs = 86_400_000;

/** The next midnight of a zone: 23 or 25 hours after the last one where the clocks change. */
function midnightAfter(now: number, zone: string): number {
  const even = now + dayMs - clockAt(now, zone).timeOfDay;
  return even + offsetAt(now, zone) - offsetAt(even, zone);
}
