// C21: how long a request itself is kept once it is closed, by civil dates of Paris.
import { demandGoesOn, requestGoesOn, type ClosedRequest } from '../../src/domain/requests.ts';

const closed = (over: Partial<ClosedRequest> & { readonly closedAt: Date }): ClosedRequest => ({
  kind: 'erasure',
  outcome: 'done',
  liftedAt: null,
  ...over,
});

test.each<[string, ClosedRequest, string | undefined, string | undefined]>([
  ['an erasure', closed({ closedAt: new Date('2026-11-20T12:00:00Z') }), '2027-11-20', '2029-11-20'],
  [
    'an evening in UTC that is the next day in Paris',
    closed({ closedAt: new Date('2026-11-20T23:30:00Z') }),
    '2027-11-21',
    '2029-11-21',
  ],
  ['a leap day', closed({ closedAt: new Date('2024-02-29T12:00:00Z') }), '2025-02-28', '2027-02-28'],
  [
    'an objection, whose demand is kept as long as it is',
    closed({ kind: 'objection', closedAt: new Date('2026-11-20T12:00:00Z') }),
    '2029-11-20',
    '2029-11-20',
  ],
  [
    'a restriction that stands',
    closed({ kind: 'restriction', closedAt: new Date('2020-11-20T12:00:00Z') }),
    undefined,
    undefined,
  ],
  [
    'a restriction lifted after it was closed',
    closed({
      kind: 'restriction',
      closedAt: new Date('2026-11-20T12:00:00Z'),
      liftedAt: new Date('2027-01-10T12:00:00Z'),
    }),
    '2028-01-10',
    '2030-01-10',
  ],
  [
    'a restriction lifted before it was closed',
    closed({
      kind: 'restriction',
      closedAt: new Date('2027-02-20T12:00:00Z'),
      liftedAt: new Date('2027-01-10T12:00:00Z'),
    }),
    '2028-02-20',
    '2030-02-20',
  ],
  [
    'a restriction that was refused: nothing stands',
    closed({ kind: 'restriction', outcome: 'refused', closedAt: new Date('2026-11-20T12:00:00Z') }),
    '2027-11-20',
    '2029-11-20',
  ],
])('C21: %s', (_, request, demand, whole) => {
  expect([demandGoesOn(request), requestGoesOn(request)]).toEqual([demand, whole]);
});
