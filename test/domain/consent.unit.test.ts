// How recorded answers fold into the one in force (C16, C16b): absence, order, same instant, expiry, proof.
import fc from 'fast-check';
import {
  answerToTell,
  currentConsent,
  grantEnd,
  phoneGrantDays,
  toldAheadMs,
} from '../../src/domain/consent.ts';
import {
  consentChannels,
  consentPurposes,
  consentStates,
  type ConsentChannel,
  type ConsentRecord,
  type ConsentState,
} from '../../src/domain/lead.ts';

const day = 86_400_000;
const start = new Date('2026-09-01T08:00:00Z');
const at = (days: number): Date => new Date(start.getTime() + days * day);
const said = (state: ConsentState, days: number, more: Partial<ConsentRecord> = {}): ConsentRecord => ({
  ...{ purpose: 'marketing', channel: 'email', state, recordedAt: at(days) },
  ...more,
});
const proved = { legalEntity: 'HORIZON PROMOTION SAS', wordingVersion: 'v3' } as const;
const inForce = (
  events: readonly ConsentRecord[],
  now: Date = at(100),
  channel: ConsentChannel = 'email',
): ConsentState | undefined => currentConsent(events, 'marketing', channel, now)?.state;

describe('C16: the answer in force', () => {
  test('absence is no answer', () => {
    expect(inForce([])).toBeUndefined();
  });
  test('an answer for another purpose or channel is no answer: a general opt-in implies nothing', () => {
    const elsewhere = [
      said('granted', 0, { purpose: 'newsletter' }),
      ...consentChannels
        .filter((channel) => channel !== 'email')
        .map((channel) => said('granted', 0, { channel })),
    ];
    expect(inForce(elsewhere)).toBeUndefined();
  });
  test.each(consentStates)('one recorded answer %s is the answer', (state) => {
    expect(currentConsent([said(state, 0)], 'marketing', 'email', at(1))).toMatchObject({
      state,
      lapsed: false,
    });
  });
  test('a withdrawal beats any older grant, in whatever order they were recorded', () => {
    const events = [said('withdrawn', 2), said('granted', 1), said('granted', 0)];
    expect(inForce(events)).toBe('withdrawn');
    expect(inForce(events.toReversed())).toBe('withdrawn');
  });
  test('a withdrawal beats the grants that were received before it, whatever their stamps say', () => {
    const minutes = (count: number): number => count / 1440;
    const events = [
      said('granted', minutes(4), { receipt: 1 }),
      said('withdrawn', 0, { receipt: 2 }),
      said('granted', -1, { receipt: 3 }),
    ];
    expect(inForce(events)).toBe('withdrawn');
    expect(inForce([said('granted', 30, { receipt: 1 }), said('withdrawn', 0, { receipt: 2 })])).toBe(
      'withdrawn',
    );
    expect(inForce([...events, said('granted', minutes(1), { receipt: 4 })])).toBe('granted');
  });
  test('a refusal beats a grant received before it that is stamped a little ahead; an old one that comes in late does not', () => {
    expect(inForce([said('granted', 4 / 1440, { receipt: 1 }), said('refused', 0, { receipt: 2 })])).toBe(
      'refused',
    );
    expect(inForce([said('granted', 30, { receipt: 1 }), said('refused', 0, { receipt: 2 })])).toBe(
      'granted',
    );
  });
  test('a grant given after a withdrawal counts again', () => {
    expect(inForce([said('granted', 0), said('withdrawn', 1), said('granted', 2)])).toBe('granted');
  });
  test.each([
    ['granted', 'refused', 'refused'],
    ['granted', 'withdrawn', 'withdrawn'],
    ['refused', 'withdrawn', 'withdrawn'],
    ['granted', 'not_asked', 'granted'],
  ] as const)('of %s and %s at the same instant, %s stands', (one, other, expected) => {
    expect(inForce([said(one, 1), said(other, 1)])).toBe(expected);
    expect(inForce([said(other, 1), said(one, 1)])).toBe(expected);
  });
  test.each(['granted', 'refused', 'withdrawn'] as const)(
    '"not asked" later never takes back %s',
    (state) => {
      expect(inForce([said(state, 0), said('not_asked', 5)])).toBe(state);
    },
  );
  test('"not asked" gives way to any answer, even one recorded before it', () => {
    expect(inForce([said('not_asked', 5), said('refused', 0)])).toBe('refused');
  });
  test('the record is the event the state comes from', () => {
    const events = [said('granted', 0), said('refused', 1, { source: 'agent-4' })];
    expect(currentConsent(events, 'marketing', 'email', at(2))?.record.source).toBe('agent-4');
  });
});

