// Reads a destination's history, by hour of the last day and by day of the last month, for its plots and tables.
// Invariant: from the hourly counts alone, so that the cost does not depend on the log; every hour and day is included, empty or not.
import { unknownDestination } from '../../errors/unknown.ts';
import { addDays, civilDate, startOfDay } from '../../domain/civil-date.ts';
import { shareWithin } from '../../domain/time-scale.ts';
import { periodCountsOf, type PeriodCount } from '../../store/destination-hours.ts';
import { findDestination } from '../../store/destinations.ts';
import type { SupportPlace } from '../place.ts';
import { existing, type Scope } from '../scope.ts';

export interface PlotPoint {
  /** The beginning of its hour or day. */
  readonly at: Date;
  readonly delivered: number;
  readonly failed: number;
  readonly withheld: number;
  /** From due, planned or replayed, to delivered, in milliseconds, an eighth off at most; null where nothing was delivered. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

export interface DestinationPlots {
  /** The last 24 hours, the present one among them, oldest first. */
  readonly hours: readonly PlotPoint[];
  /** The last 30 days in Paris, today among them, oldest first. */
  readonly days: readonly PlotPoint[];
}

const hourMs = 3_600_000;
const hoursShown = 24;
const daysShown = 30;

/** @throws FIND-001 */
export async function destinationPlots(
  // A replica's account may have no right to these tables.
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  id: string,
): Promise<DestinationPlots> {
  existing(scope, await findDestination(database, id), unknownDestination(id));
  const now = database.now();
  const thisHour = Math.floor(now.getTime() / hourMs) * hourMs;
  const hours = Array.from(
    { length: hoursShown },
    (_, index) => new Date(thisHour - (hoursShown - 1 - index) * hourMs),
  );
  const today = civilDate(now);
  const days = Array.from({ length: daysShown }, (_, index) =>
    startOfDay(addDays(today, index + 1 - daysShown)),
  );
  return {
    hours: pointsOf(hours, await periodCountsOf(database, id, hours)),
    days: pointsOf(days, await periodCountsOf(database, id, days)),
  };
}

function pointsOf(begins: readonly Date[], counts: readonly PeriodCount[]): readonly PlotPoint[] {
  const byPeriod = Map.groupBy(counts, ({ period }) => period);
  return begins.map((at, index) => pointOf(at, byPeriod.get(index) ?? []));
}

function pointOf(at: Date, counts: readonly PeriodCount[]): PlotPoint {
  const sum = (what: PeriodCount['what']): number =>
    counts.reduce((total, one) => total + (one.what === what ? one.count : 0), 0);
  const steps = new Map<number, number>();
  for (const { what, step, count } of counts)
    if (what === 'delivered') steps.set(step, (steps.get(step) ?? 0) + count);
  return {
    at,
    delivered: sum('delivered'),
    failed: sum('failed'),
    withheld: sum('withheld'),
    p50Ms: shareWithin(steps, 0.5),
    p95Ms: shareWithin(steps, 0.95),
  };
}
