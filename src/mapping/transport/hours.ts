// Compiles the hours in which a destination takes leads: `open: [mon-fri 09:00-12:30 13:30-18:00, sat 09:00-12:00]`.
// Invariant: hours that cannot be read are an error, never always open.
import type { Both } from '../../../connectors/contract.ts';
import {
  rangeWords,
  weekdays,
  holidayCalendars,
  type HolidayCalendar,
  dayMs,
  openStretches,
  type OpenRange,
  type SendingHours,
} from '../../domain/sending-hours.ts';
import { near, type Path, type Report } from '../document/problems.ts';
import { isRecord, textAt } from '../document/yaml.ts';
import { defaultZone, isZone } from '../fields/time.ts';

const example = 'mon-fri 09:00-12:30 13:30-18:00';

/** False after reporting. */
export function isZoneAt(path: Path, zone: string, report: Report): boolean {
  if (isZone(zone)) return true;
  const words: Both = [
    `le fuseau horaire « ${zone} » n’existe pas : écrire un nom tel que Europe/Paris.`,
    `time zone "${zone}" does not exist: write a name such as Europe/Paris.`,
  ];
  near(report, zone, Intl.supportedValuesOf('timeZone')).error(path, 'MAP-605', words);
  return false;
}

/** Undefined where the file has none, or after reporting. */
export function compileHours(
  raw: unknown,
  deadline: { readonly maxAgeMs: number; readonly written: string },
  report: Report,
): SendingHours | undefined {
  // The schema check reports anything but a block.
  if (!isRecord(raw)) return undefined;
  const week = compileWeek(raw['open'], report);
  const zone = textAt(raw, 'zone') ?? defaultZone;
  if (!isZoneAt(['hours', 'zone'], zone, report)) return undefined;
  if (week === undefined) return undefined;
  const hours: SendingHours = {
    zone,
    week,
    holidays: calendarOf(raw['holidays']),
    rightsWait: raw['rights'] === 'in_hours',
  };
  const closed = longestClosed(hours);
  if (closed >= deadline.maxAgeMs)
    report.atKey.warn(['hours'], 'MAP-610', [
      `la destination est fermée jusqu’à ${spanWords(closed)} de suite : ce qui arrive alors peut dépasser son maxAge (${deadline.written}) avant qu’elle ouvre.`,
      `the destination is closed for up to ${spanWords(closed)} in a row: what comes then can pass its maxAge (${deadline.written}) before it opens.`,
    ]);
  return hours;
}

const calendarOf = (written: unknown): HolidayCalendar | undefined =>
  holidayCalendars.find((calendar) => calendar === written);

function compileWeek(raw: unknown, report: Report): readonly (readonly OpenRange[])[] | undefined {
  const lines: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  const week: OpenRange[][] = weekdays.map(() => []);
  let isSound = lines.length > 0;
  if (!isSound)
    report.error(['hours', 'open'], 'MAP-609', [
      `open ne donne pas d’horaires : ${example}.`,
      `open names no hours: ${example}.`,
    ]);
  for (const [index, line] of lines.entries()) {
    const read = readLine(line);
    const problem = 'fault' in read ? read.fault : addTo(week, read);
    if (problem === undefined) continue;
    const path: Path = Array.isArray(raw) ? ['hours', 'open', index] : ['hours', 'open'];
    report.error(path, 'MAP-609', problem);
    isSound = false;
  }
  return isSound ? week : undefined;
}

interface OpenLine {
  /** 0 is Monday. */
  readonly days: readonly number[];
  readonly ranges: readonly OpenRange[];
}

interface Fault {
  readonly fault: Both;
}

const wrong = (...fault: Both): Fault => ({ fault });

