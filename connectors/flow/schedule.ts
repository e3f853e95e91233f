// Computes the slots of a flow from a cron line in civil time. Pure.
// Invariant: a civil time that daylight saving skips happens once, when the clock resumes (03:00); one that it doubles
// happens once, at the first occurrence. Cron libraries skip or repeat such jobs, so the line is read in floating time.
import { Cron } from 'croner';
import type { Both } from '../contract.ts';

const hour = 3_600_000;

/** The first slot strictly after `after`, or undefined when the line has no further one. */
export function nextSlot(cron: string, timezone: string, after: Date): Date | undefined {
  const floating = floatingCron(cron);
  // An hour back in civil time: slots hidden by the doubled or skipped hour are found again, then filtered by instant.
  let at = new Date(civilOf(after, timezone) - hour - 1000);
  for (;;) {
    const civil = floating.nextRun(at);
    if (civil === null) return undefined;
    const instant = instantOf(civil.getTime(), timezone);
    if (instant > after.getTime()) return new Date(instant);
    at = civil;
  }
}

/** The last slot at or before `moment`: the one that is due if it has not run yet. */
export function lastSlotBefore(cron: string, timezone: string, moment: Date): Date | undefined {
  const floating = floatingCron(cron);
  // Instants grow with civil time, so the first that is not later than the moment is the last slot.
  let at = new Date(civilOf(moment, timezone) + 2 * hour);
  for (;;) {
    const [civil] = floating.previousRuns(1, at);
    if (civil === undefined) return undefined;
    const instant = instantOf(civil.getTime(), timezone);
    if (instant <= moment.getTime()) return new Date(instant);
    at = civil;
  }
}

/** The mistake in a schedule as a sentence, or undefined. */
export function scheduleProblem(cron: string, timezone: string): Both | undefined {
  try {
    civilOf(new Date(0), timezone);
  } catch {
    return [
      `Le fuseau horaire ${timezone} n’existe pas ; écrivez-en un comme Europe/Paris.`,
      `The timezone ${timezone} does not exist; write one such as Europe/Paris.`,
    ];
  }
  try {
    // Five fields name no year: a schedule without a date after 1970 has none at all.
    return nextSlot(cron, timezone, new Date(0)) === undefined
      ? ['Cet horaire n’a aucune date à venir.', 'This schedule has no future date.']
      : undefined;
  } catch {
    return [
      'Ce n’est pas une ligne cron de cinq champs : minute heure jour mois jour-de-semaine, comme "0 7,13,19 * * 1-6".',
      'This is not a cron line of five fields: minute hour day month weekday, e.g. "0 7,13,19 * * 1-6".',
    ];
  }
}

const cronCache = new Map<string, Cron>();

function floatingCron(cron: string): Cron {
  const known = cronCache.get(cron);
  if (known !== undefined) return known;
  const made = new Cron(cron, { timezone: 'UTC', mode: '5-part', paused: true });
  if (cronCache.size > 500) cronCache.clear();
  cronCache.set(cron, made);
  return made;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Civil time as if it were UTC, ms. */
function civilOf(moment: Date, timezone: string): number {
  let clock = clocks.get(timezone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
    clocks.set(timezone, clock);
  }
  const parts = clock.formatToParts(moment);
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** The instant of a civil time: the first occurrence, or the end of the gap it falls into. */
function instantOf(civil: number, timezone: string): number {
  const offsetAt = (instant: number): number =>
    civilOf(new Date(instant), timezone) - Math.floor(instant / 1000) * 1000;
  const before = offsetAt(civil - 24 * hour);
  const after = offsetAt(civil + 24 * hour);
  const candidates = [civil - before, civil - after].filter(
    (instant) => civilOf(new Date(instant), timezone) === civil,
  );
  if (candidates.length > 0) return Math.min(...candidates);
  // Skipped: find the moment when the offset changes.
  let [low, high] = [civil - 24 * hour, civil + 24 * hour];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}
