// Schedules in the hour a change of the clocks skips or repeats, in whatever zone and however they are written.
import { doubtfulHours, hoursNamed } from '../../../src/mapping/transport/settings.ts';
import { flow, problemsOf } from '../support.ts';

test.each([
  ['Europe/Paris', [2]],
  ['Europe/London', [1]],
  ['America/New_York', [1, 2]],
  ['Asia/Tokyo', []],
  ['UTC', []],
])('%s: %j', (zone, hours) => expect([...doubtfulHours(zone)].toSorted((a, b) => a - b)).toEqual(hours));

test.each([
  ['0 7,13 * * *', [7, 13]],
  ['0 1-3 * * *', [1, 2, 3]],
  ['0 */6 * * *', [0, 6, 12, 18]],
  ['0 20-23/2 * * *', [20, 22]],
  ['0 * * * *', []],
])('%s names the hours %j', (cron, hours) => expect(hoursNamed(cron)).toEqual(hours));

const warned = (cron: string, zone: string): boolean =>
  problemsOf(
    flow('csv: {}', '- {to: NOM, from: identity.lastName}').replace(
      'cron: "0 7 * * *"',
      `cron: "${cron}", timezone: ${zone}`,
    ),
  ).some((line) => line.includes('MAP-607'));

test.each([
  ['30 2 * * *', 'Europe/Paris', true],
  ['0 1-3 * * *', 'Europe/Paris', true],
  ['0 14,02 * * *', 'Europe/Paris', true],
  ['0 */2 * * *', 'Europe/Paris', true],
  ['30 1 * * *', 'Europe/London', true],
  ['30 2 * * *', 'UTC', false],
  ['0 3 * * *', 'Europe/Paris', false],
  ['0 * * * *', 'Europe/Paris', false],
])('%s in %s is warned of: %s', (cron, zone, wanted) => expect(warned(cron, zone)).toBe(wanted));
