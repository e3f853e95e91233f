// C30 to C35: the charter's own dates, and what a calendar in Paris can do to them.
import { addDays, addMonths, civilDate, isCivilDate } from '../../src/domain/civil-date.ts';
import {
  collectedBefore,
  isDue,
  isInactive,
  isLongDelay,
  lastSignOf,
  retentionOf,
  type RetentionFacts,
} from '../../src/domain/retention.ts';

/** Noon in Paris, give or take the hour of summer. */
const noon = (date: string): Date => new Date(`${date}T11:00:00Z`);

const recurring = (
  collected: string,
  sign = collected,
  over: Partial<RetentionFacts> = {},
): RetentionFacts => ({
  kind: 'recurring',
  collectedAt: noon(collected),
  lastSign: noon(sign),
  ...over,
});

test.each([
  ['2026-12-31', '2027-02-28'],
  ['2026-09-30', '2026-11-30'],
  ['2023-12-31', '2024-02-29'],
  ['2026-12-29', '2027-02-28'],
  ['2026-06-30', '2026-08-30'],
])('C30: a one-off operation that ends on %s is gone by %s', (endsOn, goesOn) => {
  const of = retentionOf(recurring(endsOn, endsOn, { operation: { kind: 'one_off', endsOn } }));
  expect(of).toMatchObject({ goesOn, how: 'purge', rule: 'operation_end', inactiveOn: undefined });
  expect(isDue(of, goesOn)).toBe(true);
  expect(isDue(of, addDays(goesOn, -1))).toBe(false);
});

test('C31: the client’s recorded delay counts from the end instead of the two months, shorter or longer', () => {
  const of = (count: number, unit: 'day' | 'month'): string =>
    retentionOf(
      recurring('2026-09-01', '2026-09-01', {
        operation: { kind: 'one_off', endsOn: '2026-09-30', delay: { count, unit } },
      }),
    ).goesOn;
  expect([of(0, 'day'), of(15, 'day'), of(6, 'month')]).toEqual(['2026-09-30', '2026-10-15', '2027-03-30']);
});

test('C31: a one-off operation without an end is deleted all the same, at the latest when a recurring one would go', () => {
  const of = retentionOf(recurring('2023-03-15', '2023-03-15', { kind: 'one_off' }));
  expect(of).toMatchObject({ goesOn: '2026-03-15', how: 'purge', endMissing: true });
});

test('the record of an operation counts, not what its leads say of its kind', () => {
  const endsOn = '2026-09-30';
  expect(
    retentionOf(recurring('2026-09-01', '2026-09-01', { operation: { kind: 'one_off', endsOn } })).how,
  ).toBe('purge');
  const said = recurring('2026-09-01', '2026-09-01', { kind: 'one_off', operation: { kind: 'recurring' } });
  expect(retentionOf(said)).toMatchObject({ how: 'anonymise', goesOn: '2029-09-01', endMissing: false });
});

test.each([
  ['2022-06-10', '2027-01-01'],
  ['2021-12-31', '2026-01-01'],
  ['2022-01-01', '2027-01-01'],
  ['2024-02-29', '2029-01-01'],
])('C32: a request of %s of somebody who keeps coming back is anonymised on %s', (collected, goesOn) => {
  const of = retentionOf(recurring(collected, '2025-11-20'));
  expect(of).toMatchObject({ how: 'anonymise' });
  expect(of.goesOn <= goesOn).toBe(true);
  expect(retentionOf(recurring(collected, '2028-11-20')).goesOn).toBe(goesOn);
  expect(retentionOf(recurring(collected, '2028-11-20')).rule).toBe('five_years');
});

test.each([
  ['2023-03-15', '2025-03-15', '2026-03-15'],
  ['2024-02-29', '2026-02-28', '2027-02-28'],
  ['2022-02-28', '2024-02-28', '2025-02-28'],
  ['2021-08-31', '2023-08-31', '2024-08-31'],
])('C33: last seen on %s: inactive on %s, anonymised on %s', (sign, inactiveOn, goesOn) => {
  const of = retentionOf(recurring(sign));
  expect(of).toMatchObject({ inactiveOn, goesOn, how: 'anonymise', rule: 'three_years', long: false });
  expect([isInactive(of, inactiveOn), isInactive(of, addDays(inactiveOn, -1))]).toEqual([true, false]);
});

