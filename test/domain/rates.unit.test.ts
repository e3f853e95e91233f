// Departures counted by period, row by row: a window from its first departure, what its limit leaves, which refusal speaks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  countDepartures,
  hasRates,
  rateLimitsBy,
  ratePeriods,
  rateRoom,
  urgentLimits,
  type RateLimits,
  type RateRoom,
  type RateWindows,
} from '../../src/domain/rates.ts';

const now = Date.parse('2026-11-24T10:00:00Z');
const minute = 60_000;
const hour = 60 * minute;

describe.each(ratePeriods.map((period) => [period.key, period] as const))('%s', (key, period) => {
  const { milliseconds, refusal } = period;
  const windows = (startedAt: number, departed: number): RateWindows => ({ [key]: { startedAt, departed } });
  const limits: RateLimits = { [key]: 60 };

  test('a window is counted from its first departure, and a new one begins when it is over', () => {
    const begun = now - milliseconds + 1;
    expect(countDepartures(windows(begun, 12), 3, now)[key]).toEqual({ startedAt: begun, departed: 15 });
    expect(countDepartures(windows(begun - 1, 12), 3, now)[key]).toEqual({ startedAt: now, departed: 3 });
    expect(countDepartures({}, 3, now)[key]).toEqual({ startedAt: now, departed: 3 });
  });

  test.each<[string, RateWindows, number, number]>([
    ['all of it before the first', {}, 60, milliseconds],
    ['what is left of it', windows(now - 20_000, 57), 3, milliseconds - 20_000],
    ['nothing when it is full', windows(now - 20_000, 60), 0, milliseconds - 20_000],
    ['nothing over a limit that was lowered', windows(now - 20_000, 70), -10, milliseconds - 20_000],
    ['all of it again when it is over', windows(now - milliseconds, 60), 60, milliseconds],
    ['a moment later at the end of it', windows(now - milliseconds + 10, 60), 0, 50],
  ])('leaves %s', (_title, begun, left, afterMs) =>
    expect(rateRoom(begun, limits, now)).toEqual({ left, refusal: { reason: refusal, afterMs } }),
  );

  test('a clock that was set back leaves it a period at most; a window begun long after now is over', () => {
    const setBack = windows(now + milliseconds - 1, 60);
    expect(rateRoom(setBack, limits, now)?.left).toBe(0);
    const wrong = windows(now + milliseconds, 60);
    expect(rateRoom(wrong, limits, now)).toEqual({
      left: 60,
      refusal: { reason: refusal, afterMs: milliseconds },
    });
    expect(countDepartures(wrong, 1, now)[key]).toEqual({ startedAt: now, departed: 1 });
  });

  test('without a limit nothing is kept back, however much has left', () => {
    expect(rateRoom(windows(now, 1_000_000), {}, now)).toBeUndefined();
    expect([hasRates({}), hasRates(limits)]).toEqual([false, true]);
  });
});

test('every period is counted with each departure, so that a limit published later knows what has left', () => {
  const counted = countDepartures({ perMinute: { startedAt: now - minute, departed: 9 } }, 2, now);
  expect(Object.keys(counted)).toEqual(ratePeriods.map(({ key }) => key));
  expect(counted.perMinute).toEqual({ startedAt: now, departed: 2 });
  expect(rateRoom(counted, { perHour: 2 }, now + hour - 1)?.left).toBe(0);
});

const full: RateWindows = {
  perMinute: { startedAt: now - 10_000, departed: 5 },
  perHour: { startedAt: now - 10_000, departed: 40 },
};
test.each<[string, RateLimits, RateRoom]>([
  [
    'the one with the least room speaks',
    { perMinute: 10, perHour: 42 },
    { left: 2, refusal: { reason: 'throttled:RATE_HOUR', afterMs: hour - 10_000 } },
  ],
  [
    'whichever it is',
    { perMinute: 6, perHour: 42 },
    { left: 1, refusal: { reason: 'throttled:RATE', afterMs: minute - 10_000 } },
  ],
  [
    'of two that are full the one that lasts longer',
    { perMinute: 1, perHour: 40 },
    { left: 0, refusal: { reason: 'throttled:RATE_HOUR', afterMs: hour - 10_000 } },
  ],
])('of several limits %s', (_title, limits, room) => expect(rateRoom(full, limits, now)).toEqual(room));

test('a minute is waited for by everything, an hour and a day not by what must not wait', () => {
  expect(urgentLimits({ perMinute: 6, perHour: 40, perDay: 80 })).toEqual({ perMinute: 6 });
  expect(urgentLimits({ perDay: 80 })).toEqual({});
});