describe('C16: a grant ends at its valid-until', () => {
  const bounded = said('granted', 0, { validUntil: at(10) });
  test('until then it is granted and says until when; from that instant on it reads refused', () => {
    expect(currentConsent([bounded], 'marketing', 'email', new Date(at(10).getTime() - 1))).toEqual({
      ...{ state: 'granted', record: bounded, until: at(10), lapsed: false },
    });
    expect(currentConsent([bounded], 'marketing', 'email', at(10))).toEqual({
      ...{ state: 'refused', record: bounded, lapsed: true },
    });
  });
  test('an e-mail grant without valid-until stands', () => {
    expect(currentConsent([said('granted', 0)], 'marketing', 'email', at(5_000))?.until).toBeUndefined();
    expect(inForce([said('granted', 0)], at(5_000))).toBe('granted');
  });
  test('an expired grant does not let an older answer through', () => {
    expect(inForce([said('granted', -20), bounded], at(11))).toBe('refused');
  });
});

describe('C16b: what is told ahead of an end', () => {
  const end = at(10);
  const bounded = said('granted', 0, { validUntil: end });
  const told = (beforeEndMs: number) =>
    answerToTell([bounded], 'marketing', 'email', new Date(end.getTime() - beforeEndMs));
  test('a grant is told as over a quarter of an hour before its end, so that nobody reads a yes after it', () => {
    expect(told(toldAheadMs + 1)).toMatchObject({ state: 'granted', until: end });
    expect(told(toldAheadMs)).toMatchObject({ state: 'refused', lapsed: true });
  });
  test('every other answer is told as it is', () => {
    for (const state of consentStates) {
      const event = said(state, 0);
      expect(answerToTell([event], 'marketing', 'email', at(1))).toEqual(
        currentConsent([event], 'marketing', 'email', at(1)),
      );
    }
    expect(answerToTell([], 'marketing', 'email', at(1))).toBeUndefined();
  });
});

describe('C16b: the telephone', () => {
  const phone = (more: Partial<ConsentRecord> = {}): ConsentRecord =>
    said('granted', 0, { channel: 'phone', ...proved, ...more });
  const state = (record: ConsentRecord, now: Date): ConsentState | undefined =>
    inForce([record], now, 'phone');
  test('a grant with its proof counts for 365 days and not one instant longer', () => {
    expect(phoneGrantDays).toBe(365);
    expect(state(phone(), new Date(at(365).getTime() - 1))).toBe('granted');
    expect(state(phone(), at(365))).toBe('refused');
  });
  test('a later valid-until does not lengthen it, an earlier one shortens it', () => {
    expect(grantEnd(phone({ validUntil: at(900) }))).toEqual(at(365));
    expect(grantEnd(phone({ validUntil: at(30) }))).toEqual(at(30));
    expect(state(phone({ validUntil: at(900) }), at(366))).toBe('refused');
    expect(state(phone({ validUntil: at(30) }), at(31))).toBe('refused');
  });
  test.each(['legalEntity', 'wordingVersion'] as const)(
    'a grant without %s cannot be proved and reads refused',
    (name) => {
      const { [name]: _left, ...record } = phone();
      expect(currentConsent([record], 'marketing', 'phone', at(1))).toMatchObject({
        state: 'refused',
        lapsed: true,
      });
    },
  );
  test('a grant without proof does not let an older proved one through', () => {
    expect(inForce([phone(), said('granted', 1, { channel: 'phone' })], at(2), 'phone')).toBe('refused');
  });
  test('the other channels need no proof and know no 365 days', () => {
    for (const channel of ['email', 'sms', 'post'] as const)
      expect(inForce([said('granted', 0, { channel })], at(800), channel)).toBe('granted');
  });
  test('a refusal by telephone needs no proof', () => {
    expect(inForce([said('refused', 0, { channel: 'phone' })], at(1), 'phone')).toBe('refused');
  });
});

