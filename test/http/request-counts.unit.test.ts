// Requests of an address are counted by a clock that nobody can step.
import { perMinute } from '../../src/http/request-counts.ts';

afterEach(() => jest.restoreAllMocks());

test('the time of day neither keeps an address out nor lets it in again; the minute does', () => {
  const { timeWindow, store: Store } = perMinute(2);
  const counts = new Store().child();
  const count = (address: string): unknown => {
    const seen: unknown[] = [];
    counts.incr(address, (_error, result) => seen.push(result), timeWindow);
    return seen[0];
  };
  const monotonic = jest.spyOn(performance, 'now').mockReturnValue(1_000);
  const ofDay = jest.spyOn(Date, 'now').mockReturnValue(7_200_000);
  expect(count('192.0.2.1')).toEqual({ current: 1, ttl: 60_000 });
  ofDay.mockReturnValue(10_800_000);
  monotonic.mockReturnValue(60_999);
  expect(count('192.0.2.1')).toEqual({ current: 2, ttl: 1 });
  expect(count('192.0.2.2')).toEqual({ current: 1, ttl: 60_000 });
  ofDay.mockReturnValue(0);
  monotonic.mockReturnValue(61_000);
  expect(count('192.0.2.1')).toEqual({ current: 1, ttl: 60_000 });
});
