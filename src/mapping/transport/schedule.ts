// Checks the schedule of a destination of files: a cron expression and its time zone.
// Invariant: an hour that a change of the clocks skips or repeats is reported.
import { Cron } from 'croner';
import { suggest } from '../document/suggest.ts';
import type { Path, Report } from '../document/problems.ts';
import { textAt } from '../document/yaml.ts';
import { defaultZone, isZone } from '../fields/time.ts';
import { doubtfulHours, hoursNamed } from './clock-changes.ts';

export function checkSchedule(
  settings: Record<string, unknown>,
  at: (path: Path) => Path,
  report: Report,
): boolean {
  const schedule = settings['schedule'];
  if (schedule === undefined) {
    report.error(
      at([]),
      'MAP-604',
      [
        'une destination par fichiers a besoin d’un calendrier, schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris}.',
        'a file destination needs a schedule: {cron: "0 7,13 * * 1-6", timezone: Europe/Paris}.',
      ],
      { at: 'key' },
    );
    return false;
  }
  const cron = textAt(schedule, 'cron');
  const zone = textAt(schedule, 'timezone') ?? defaultZone;
  let sound = true;
  if (!isZone(zone)) {
    report.error(
      at(['schedule', 'timezone']),
      'MAP-605',
      [`le fuseau horaire « ${zone} » n’existe pas.`, `time zone "${zone}" does not exist.`],
      {
        suggestion: suggest(zone, Intl.supportedValuesOf('timeZone')),
      },
    );
    sound = false;
  }
  if (cron !== undefined && !isCron(cron)) {
    report.error(at(['schedule', 'cron']), 'MAP-603', [
      `« ${cron} » n’est pas un calendrier : écrivez minute heure jour mois jour-de-semaine.`,
      `"${cron}" is no schedule: write minute hour day month weekday.`,
    ]);
    return false;
  }
  if (cron !== undefined && isZone(zone)) {
    const doubtful = doubtfulHours(zone);
    const hour = hoursNamed(cron).find((named) => doubtful.has(named));
    if (hour !== undefined) {
      const two = String(hour).padStart(2, '0');
      report.warn(at(['schedule', 'cron']), 'MAP-607', [
        `l’heure ${two}:00-${two}:59 n’existe pas une nuit de printemps et vient deux fois une nuit d’automne.`,
        `the hour ${two}:00-${two}:59 does not exist on one night in spring and comes twice on one in autumn.`,
      ]);
    }
  }
  return sound;
}

function isCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    const cron = new Cron(text, { paused: true });
    cron.stop();
    return true;
  } catch {
    return false;
  }
}
