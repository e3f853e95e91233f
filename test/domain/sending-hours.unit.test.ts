// When a destination is open: weekdays, ranges, holidays, zones, and the two nights of the year whose clocks change.
import fc from 'fast-check';
import {
  isOpen,
  nextOpening,
  openStretches,
  openTime,
  type OpenRange,
  type SendingHours,
} from '../../src/domain/sending-hours.ts';

const hour = 3_600_000;
const ms = (text: string): number => Date.parse(text);
const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');
const time = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * hour + minutes * 60_000;
};
const ranges = (...texts: readonly string[]): readonly OpenRange[] =>
  texts.map((text) => {
    const [from = '', to = ''] = text.split('-');
    return { from: time(from), to: time(to) };
  });
const week = (weekday: readonly OpenRange[], saturday: readonly OpenRange[] = [], sunday = saturday) => [
  ...[0, 1, 2, 3, 4].map(() => weekday),
  saturday,
  sunday,
];
const office: SendingHours = {
  zone: 'Europe/Paris',
  week: week(ranges('09:00-12:30', '13:30-18:00'), ranges('09:00-12:00'), []),
  holidays: 'fr',
  rightsWait: false,
};
/** Open every day between two times. */
const daily = (range: string, zone = 'Europe/Paris'): SendingHours => ({
  zone,
  week: week(ranges(range), ranges(range)),
  holidays: undefined,
  rightsWait: false,
});

test.each<[string, string, boolean]>([
  ['a Tuesday at nine', '2026-11-24T08:00:00Z', true],
  ['a moment earlier', '2026-11-24T07:59:59Z', false],
  ['at lunch', '2026-11-24T11:30:00Z', false],
  ['after lunch', '2026-11-24T12:30:00Z', true],
  ['at six', '2026-11-24T17:00:00Z', false],
  ['on Saturday morning', '2026-11-28T10:59:59Z', true],
  ['on Saturday at noon', '2026-11-28T11:00:00Z', false],
  ['on Sunday', '2026-11-29T09:00:00Z', false],
  ['on the 14th of July, a Tuesday', '2026-07-14T08:00:00Z', false],
  ['in summer at nine', '2026-07-15T07:00:00Z', true],
  ['on Easter Monday', '2027-03-29T08:00:00Z', false],
])('%s', (_title, at, open) => expect(isOpen(office, ms(at))).toBe(open));

test.each<[string, string, string]>([
  ['while it is open: at once', '2026-11-24T08:00:00Z', '2026-11-24T08:00:00Z'],
  ['at night: in the morning', '2026-11-24T19:00:00Z', '2026-11-25T08:00:00Z'],
  ['at lunch: after it', '2026-11-24T11:45:00Z', '2026-11-24T12:30:00Z'],
  ['on Saturday evening: on Monday', '2026-11-28T18:00:00Z', '2026-11-30T08:00:00Z'],
  ['before Easter: on Tuesday', '2027-03-27T12:00:00Z', '2027-03-30T07:00:00Z'],
  ['over a change of the clocks', '2026-10-24T12:00:00Z', '2026-10-26T08:00:00Z'],
])('the next opening %s', (_title, at, opening) => expect(iso(nextOpening(office, ms(at)))).toBe(opening));

test('one that only opens on a Monday which is a holiday opens a week later', () => {
  const mondays = { ...office, week: [ranges('09:00-10:00'), [], [], [], [], [], []] };
  expect(iso(nextOpening(mondays, ms('2027-03-25T12:00:00Z')))).toBe('2027-04-05T07:00:00Z');
});

describe('the night in spring whose clock jumps from two to three', () => {
  const night = ms('2027-03-27T23:00:00Z');
  const stretches = (range: string) =>
    [...openStretches(daily(range), night, night + 6 * hour)].map(
      ({ start, end }) => `${iso(start).slice(11, 16)}-${iso(end).slice(11, 16)}`,
    );
  test('hours inside the skipped hour do not come', () => expect(stretches('02:00-03:00')).toEqual([]));
  test('hours that begin in it begin when the clock resumes', () => {
    expect(nextOpening(daily('02:30-04:00'), night)).toBe(ms('2027-03-28T01:00:00Z'));
    expect(openTime(daily('02:30-04:00'), night, night + 6 * hour)).toBe(hour);
  });
  test('hours that end in it end when it begins', () =>
    expect(openTime(daily('01:00-02:30'), night, night + 6 * hour)).toBe(hour));
});

describe('the night in autumn whose clock reads the hour from two to three twice', () => {
  const night = ms('2026-10-24T22:00:00Z');
  test('hours inside it come twice', () => {
    const hours = daily('02:00-02:30');
    const open = (at: string): boolean => isOpen(hours, ms(at));
    expect([open('2026-10-25T00:15:00Z'), open('2026-10-25T00:45:00Z')]).toEqual([true, false]);
    expect([open('2026-10-25T01:15:00Z'), open('2026-10-25T01:30:00Z')]).toEqual([true, false]);
    expect(iso(nextOpening(hours, ms('2026-10-25T00:40:00Z')))).toBe('2026-10-25T01:00:00Z');
  });
  test('hours that reach over it are an hour longer', () =>
    expect(openTime(daily('01:00-04:00'), night, night + 8 * hour)).toBe(4 * hour));
  test('hours that end in it open again when the clock goes back', () =>
    expect(iso(nextOpening(daily('01:00-02:30'), ms('2026-10-25T00:30:00Z')))).toBe('2026-10-25T01:00:00Z'));
});

test('the zone is the destination’s own: half an hour in Adelaide, a change at midnight in Beirut', () => {
  expect(iso(nextOpening(daily('09:00-10:00', 'Australia/Adelaide'), ms('2026-11-24T00:00:00Z')))).toBe(
    '2026-11-24T22:30:00Z',
  );
  // 28 March 2027: the clock in Beirut jumps from midnight to one.
  expect(iso(nextOpening(daily('00:00-02:00', 'Asia/Beirut'), ms('2027-03-27T20:00:00Z')))).toBe(
    '2027-03-27T22:00:00Z',
  );
});

test('whatever the hours and the moment: the next opening is open, and nothing before it was', () => {
  const zones = ['Europe/Paris', 'Australia/Lord_Howe', 'America/Havana', 'Asia/Kathmandu', 'UTC'];
  fc.assert(
    fc.property(
      fc.integer({ min: ms('2026-01-01T00:00:00Z'), max: ms('2028-01-01T00:00:00Z') }),
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 1_439 }),
      fc.integer({ min: 1, max: 300 }),
      (at, zone, from, length) => {
        const range = { from: from * 60_000, to: Math.min(1_440, from + length) * 60_000 };
        const hours: SendingHours = {
          zone,
          week: week([range], [range], []),
          holidays: 'fr',
          rightsWait: false,
        };
        const opening = nextOpening(hours, at);
        expect(isOpen(hours, opening)).toBe(true);
        for (let before = at; before < opening; before += 7 * 60_000)
          expect([iso(before), isOpen(hours, before)]).toEqual([iso(before), false]);
        if (opening > at) expect(isOpen(hours, opening - 1)).toBe(false);
      },
    ),
    { numRuns: 60 },
  );
});
