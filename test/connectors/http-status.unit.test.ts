// One table says what a status means by itself: no status is in it twice, and none of it is a yes.
import { meaningOf, outcomeOfStatus, statusMeanings } from '../../connectors/http-status.ts';

test('every status means one thing, and no success means anything by itself', () => {
  const all = statusMeanings.flatMap(({ statuses }) => statuses);
  expect(new Set(all).size).toBe(all.length);
  for (let status = 100; status < 400; status += 1) {
    expect(meaningOf(status)).toBeUndefined();
    expect(outcomeOfStatus(status, {})).toEqual({ kind: 'unknown', reason: `UNMATCHED_${status}` });
  }
});

test.each([
  [401, 'unauthorized'],
  [403, 'unauthorized'],
  [407, 'unauthorized'],
  [408, 'unavailable'],
  [425, 'unavailable'],
  [429, 'throttled'],
  [500, 'unavailable'],
  [502, 'unknown'],
  [503, 'unavailable'],
  [504, 'unknown'],
  [599, 'unavailable'],
])('%i is %s', (status, kind) => {
  expect(outcomeOfStatus(status, {})).toMatchObject({ kind, reason: `HTTP_${status}` });
});

test('a question carries nothing of a lead: what a gateway answers to it is asked again', () => {
  expect(outcomeOfStatus(502, { asked: true })).toMatchObject({ kind: 'unavailable', maybeReceived: false });
  expect(outcomeOfStatus(503, { asked: true })).toMatchObject({ kind: 'unavailable', maybeReceived: false });
  expect(outcomeOfStatus(503, { afterMs: 5_000 })).toMatchObject({ maybeReceived: true, afterMs: 5_000 });
});
