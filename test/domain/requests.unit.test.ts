// C21, C24, C25: the term of a request, its alerts, the reminders of a recipient, and what closing needs.
import { addDays, addMonths, civilDate, startOfDay } from '../../src/domain/civil-date.ts';
import {
  alertMoments,
  closingProblems,
  dueAlert,
  dueAt,
  extensionProblem,
  lastDay,
  recipientMove,
  remindersDue,
  type ClosingFacts,
} from '../../src/domain/requests.ts';

const at = (text: string): Date => new Date(text);

describe('C21: a term is extended once, and only within its first month', () => {
  const request = { state: 'open', extendedAt: null, dueAt: at('2026-12-28T23:00:00Z') } as const;
  test.each([
    ['the last instant of the month', request, '2026-12-28T22:59:59.999Z', undefined],
    ['the first instant past it', request, '2026-12-28T23:00:00Z', 'late'],
    [
      'extended before',
      { ...request, extendedAt: at('2026-12-01T09:00:00Z') },
      '2026-12-02T09:00:00Z',
      'extended',
    ],
    [
      'carried out, and the person not told',
      { ...request, state: 'applied' },
      '2026-12-02T09:00:00Z',
      undefined,
    ],
    ['closed', { ...request, state: 'closed' }, '2026-12-02T09:00:00Z', 'closed'],
  ] as const)('%s', (_what, asked, now, problem) => {
    expect(extensionProblem(asked, at(now))).toBe(problem);
  });
});

describe('C21: one civil month, in Paris', () => {
  test.each([
    // received, last day, first instant past it; extended
    ['2024-01-31T10:00:00Z', '2024-02-29', '2024-02-29T23:00:00.000Z', '2024-04-30'],
    ['2023-01-31T10:00:00Z', '2023-02-28', '2023-02-28T23:00:00.000Z', '2023-04-30'],
    ['2026-11-28T10:00:00Z', '2026-12-28', '2026-12-28T23:00:00.000Z', '2027-02-28'],
    ['2026-11-30T10:00:00Z', '2026-12-30', '2026-12-30T23:00:00.000Z', '2027-02-28'],
    ['2026-12-31T10:00:00Z', '2027-01-31', '2027-01-31T23:00:00.000Z', '2027-03-31'],
    ['2026-08-31T10:00:00Z', '2026-09-30', '2026-09-30T22:00:00.000Z', '2026-11-30'],
    // Midnight of Paris decides the day: 23:30 UTC in winter is the next day there, 21:59 UTC in summer is not.
    ['2026-01-30T23:30:00Z', '2026-02-28', '2026-02-28T23:00:00.000Z', '2026-04-30'],
    ['2026-06-14T21:59:59Z', '2026-07-14', '2026-07-14T22:00:00.000Z', '2026-09-14'],
    ['2026-06-14T22:00:00Z', '2026-07-15', '2026-07-15T22:00:00.000Z', '2026-09-15'],
    // The clocks change on the way: it ends at midnight all the same, on 29 March and on 25 October too.
    ['2026-02-28T12:00:00Z', '2026-03-28', '2026-03-28T23:00:00.000Z', '2026-05-28'],
    ['2026-03-01T12:00:00Z', '2026-04-01', '2026-04-01T22:00:00.000Z', '2026-06-01'],
    ['2026-09-24T12:00:00Z', '2026-10-24', '2026-10-24T22:00:00.000Z', '2026-12-24'],
    ['2026-09-25T12:00:00Z', '2026-10-25', '2026-10-25T23:00:00.000Z', '2026-12-25'],
    ['2026-02-28T23:00:00Z', '2026-04-01', '2026-04-01T22:00:00.000Z', '2026-06-01'],
  ])('received %s', (received, last, past, extended) => {
    expect(lastDay(at(received), false)).toBe(last);
    expect(dueAt(at(received), false).toISOString()).toBe(past);
    expect(lastDay(at(received), true)).toBe(extended);
  });

  test('every day of two years: the term ends within a month that has at most 31 days, and begins no later than it should', () => {
    for (let date = civilDate(at('2023-06-01T12:00:00Z')), n = 0; n < 700; n += 1, date = addDays(date, 1)) {
      const noon = new Date(startOfDay(date).getTime() + 12 * 3_600_000);
      expect(civilDate(noon)).toEqual(date);
      const past = dueAt(noon, false);
      expect(civilDate(new Date(past.getTime() - 1))).toEqual(addMonths(date, 1));
      const days = Math.round((past.getTime() - startOfDay(date).getTime()) / 86_400_000) - 1;
      expect(days).toBeGreaterThanOrEqual(28);
      expect(days).toBeLessThanOrEqual(31);
    }
  });
});

