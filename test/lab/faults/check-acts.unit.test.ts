// The checker over the storm itself: acts that reached nobody, requests by a former address, services that took nothing.
import { check, zeros } from './check.ts';
import { lead, plain, red, story } from './forged.ts';

const request = { id: 7, kind: 'objection', leadIds: [1], recipients: [], letters: 0 };
const former = [{ request: 7, reference: 'F-1' }];

test('a request by a former address reaches its lead, unless something else erased it', () => {
  const missed = { ...request, leadIds: [] };
  expect(red(plain({ former, requests: [missed] }))).toEqual([zeros.formerAddress]);
  expect(red(plain({ former, requests: [] }))).toEqual([]);
  const reached = plain({ former, requests: [request], leads: [lead({ takenBack: 1_000 })] });
  expect(check(reached).faults[zeros.formerAddress]).toEqual([]);
  expect(check(reached).provesNothing).not.toContain('request by a former address');
  const erased = plain({ former, requests: [missed], leads: [lead({ erased: true })] });
  expect(check(erased).faults[zeros.formerAddress]).toEqual([]);
});

test('a planner that calls itself ready, or an alert that does not leave, while a service takes nothing', () => {
  const line = { kind: 'mysql_read_only', planners: 2, ready: 0, alerts: 2 };
  expect(red(plain({ refusals: [line] }))).toEqual([]);
  expect(red(plain({ refusals: [{ ...line, ready: 1 }] }))).toEqual([zeros.refusals]);
  expect(red(plain({ refusals: [{ ...line, alerts: 0 }] }))).toEqual([zeros.refusals]);
  // No planner lived through it: nothing is proved.
  const nobody = check(plain({ refusals: [{ ...line, planners: 0, alerts: 0 }] }));
  expect(nobody.faults[zeros.refusals]).toEqual([]);
  expect(nobody.provesNothing).toContain('long mysql_read_only');
});

test('an act that reached nobody is named, and red in a storm of full length', () => {
  expect(check(story()).provesNothing).toContain('request of objection');
  expect(red(story())).toEqual([]);
  expect(red({ ...story(), isFull: true })).toEqual([zeros.reachedNobody]);
  expect(check(story()).provesNothing).not.toContain('withdrawn');
});
