// Limits the deliveries that may leave for a destination in a period, from a table with a row for each period.
// Invariant: a window begins with its first departure and lasts its whole period, or until midnight when its limit names a zone;
// no more leave in a window than its limit.
import type { Both } from '../../connectors/contract.ts';
import { clockAt, offsetAt } from './civil-date.ts';

/** A period in which departures are counted. */
interface RatePeriod {
  /** Key in `limits` of a mapping, and in the windows as stored. */
  readonly key: string;
  readonly milliseconds: number;
  /** False when erasures and withdrawals need not wait for its end: a minute is acceptable, an hour is an undue delay. */
  readonly rightsWait: boolean;
  /** As stored in `deliveries.reason`. */
  readonly refusal: `throttled:${string}`;
  /** Words for support. */
  readonly words: Both;
  /** After the number, in the document a client signs. */
  readonly document: string;
}

export const ratePeriods = [
  {
    key: 'perMinute',
    milliseconds: 60_000,
    rightsWait: true,
    refusal: 'throttled:RATE',
    words: [
      'notre limite par minute pour cette destination est atteinte (limits.perMinute)',
      'our own limit per minute for this destination is reached (limits.perMinute)',
    ],
    document: 'par minute',
  },
  {
    key: 'perHour',
    milliseconds: 3_600_000,
    rightsWait: false,
    refusal: 'throttled:RATE_HOUR',
    words: [
      'notre limite par heure pour cette destination est atteinte (limits.perHour)',
      'our own limit per hour for this destination is reached (limits.perHour)',
    ],
    document: 'par heure',
  },
  {
    key: 'perDay',
    milliseconds: 86_400_000,
    rightsWait: false,
    refusal: 'throttled:RATE_DAY',
    words: [
      'notre limite par jour pour cette destination est atteinte (limits.perDay)',
      'our own limit per day for this destination is reached (limits.perDay)',
    ],
    document: 'par 24 heures',
  },
] as const satisfies readonly RatePeriod[];

export type RateKey = (typeof ratePeriods)[number]['key'];

/** Most departures in each period; undefined: no limit. */
export type RateLimits = { readonly [Key in RateKey]?: number } & {
  /** Zone whose midnight ends a day; undefined: a day ends 24 hours after its first departure. */
  readonly zone?: string;
};

/** A period that has begun. */
export interface RateWindow {
  /** Epoch ms, of the database's clock. */
  readonly startedAt: number;
  readonly departed: number;
  /** Zone of the day. */
  readonly zone?: string;
}

/** The windows in which departures were last counted; a window that is over has no effect. */
export type RateWindows = { readonly [Key in RateKey]?: RateWindow };

/** Room within the tightest limit. */
export interface RateRoom {
  /** Zero or less: none may leave. */
  readonly left: number;
  /** For the others: the reason, and the delay to the next claim. */
  readonly refusal: { readonly reason: string; readonly afterMs: number };
}

const shortestWaitMs = 50;

export function hasRates(limits: RateLimits): boolean {
  for (const { key } of ratePeriods) if (limits[key] !== undefined) return true;
  return false;
}

/** The limits that `read` finds, by their keys. */
export function rateLimitsBy(read: (key: RateKey) => number | undefined): RateLimits {
  const found = ratePeriods.map(({ key }) => [key, read(key)] as const);
  return Object.fromEntries(found.filter(([, limit]) => limit !== undefined)) as RateLimits;
}

/** The limits that apply also to urgent deliveries. */
export const urgentLimits = (limits: RateLimits): RateLimits =>
  rateLimitsBy((key) =>
    ratePeriods.some((period) => period.key === key && period.rightsWait) ? limits[key] : undefined,
  );

/** Room left in the running windows; undefined when there is no limit. */
export function rateRoom(windows: RateWindows, limits: RateLimits, now: number): RateRoom | undefined {
  const rooms = ratePeriods.flatMap((period): readonly RateRoom[] => {
    const limit = limits[period.key];
    if (limit === undefined) return [];
    const { startedAt, departed, zone } = runningWindow(period, windows, now, limits.zone);
    const end = zone === undefined ? startedAt + period.milliseconds : midnightAfter(now, zone);
    const afterMs = Math.max(shortestWaitMs, end - now);
    return [{ left: limit - departed, refusal: { reason: period.refusal, afterMs } }];
  });
  // When two leave no room, the one that lasts longer: a claim before its end would be refused again.
  const roomFor = ({ left }: RateRoom): number => Math.max(0, left);
  return rooms.toSorted(
    (one, other) => roomFor(one) - roomFor(other) || other.refusal.afterMs - one.refusal.afterMs,
  )[0];
}

/** The windows after so many more departures. Every period is counted, limited or not, for a limit published later. */
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
 * The running window, or a new one from now on. One that begins in the future was written before the clock was set back: it lasts
 * as long as any other, and not until that future time.
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
  // Counted for another kind of day: the number since midnight is unknown, so all of it counts for today.
  if (begun.zone !== zone) return lasts ? { ...fresh, departed: begun.departed } : fresh;
  const stands = isSameDay(begun.startedAt, now, zone) || (lasts && begun.startedAt > now);
  return stands ? begun : fresh;
}

function isSameDay(one: number, other: number, zone: string): boolean {
  const [a, b] = [clockAt(one, zone), clockAt(other, zone)];
  return a.day === b.day && a.month === b.month && a.year === b.year;
}

const dayMs = 86_400_000;

/** The next midnight of a zone: 23 or 25 hours after the last one when the clocks change. */
function midnightAfter(now: number, zone: string): number {
  const even = now + dayMs - clockAt(now, zone).timeOfDay;
  return even + offsetAt(now, zone) - offsetAt(even, zone);
}