test('limits are read by their keys, and one that is not written is none', () => {
  expect(rateLimitsBy((key) => (key === 'perHour' ? 200 : undefined))).toEqual({ perHour: 200 });
  expect(rateLimitsBy(() => undefined)).toEqual({});
});

test('the schema of a mapping knows a limit for every period, and no other but that of places and the zone of a day', () => {
  const file = join(import.meta.dirname, '../../mappings/schema/mapping.schema.json');
  const schema = JSON.parse(readFileSync(file, 'utf8')) as {
    properties: { limits: { properties: Record<string, unknown> } };
  };
  const limits = Object.keys(schema.properties.limits.properties);
  expect(limits).toEqual(['concurrency', ...ratePeriods.map(({ key }) => key), 'zone']);
});

test('what a page says of errors names every refusal', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  expect(ratePeriods.filter(({ refusal }) => !page.includes(`\`${refusal}\``))).toEqual([]);
});

describe('a day that ends at midnight of a zone', () => {
  const paris = { perDay: 1_000, zone: 'Europe/Paris' } as const;
  const at = (text: string): number => Date.parse(text);
  const from = (startedAt: string, departed = 1_000): RateWindows => ({
    perDay: { startedAt: at(startedAt), departed, zone: 'Europe/Paris' },
  });
  const room = (windows: RateWindows, when: string, limits: RateLimits = paris): RateRoom | undefined =>
    rateRoom(windows, limits, at(when));

  test('what left before midnight counts no more after it, whenever the first one left', () => {
    const evening = from('2026-11-24T18:00:00+01:00');
    expect(room(evening, '2026-11-24T23:59:59+01:00')).toEqual({
      left: 0,
      refusal: { reason: 'throttled:RATE_DAY', afterMs: 1_000 },
    });
    expect(room(evening, '2026-11-25T00:00:00+01:00')?.left).toBe(1_000);
  });

  test('what left since midnight counts until the next one, though 24 hours are not over', () => {
    const counted = countDepartures(
      from('2026-11-24T23:00:00+01:00'),
      7,
      at('2026-11-25T00:30:00+01:00'),
      paris,
    );
    expect(counted.perDay).toEqual({
      startedAt: at('2026-11-25T00:30:00+01:00'),
      departed: 7,
      zone: 'Europe/Paris',
    });
    expect(room(counted, '2026-11-25T23:59:00+01:00')?.left).toBe(993);
  });

  test('the zone decides: midnight in Paris is none in Los Angeles', () => {
    const windows: RateWindows = {
      perDay: { startedAt: at('2026-11-24T20:00:00Z'), departed: 1_000, zone: 'America/Los_Angeles' },
    };
    expect(room(windows, '2026-11-25T07:59:00Z', { perDay: 1_000, zone: 'America/Los_Angeles' })?.left).toBe(
      0,
    );
    expect(room(windows, '2026-11-25T08:00:00Z', { perDay: 1_000, zone: 'America/Los_Angeles' })?.left).toBe(
      1_000,
    );
  });

  test('a day whose clocks change has 25 or 23 hours', () => {
    expect(room(from('2026-10-25T00:10:00+02:00'), '2026-10-25T01:00:00+02:00')?.refusal.afterMs).toBe(
      24 * hour,
    );
    expect(room(from('2026-03-29T00:10:00+01:00'), '2026-03-29T01:00:00+01:00')?.refusal.afterMs).toBe(
      22 * hour,
    );
  });

  test('what was counted for another kind of day counts whole for the first one: nobody knows how much of it is of today', () => {
    const rolling: RateWindows = { perDay: { startedAt: at('2026-11-24T20:00:00+01:00'), departed: 1_000 } };
    expect(room(rolling, '2026-11-25T09:00:00+01:00')?.left).toBe(0);
    const counted = countDepartures(rolling, 1, at('2026-11-25T09:00:00+01:00'), paris);
    expect(room(counted, '2026-11-25T23:00:00+01:00')?.left).toBe(-1);
    expect(room(counted, '2026-11-26T00:00:00+01:00')?.left).toBe(1_000);
    expect(room(rolling, '2026-11-25T20:00:00+01:00')?.left).toBe(1_000);
  });

  test('a clock that was set back over midnight lets nothing more leave', () => {
    expect(room(from('2026-11-25T00:05:00+01:00'), '2026-11-24T23:55:00+01:00')?.left).toBe(0);
  });

  test('minutes and hours know no zone', () => {
    const windows: RateWindows = { perHour: { startedAt: at('2026-11-24T23:30:00+01:00'), departed: 9 } };
    expect(room(windows, '2026-11-25T00:10:00+01:00', { ...paris, perHour: 10 })?.left).toBe(1);
  });
});