/** Reads days, then times; or gives the mistake. */
function readLine(line: unknown): OpenLine | Fault {
  if (typeof line !== 'string')
    return wrong(`écrivez des jours et des heures : ${example}.`, `write days and times: ${example}.`);
  const words = line.trim().split(/\s+/);
  const first = words.findIndex((word) => /^\d/.test(word));
  if (first < 1)
    return wrong(
      `« ${line} » ne donne pas de jours, ou pas d’heures : écrivez les deux, comme ${example}.`,
      `"${line}" names no days or no times: write both, such as ${example}.`,
    );
  const days: number[] = [];
  for (const word of words.slice(0, first)) {
    const named = daysOf(word);
    if (named === undefined)
      return wrong(
        `« ${word} » n’est pas un jour : écrivez ${weekdays.join(', ')}, ou une suite comme mon-fri.`,
        `"${word}" is no weekday: write ${weekdays.join(', ')}, or a span such as mon-fri.`,
      );
    days.push(...named);
  }
  const ranges: OpenRange[] = [];
  for (const word of words.slice(first)) {
    const range = rangeOf(word);
    if ('fault' in range) return range;
    ranges.push(range);
  }
  return { days, ranges };
}

/** `fri`, `mon-fri`, or over the weekend: `sat-mon`. */
function daysOf(word: string): readonly number[] | undefined {
  const [from, to = from, ...more] = word
    .split('-')
    .map((name) => weekdays.findIndex((day) => day === name.toLowerCase()));
  if (from === undefined || to === undefined || from < 0 || to < 0 || more.length > 0) return undefined;
  const count = ((to - from + 7) % 7) + 1;
  return Array.from({ length: count }, (_, index) => (from + index) % 7);
}

/** `09:00-18:00`; or gives the mistake. */
function rangeOf(word: string): OpenRange | Fault {
  const match = /^(\d\d):([0-5]\d)-(\d\d):([0-5]\d)$/.exec(word);
  if (match === null)
    return wrong(
      `« ${word} » n’est pas une plage d’heures : écrivez 09:00-18:00, avec deux chiffres chacune.`,
      `"${word}" is no span of time: write 09:00-18:00, with two digits each.`,
    );
  const from = timeOf(match[1], match[2]);
  const to = timeOf(match[3], match[4]);
  if (Math.max(from, to) > dayMs)
    return wrong(
      `« ${word} » dépasse la fin du jour, qui est 24:00.`,
      `"${word}" is past the end of the day, which is 24:00.`,
    );
  if (from >= to)
    return wrong(
      `« ${word} » finit avant de commencer : pour une nuit écrivez-en deux, comme fri 22:00-24:00 et sat 00:00-02:00.`,
      `"${word}" ends before it begins: for a night write two, such as fri 22:00-24:00 and sat 00:00-02:00.`,
    );
  return { from, to };
}

const timeOf = (hours: string | undefined, minutes: string | undefined): number =>
  (Number(hours) * 60 + Number(minutes)) * 60_000;

/** Adds the ranges of a line to the week, in order; or names the day that has a time twice. */
function addTo(week: OpenRange[][], { days, ranges }: OpenLine): Both | undefined {
  for (const weekday of days)
    for (const range of ranges) {
      const day = week[weekday] ?? [];
      if (day.some((other) => other.from < range.to && range.from < other.to))
        return [
          `${weekdays[weekday]} ${rangeWords(range)} est ouvert deux fois : gardez l’un des deux.`,
          `${weekdays[weekday]} ${rangeWords(range)} is open twice: keep one of the two.`,
        ];
      day.push(range);
      day.sort((a, b) => a.from - b.from);
    }
  return undefined;
}

/** The two years examined begin on a fixed day, so that a check gives the same answer every day. */
const from = Date.UTC(2026, 0, 1);
const until = from + 731 * dayMs;

/** The longest time in a row without an open hour, holidays included. */
export function longestClosed(hours: SendingHours): number {
  let longest = 0;
  let closedSince = from;
  for (const { start, end } of openStretches(hours, from, until)) {
    longest = Math.max(longest, start - closedSince);
    closedSince = end;
  }
  return longest;
}

const hourMs = 3_600_000;

function spanWords(ms: number): string {
  const days = Math.floor(ms / dayMs);
  const hours = Math.floor((ms % dayMs) / hourMs);
  return [...(days > 0 ? [`${days}d`] : []), ...(hours > 0 ? [`${hours}h`] : [])].join(' ');
}