test('C32: the cap is never later than three years after the last sign, nor the three years later than the cap', () => {
  for (let year = 2018; year < 2030; year += 1)
    for (let month = 1; month <= 12; month += 1)
      for (let later = 0; later < 60; later += 7) {
        const collected = addMonths(`${year}-01-31`, month);
        const sign = addMonths(collected, later);
        const { goesOn } = retentionOf(recurring(collected, sign));
        expect(goesOn <= addMonths(sign, 36)).toBe(true);
        expect(goesOn <= `${Number(collected.slice(0, 4)) + 5}-01-01`).toBe(true);
        expect(goesOn === addMonths(sign, 36) || goesOn.endsWith('-01-01')).toBe(true);
      }
});

test('C32: requests of one person share the last sign; each keeps its own cap', () => {
  const shared = lastSignOf([noon('2021-05-01'), noon('2024-04-01'), noon('2022-01-01')]);
  expect(retentionOf({ kind: 'recurring', collectedAt: noon('2021-05-01'), lastSign: shared }).goesOn).toBe(
    '2026-01-01',
  );
  expect(retentionOf({ kind: 'recurring', collectedAt: noon('2024-04-01'), lastSign: shared }).goesOn).toBe(
    '2027-04-01',
  );
});

test('C35: another delay counts from the last sign, is never later than the cap, and past three years it is said', () => {
  const asked = (count: number, sign = '2024-03-15') =>
    retentionOf(
      recurring('2024-03-15', sign, { operation: { kind: 'recurring', delay: { count, unit: 'month' } } }),
    );
  expect(asked(12)).toMatchObject({ goesOn: '2025-03-15', rule: 'instruction', long: false });
  expect(asked(48)).toMatchObject({ goesOn: '2028-03-15', rule: 'instruction', long: true });
  expect(asked(84)).toMatchObject({ goesOn: '2029-01-01', rule: 'five_years', long: true });
  expect([
    isLongDelay('recurring', { count: 36, unit: 'month' }),
    isLongDelay('recurring', { count: 37, unit: 'month' }),
    isLongDelay('one_off', { count: 2, unit: 'month' }),
    isLongDelay('one_off', { count: 61, unit: 'day' }),
  ]).toEqual([false, true, false, true]);
});

test.each([
  // The year begins in Paris an hour before it does in Greenwich.
  ['2021-12-31T22:59:59.999Z', '2021-12-31', '2026-01-01'],
  ['2021-12-31T23:00:00.000Z', '2022-01-01', '2027-01-01'],
  // The clocks go forward, and back.
  ['2026-03-28T22:59:59Z', '2026-03-28', '2031-01-01'],
  ['2026-03-28T23:00:00Z', '2026-03-29', '2031-01-01'],
  ['2026-03-29T00:59:59Z', '2026-03-29', '2031-01-01'],
  ['2026-03-29T21:59:59Z', '2026-03-29', '2031-01-01'],
  ['2026-03-29T22:00:00Z', '2026-03-30', '2031-01-01'],
  ['2026-10-24T21:59:59Z', '2026-10-24', '2031-01-01'],
  ['2026-10-24T22:00:00Z', '2026-10-25', '2031-01-01'],
  ['2026-10-25T22:59:59Z', '2026-10-25', '2031-01-01'],
  ['2026-10-25T23:00:00Z', '2026-10-26', '2031-01-01'],
])('at %s it is %s in Paris, which is what counts', (instant, date, cap) => {
  const at = new Date(instant);
  expect(civilDate(at)).toBe(date);
  const of = retentionOf({ kind: 'recurring', collectedAt: at, lastSign: new Date('2029-06-01T10:00:00Z') });
  expect(of.goesOn).toBe(cap);
  expect(retentionOf({ kind: 'recurring', collectedAt: at, lastSign: at }).goesOn).toBe(addMonths(date, 36));
});

test('nothing is due that a search by its collection would not find', () => {
  for (let day = 0; day < 1_500; day += 1) {
    const collected = addDays('2023-01-01', day);
    for (const delay of [undefined, { count: 12, unit: 'month' }, { count: 30, unit: 'day' }] as const) {
      const operation = delay === undefined ? undefined : ({ kind: 'recurring', delay } as const);
      const { goesOn } = retentionOf(recurring(collected, collected, { operation }));
      expect(collected < collectedBefore(goesOn, delay)).toBe(true);
    }
  }
});

test('a date is one that a calendar has', () => {
  expect(['2024-02-29', '2026-12-31'].every(isCivilDate)).toBe(true);
  expect(
    ['2026-02-29', '2026-13-01', '2026-00-10', '26-1-1', '0000-01-01', '2026-1-01', 'x'].some(isCivilDate),
  ).toBe(false);
});
