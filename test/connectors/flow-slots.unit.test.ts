// The slots of a flow: civil time in Paris, across both clock changes.
import { lastSlotBefore, nextSlot } from '../../connectors/index.ts';

const paris = 'Europe/Paris';
const iso = (date: Date | undefined): string | undefined => date?.toISOString();

describe('slots', () => {
  const following = (cron: string, from: string, count: number): readonly (string | undefined)[] => {
    const out: (string | undefined)[] = [];
    for (let at: Date | undefined = new Date(from); out.length < count && at !== undefined;) {
      at = nextSlot(cron, paris, at);
      out.push(iso(at));
    }
    return out;
  };

  test('follow civil time in Paris, summer and winter', () => {
    expect(following('0 7,13,19 * * 1-6', '2026-07-04T06:00:00Z', 4)).toEqual([
      '2026-07-04T11:00:00.000Z',
      '2026-07-04T17:00:00.000Z',
      '2026-07-06T05:00:00.000Z',
      '2026-07-06T11:00:00.000Z',
    ]);
    expect(iso(nextSlot('0 7 * * *', paris, new Date('2026-12-01T00:00:00Z')))).toBe(
      '2026-12-01T06:00:00.000Z',
    );
  });

  test('29 March 2026: a slot in the skipped hour happens once, at 03:00', () => {
    expect(following('30 2 * * *', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(following('15,45 2 * * *', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:15:00.000Z',
    ]);
    expect(following('*/30 * * * *', '2026-03-29T00:15:00Z', 4)).toEqual([
      '2026-03-29T00:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T01:30:00.000Z',
      '2026-03-29T02:00:00.000Z',
    ]);
  });

  test('25 October 2026: a slot in the doubled hour happens once, at the first occurrence', () => {
    expect(following('30 2 * * *', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    expect(following('*/30 * * * *', '2026-10-24T23:45:00Z', 4)).toEqual([
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T02:00:00.000Z',
      '2026-10-25T02:30:00.000Z',
    ]);
    expect(iso(nextSlot('30 2 * * *', paris, new Date('2026-10-25T01:10:00Z')))).toBe(
      '2026-10-26T01:30:00.000Z',
    );
  });

  test('the last slot is the one due at a moment, itself included', () => {
    const last = (cron: string, at: string) => iso(lastSlotBefore(cron, paris, new Date(at)));
    expect(last('0 7,13,19 * * 1-6', '2026-07-06T05:00:00Z')).toBe('2026-07-06T05:00:00.000Z');
    expect(last('0 7,13,19 * * 1-6', '2026-07-06T04:59:59Z')).toBe('2026-07-04T17:00:00.000Z');
    expect(last('30 2 * * *', '2026-10-25T01:10:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(last('30 2 * * *', '2026-03-29T01:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(last('30 2 * * *', '2026-03-29T00:59:59Z')).toBe('2026-03-28T01:30:00.000Z');
  });

  test('walking forward and looking back agree through both changes', () => {
    for (const cron of ['*/20 * * * *', '30 2 * * *', '0 3 * * *', '10 1,2,3 * * *']) {
      for (const start of ['2026-03-28T20:00:00Z', '2026-10-24T20:00:00Z']) {
        let at = new Date(start);
        for (let turn = 0; turn < 40; turn += 1) {
          const next = nextSlot(cron, paris, at) as Date;
          expect(next.getTime()).toBeGreaterThan(at.getTime());
          expect(lastSlotBefore(cron, paris, next)).toEqual(next);
          const between = new Date(next.getTime() - 1000);
          if (turn > 0) expect(lastSlotBefore(cron, paris, between)).toEqual(at);
          at = next;
        }
      }
    }
  });
});
