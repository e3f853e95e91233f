// C43: which backups are kept, by the charter's own example, and whatever days are missing.
import fc from 'fast-check';
import { addDays, civilDate, daysBetween, monthOf } from '../../src/domain/civil-date.ts';
import { backupMoment, backupName, keptBackups, startsThird } from '../../src/domain/backup-rotation.ts';

const nameOf = (day: string): string => backupName(new Date(`${day}T03:00:00Z`));
const daysFrom = (first: string, last: string): readonly string[] =>
  Array.from({ length: daysBetween(first, last) + 1 }, (_, index) => addDays(first, index));

test('C43: daily from 2024-03-05 to 2026-11-24 keeps 32', () => {
  const kept = keptBackups(daysFrom('2024-03-05', '2026-11-24').map(nameOf), '2026-11-24');
  const months = ['06', '07', '08', '09', '10', '11'];
  const expected = [
    ...['2024-03-05', '2024-07-01', '2025-01-01', '2025-07-01', '2026-01-01'],
    ...months.flatMap((month) => ['01', '11', '21'].map((day) => `2026-${month}-${day}`)),
    ...daysFrom('2026-11-15', '2026-11-24'),
  ];
  expect([...kept.keys()].toSorted()).toEqual([...new Set(expected)].toSorted().map(nameOf));
  expect(kept.size).toBe(32);
  expect([...kept.values()].filter((form) => form === 'whole')).toHaveLength(10);
});

test('C43: a name is the moment of its start, and other names are left alone', () => {
  const at = new Date('2026-11-24T03:00:07.123Z');
  expect(backupName(at)).toBe('2026-11-24T030007Z');
  expect(backupMoment('2026-11-24T030007Z')?.toISOString()).toBe('2026-11-24T03:00:07.000Z');
  expect(['archives', '2026-11-24T030007Z.part', '2026-13-45T990000Z'].map(backupMoment)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(keptBackups(['archives'], '2026-11-24').size).toBe(0);
});

test('C43: the newest tested backup stays whole, however old', () => {
  const names = daysFrom('2026-08-01', '2026-10-01').map(nameOf);
  const tested = new Set([nameOf('2026-08-14'), nameOf('2026-08-17')]);
  const kept = keptBackups(names, '2026-11-24', tested);
  expect([kept.get(nameOf('2026-08-17')), kept.get(nameOf('2026-08-14'))]).toEqual(['whole', undefined]);
  // Where none was tested, the newest of all.
  expect(keptBackups(names, '2026-11-24').get(nameOf('2026-10-01'))).toBe('whole');
});

test('C43: the first backup of a third of a month is written as a long copy, also late in it', () => {
  const at = (day: string): Date => new Date(`${day}T03:00:00Z`);
  const earlier = ['2026-11-09', '2026-11-13'].map(nameOf);
  expect(startsThird(at('2026-11-14'), earlier)).toBe(false);
  expect(startsThird(at('2026-11-22'), earlier)).toBe(true);
  expect(startsThird(at('2026-11-10'), [])).toBe(true);
  // Midnight is that of Paris.
  expect(startsThird(new Date('2026-11-20T23:30:00Z'), earlier)).toBe(true);
});

test('C43: whatever days are missing, the rule holds', () => {
  const first = '2024-03-05';
  const days = fc.uniqueArray(fc.integer({ min: 0, max: 994 }), { maxLength: 300 });
  fc.assert(
    fc.property(days, (indexes) => {
      const present = indexes.toSorted((a, b) => a - b).map((index) => addDays(first, index));
      const today = '2026-11-24';
      const kept = keptBackups(present.map(nameOf), today);
      const keptDays = [...kept.keys()].map((name) => civilDate(backupMoment(name) ?? new Date(0)));
      const firstOf = (within: (day: string) => boolean): string | undefined => present.find(within);
      // The last ten days: all that there are.
      for (const day of present.filter((one) => one >= '2026-11-15'))
        expect(kept.get(nameOf(day))).toBe('whole');
      // The first of each third of six months, and of each half-year.
      for (const month of ['2026-06', '2026-07', '2026-08', '2026-09', '2026-10', '2026-11'])
        for (const [from, to] of [
          ['01', '10'],
          ['11', '20'],
          ['21', '31'],
        ]) {
          const wanted = firstOf((day) => day >= `${month}-${from}` && day <= `${month}-${to}`);
          if (wanted !== undefined) expect(keptDays).toContain(wanted);
        }
      const half = (day: string): string => `${day.slice(0, 4)}${day.slice(5, 7) <= '06' ? 'a' : 'b'}`;
      for (const one of new Set(present.map(half)))
        expect(keptDays).toContain(firstOf((day) => half(day) === one));
      // And no more than these: 10 + 18 + one for each half-year + the newest.
      expect(kept.size).toBeLessThanOrEqual(10 + 18 + new Set(present.map(half)).size + 1);
      const old = keptDays.filter((day) => monthOf(day) < '2026-06');
      expect(old.length).toBeLessThanOrEqual(new Set(present.map(half)).size + 1);
    }),
  );
});