describe('C25: alerts at day 21 and 25, and when the term is over', () => {
  const term = { receivedAt: at('2026-11-28T10:00:00Z'), isExtended: false };
  test.each([
    ['2026-12-18T22:59:59Z', '', undefined],
    ['2026-12-18T23:00:00Z', '', 'day_21'],
    ['2026-12-22T22:59:59Z', 'day_21', undefined],
    ['2026-12-22T23:00:00Z', 'day_21', 'day_25'],
    ['2026-12-28T22:59:59Z', 'day_25', undefined],
    ['2026-12-28T23:00:00Z', 'day_25', 'overdue'],
    ['2027-05-01T00:00:00Z', 'overdue', undefined],
    // Slept through: the latest alone.
    ['2026-12-24T12:00:00Z', '', 'day_25'],
  ] as const)('at %s after "%s": %s', (now, alerted, wanted) => {
    expect(dueAlert(term, alerted, at(now))).toBe(wanted);
  });

  test('of an extended term they come before its own end', () => {
    const { day_21: first, day_25: second, overdue } = alertMoments({ ...term, isExtended: true });
    expect([first, second, overdue].map((one) => one.toISOString())).toEqual([
      '2027-02-18T23:00:00.000Z',
      '2027-02-22T23:00:00.000Z',
      '2027-02-28T23:00:00.000Z',
    ]);
  });
});

test.each([
  ['2026-11-28T22:59:00Z', '2026-12-04T22:59:59Z', 0],
  ['2026-11-28T22:59:00Z', '2026-12-04T23:00:00Z', 1],
  ['2026-11-28T22:59:00Z', '2026-12-11T23:00:00Z', 2],
  ['2026-11-28T22:59:00Z', '2026-12-18T23:00:00Z', 3],
  ['2026-11-28T22:59:00Z', '2027-12-18T23:00:00Z', 3],
  // Over the change of the clocks on 25 October.
  ['2026-10-20T10:00:00Z', '2026-10-26T22:59:59Z', 0],
  ['2026-10-20T10:00:00Z', '2026-10-26T23:00:00Z', 1],
])('C24: asked %s, at %s there are %i reminders due', (asked, now, count) => {
  expect(remindersDue(at(asked), at(now))).toBe(count);
});

describe('C25: closing', () => {
  const ready: ClosingFacts = {
    state: 'applied',
    isBegun: false,
    isInformed: true,
    recipients: [
      { destinationId: 'a', state: 'acknowledged' },
      { destinationId: 'b', state: 'explained' },
    ],
  };
  const what = (over: Partial<ClosingFacts>, outcome: 'done' | 'refused' = 'done'): readonly string[] =>
    closingProblems({ ...ready, ...over }, outcome).map((problem) => problem.what);

  test('needs each recipient acknowledged or explained, and the declaration that the prospect was informed', () => {
    expect(what({})).toEqual([]);
    expect(what({ isInformed: false })).toEqual(['not_informed']);
    for (const state of ['owed', 'written', 'told'] as const)
      expect(closingProblems({ ...ready, recipients: [{ destinationId: 'x', state }] }, 'done')).toEqual([
        { what: 'recipient_open', destinationId: 'x' },
      ]);
    expect(what({ state: 'open' })).toEqual(['not_applied']);
    expect(what({ state: 'closed' })).toEqual(['closed_before']);
  });
  test('a refusal needs the declaration too, and cannot follow what was carried out', () => {
    expect(what({ state: 'open', recipients: [] }, 'refused')).toEqual([]);
    expect(what({ state: 'open', recipients: [], isInformed: false }, 'refused')).toEqual(['not_informed']);
    expect(what({}, 'refused')).toEqual(['applied']);
    expect(what({ state: 'open', isBegun: true, recipients: [] }, 'refused')).toEqual(['applied']);
  });
});

describe('C24: where a recipient stands', () => {
  test.each([
    ['accepted', [['delivered', 'accepted']], 'acknowledged'],
    ['handed over without a proof', [['delivered', 'unproved']], 'told'],
    ['no way to erase there', [['failed', 'manual_erasure_required']], 'written'],
    ['every try failed', [['failed', 'exhausted']], 'written'],
    [
      'a newer update carries it',
      [
        ['cancelled', 'superseded'],
        ['delivered', 'accepted'],
      ],
      'acknowledged',
    ],
    [
      'a newer update is on its way',
      [
        ['cancelled', 'superseded'],
        ['waiting', 'retry'],
      ],
      undefined,
    ],
    ['nothing to tell', [['cancelled', 'not_needed']], 'acknowledged'],
    ['cancelled by support', [['cancelled', 'by_support']], 'written'],
    ['erased meanwhile', [['cancelled', 'erased']], 'explained'],
    ['withheld', [['withheld', 'restricted']], undefined],
    ['planned to nothing', [], 'written'],
  ] as const)('%s', (_name, rows, wanted) => {
    const followUps = rows.map(([state, reason], id) => ({ id, state, reason }));
    expect(recipientMove(followUps, true)?.state).toBe(wanted);
  });
  test('before it is planned nothing is concluded', () => {
    expect(recipientMove([], false)).toBeUndefined();
  });
});