const records: fc.Arbitrary<ConsentRecord[]> = fc.array(
  fc.record(
    {
      purpose: fc.constantFrom(...consentPurposes),
      channel: fc.constantFrom(...consentChannels),
      state: fc.constantFrom(...consentStates),
      recordedAt: fc.integer({ min: 0, max: 30 }).map(at),
      validUntil: fc.integer({ min: 1, max: 900 }).map(at),
      legalEntity: fc.constant('E'),
      wordingVersion: fc.constant('v1'),
    },
    { requiredKeys: ['purpose', 'channel', 'state', 'recordedAt'] },
  ),
  { maxLength: 12 },
);

describe('two grants of one instant: the more protective one counts, whichever was read first', () => {
  const both = (a: ConsentRecord, b: ConsentRecord, channel: ConsentChannel) =>
    [
      [a, b],
      [b, a],
    ].map((events) => currentConsent(events, 'marketing', channel, at(1)));

  test('C16b: one by telephone without proof is no grant, the proved one beside it notwithstanding', () => {
    const phone = said('granted', 0, { channel: 'phone' });
    for (const found of both(phone, { ...phone, ...proved }, 'phone'))
      expect(found).toMatchObject({ state: 'refused', lapsed: true });
  });
  test('C16: the one that ends first says until when, also beside one without an end', () => {
    const [soon, late] = [
      said('granted', 0, { validUntil: at(5) }),
      said('granted', 0, { validUntil: at(9) }),
    ];
    for (const found of [...both(soon, late, 'email'), ...both(soon, said('granted', 0), 'email')])
      expect(found?.until).toEqual(at(5));
    for (const found of both(late, said('granted', 0), 'email')) expect(found?.until).toEqual(at(9));
  });
});

test('of two "not asked" the later is the record', () => {
  const [first, second] = [said('not_asked', 0), said('not_asked', 3)];
  for (const events of [
    [first, second],
    [second, first],
  ])
    expect(currentConsent(events, 'marketing', 'email', at(9))?.record).toBe(second);
});

describe('whatever was recorded', () => {
  const every = (
    rule: (events: readonly ConsentRecord[], channel: ConsentChannel, now: Date) => void,
  ): void => {
    const nows = fc.integer({ min: 0, max: 1_000 }).map(at);
    fc.assert(fc.property(records, fc.constantFrom(...consentChannels), nows, rule), { numRuns: 1_000 });
  };
  test('C16: granted only if some grant is at least as late as every refusal and withdrawal', () => {
    every((events, channel, now) => {
      if (inForce(events, now, channel) !== 'granted') return;
      const mine = events.filter((event) => event.purpose === 'marketing' && event.channel === channel);
      const latest = (states: readonly ConsentState[]): number =>
        Math.max(
          -1,
          ...mine.filter((event) => states.includes(event.state)).map((event) => event.recordedAt.getTime()),
        );
      expect(latest(['granted'])).toBeGreaterThan(latest(['refused', 'withdrawn']));
    });
  });
  test('C16: adding a withdrawal later than everything leaves no grant', () => {
    every((events, channel, now) => {
      expect(inForce([...events, said('withdrawn', 40, { channel })], now, channel)).toBe('withdrawn');
    });
  });
  test('the order in which events are read does not change the state', () => {
    // Two grants of the same instant with different ends are the one case left to the order: no instant twice here.
    every((events, channel, now) => {
      const apart = [...new Map(events.map((event) => [event.recordedAt.getTime(), event])).values()];
      expect(inForce(apart.toReversed(), now, channel)).toBe(inForce(apart, now, channel));
    });
  });
  test('C16b: no telephone grant without proof, nor past 365 days', () => {
    every((events, _channel, now) => {
      const current = currentConsent(events, 'marketing', 'phone', now);
      if (current?.state !== 'granted') return;
      expect(current.record).toMatchObject({ legalEntity: 'E', wordingVersion: 'v1' });
      expect(now.getTime() - current.record.recordedAt.getTime()).toBeLessThan(365 * day);
    });
  });
  test('until is told for every grant that ends, so that departure can wait for no stale answer', () => {
    every((events, channel, now) => {
      const current = currentConsent(events, 'marketing', channel, now);
      if (current?.until === undefined) return;
      expect(inForce(events, new Date(current.until.getTime() - 1), channel)).toBe('granted');
      expect(inForce(events, current.until, channel)).toBe('refused');
    });
  });
});
