// The checker itself: a true story is clean, and for every figure that must be 0 a forged ledger turns exactly it red.
import { check, zeros } from './check.ts';
import {
  crm,
  delivery,
  entry,
  forged,
  handed,
  lead,
  plain,
  outcome,
  receipt,
  red,
  seenRed,
  story,
} from './forged.ts';
import type { DeliveryLine, Entry, Ledgers, Receipt } from './ledgers.ts';

test('a true story is clean, and counted', () => {
  expect(red(story())).toEqual([]);
  expect(check(story())).toMatchObject({ leads: 1, deliveries: 2, attempts: 2, received: 2, duplicates: 0 });
});

test('a lead erased before it was planned, or poison, is no loss', () => {
  expect(forged({ leads: [lead({ erased: true })], deliveries: [], entries: [], receipts: [] })).toEqual([]);
  expect(
    forged({
      handedIn: [handed({ poison: true })],
      leads: [lead({})],
      deliveries: [delivery({ state: 'failed', reason: 'refused' })],
      entries: [entry({}), outcome()],
      receipts: [receipt({ did: 'refused' })],
    }),
  ).toEqual([]);
});

test('received twice under its key after two departures is a duplicate and no fault', () => {
  const ledgers = story();
  const more = [entry({ id: 0.1, attempt: 2 }), outcome({ id: 0.2, attempt: 2 })];
  const twice = {
    ...ledgers,
    entries: [...more, ...ledgers.entries],
    receipts: [receipt({}), ...ledgers.receipts],
  };
  expect(red(twice)).toEqual([]);
  expect(check(twice).duplicates).toBe(1);
});

test('lost: never taken in, or no delivery for a destination it was owed to', () => {
  expect(forged({ leads: [], deliveries: [], entries: [], receipts: [] })).toEqual([zeros.lost]);
  expect(forged({ handedIn: [handed({ owed: [crm, 'essai-mail'] })] })).toEqual([zeros.lost]);
});

test('a delivery that reached no end', () => {
  expect(
    forged({ deliveries: [delivery({}), delivery({ id: 2, action: 'update', key: 'k2', state: 'queued' })] }),
  ).toEqual([zeros.unsettled]);
});

test('given up though the recipient was well', () => {
  const [create] = story().deliveries;
  expect(
    forged({
      deliveries: [
        create as DeliveryLine,
        delivery({ id: 2, action: 'update', key: 'k2', state: 'failed', reason: 'exhausted' }),
      ],
    }),
  ).toEqual([zeros.givenUp]);
});

test('sent but not logged: no departure at all, or fewer than were received', () => {
  expect(forged({ receipts: [...story().receipts, receipt({ key: 'k9', sentKey: 'k9' })] })).toEqual([
    zeros.unlogged,
  ]);
  expect(forged({ receipts: [receipt({}), ...story().receipts] })).toEqual([zeros.unlogged]);
});

test('a row that stands in a file it never departed with', () => {
  const file = (name: string): Ledgers => {
    const ledgers = story();
    return {
      ...ledgers,
      limits: {},
      deliveries: [delivery({})],
      entries: [entry({ fileName: 'LEADS_1.csv', batchId: 1 }), outcome({ batchId: 1 })],
      receipts: [receipt({ file: name })],
    };
  };
  expect(red(file('LEADS_1.csv'))).toEqual([]);
  expect(red(file('LEADS_2.csv'))).toEqual([zeros.unlogged]);
});

test('logged as delivered but never received', () => {
  const [, update] = story().receipts;
  expect(forged({ receipts: [update as Receipt] })).toEqual([zeros.neverReceived]);
});

test('departed after erasure; an erasure not followed', () => {
  const erased = entry({ entry: 'erased', deliveryId: 0, destination: '', id: 6 });
  const erase = delivery({ id: 3, action: 'erase', key: 'k3' });
  const followed = [
    entry({ id: 7, deliveryId: 3, action: 'erase' }),
    outcome({ id: 8, deliveryId: 3, action: 'erase' }),
  ];
  const after = [
    entry({ id: 9, deliveryId: 1, attempt: 2, consents: '[{"state":"withdrawn"}]' }),
    outcome({ id: 10, attempt: 2 }),
  ];
  const ledgers = story();
  const base = {
    deliveries: [...ledgers.deliveries, erase],
    receipts: [
      ...ledgers.receipts,
      receipt({ at: 3_000, key: 'k3', sentKey: 'k3', action: 'erase', optIn: undefined }),
    ],
  };
  expect(forged({ ...base, limits: {}, entries: [...ledgers.entries, erased, ...followed] })).toEqual([]);
  expect(
    forged({ ...base, limits: {}, entries: [...ledgers.entries, erased, ...followed, ...after] }),
  ).toEqual([zeros.erased]);
  expect(forged({ entries: [...ledgers.entries, erased] })).toEqual([zeros.notFollowed]);
});

test('an erasure that was not needed, at a recipient that has the lead, or that never took it', () => {
  const erased = entry({ entry: 'erased', deliveryId: 0, destination: '', id: 6 });
  const never = delivery({ id: 3, action: 'erase', key: 'k3', state: 'cancelled', reason: 'not_needed' });
  const ledgers = story();
  const base = {
    deliveries: [...ledgers.deliveries, never],
    entries: [...ledgers.entries, erased],
    limits: {},
  };
  expect(forged(base)).toEqual([zeros.notFollowed]);
  const refused = ledgers.receipts.map((one) => ({ ...one, did: 'refused' as const }));
  expect(forged({ ...base, receipts: refused })).toEqual([]);
});

test('departed with a consent withdrawn before; a withdrawal the recipient never learnt', () => {
  const ledgers = story();
  const told = (state: string): readonly Entry[] =>
    ledgers.entries.map((one) => (one.id === 4 ? { ...one, consents: `[{"state":"${state}"}]` } : one));
  expect(forged({ entries: told('granted') })).toEqual([zeros.withdrawn]);
  // The second call of several, which carries no opt-in.
  const without = ledgers.entries.map((one) => (one.id === 4 ? { ...one, consents: '[]' } : one));
  expect(forged({ entries: without })).toEqual([]);
  expect(
    forged({ receipts: ledgers.receipts.map((one) => (one.key === 'k2' ? { ...one, optIn: 'OUI' } : one)) }),
  ).toEqual([zeros.notTold]);
});

test('departed under an authorisation revoked before', () => {
  const ledgers = story();
  const revoked = entry({ entry: 'revoked', id: 0.5, authorisationId: 1, deliveryId: 0, leadId: 0 });
  const entries = [...ledgers.entries, revoked].toSorted((a, b) => a.id - b.id);
  expect(forged({ entries })).toEqual([zeros.revoked]);
});

test('two deliveries of one lead in flight to one destination', () => {
  const [create, answer, withdrawn, update, done] = story().entries as [Entry, Entry, Entry, Entry, Entry];
  expect(forged({ entries: [create, withdrawn, update, answer, done] })).toEqual([zeros.twoAtOnce]);
});

test('limits: more in flight than allowed, more in a minute than two windows hold; a lapsed lease counts for none', () => {
  const three = [10, 11, 12].map((id) => ({
    delivery: delivery({ id, leadId: id, key: `k${id}` }),
    departed: entry({ deliveryId: id, leadId: id }),
    outcome: outcome({ deliveryId: id, leadId: id }),
    receipt: receipt({ key: `k${id}`, sentKey: `k${id}`, at: id }),
  }));
  const ledgers = (perMinute: number, answers: readonly Entry[]): Ledgers => ({
    ...story(),
    handedIn: [],
    leads: [],
    deliveries: three.map((one) => one.delivery),
    entries: [...three.map((one) => one.departed), ...answers],
    receipts: three.map((one) => one.receipt),
    limits: { [crm]: { concurrency: 2, perMinute } },
  });
  const answers = three.map((one) => one.outcome);
  const lapsed = answers.map((one, index) => (index === 0 ? { ...one, entry: 'outcome_unknown' } : one));
  expect(red(ledgers(2, answers))).toEqual([zeros.limits]);
  expect(red(ledgers(2, lapsed))).toEqual([]);
  expect(red(ledgers(1, lapsed))).toEqual([zeros.limits]);
  // Its worker stood still while it settled: the send was over, and the lease.
  const settling = (at: number): Ledgers => {
    const [first, ...others] = three.map((one, index) => ({ ...one.departed, at: index === 0 ? 0 : at }));
    return {
      ...ledgers(2, answers),
      entries: [...(first === undefined ? [] : [first]), ...others, ...answers],
    };
  };
  expect(red(settling(5_000))).toEqual([]);
  expect(red(settling(4_999))).toEqual([zeros.limits]);
  const late = outcome({ deliveryId: 10, leadId: 10, entry: 'late' });
  expect(red(ledgers(2, [late, ...answers]))).toEqual([]);
});

test('an attempt without an outcome, with two, or an outcome of one that never departed', () => {
  const { entries } = story();
  expect(forged({ entries: entries.slice(0, -1) })).toEqual([zeros.unanswered]);
  expect(forged({ entries: [...entries, outcome({ deliveryId: 2, entry: 'outcome_unknown' })] })).toEqual([
    zeros.settledTwice,
  ]);
  expect(forged({ entries: [...entries, outcome({ deliveryId: 2, attempt: 2 })] })).toEqual([
    zeros.neverDeparted,
  ]);
});

test('one lead created twice at one destination', () => {
  const ledgers = story();
  expect(
    red({
      ...ledgers,
      deliveries: [...ledgers.deliveries, delivery({ id: 3, key: 'k3' })],
      entries: [
        entry({ deliveryId: 3, id: 0.1, consents: '[{"state":"granted"}]' }),
        outcome({ deliveryId: 3, id: 0.2 }),
        ...ledgers.entries,
      ],
      receipts: [receipt({ key: 'k3', sentKey: 'k3', at: 1 }), ...ledgers.receipts],
      limits: {},
    }),
  ).toEqual([zeros.twice]);
});

test('another content under a key the recipient may know; after a definite no, or a right, it may change', () => {
  const ledgers = story();
  const entries = (rights: boolean): readonly Entry[] => [
    entry({ id: 0.1, attempt: 1 }),
    outcome({ id: 0.2, attempt: 1, outcome: 'unknown' }),
    entry({ id: 0.3, attempt: 2 }),
    outcome({ id: 0.4, attempt: 2 }),
    ...(rights ? [entry({ entry: 'withdrawn', deliveryId: 0, destination: '' })] : []),
  ];
  const received = (did: Receipt['did'], optIn: string): readonly Receipt[] => [
    receipt({ content: 'a', did }),
    receipt({ content: 'b', at: 1_001, optIn }),
  ];
  const base = { ...ledgers, deliveries: [delivery({})] };
  expect(red({ ...base, entries: entries(false), receipts: received('silent', 'OUI') })).toEqual([
    zeros.otherContent,
  ]);
  expect(red({ ...base, entries: entries(false), receipts: received('refused', 'OUI') })).toEqual([]);
  expect(red({ ...base, entries: entries(true), receipts: received('silent', 'RETRAIT') })).toEqual([]);
  const byRow = { leads: [lead({ withdrawn: true })], entries: entries(false) };
  expect(red({ ...base, ...byRow, receipts: received('silent', 'RETRAIT') })).toEqual([]);
  const recorded = (state: string): readonly Entry[] => [
    ...entries(false),
    entry({ entry: 'consent_recorded', deliveryId: 0, destination: '', consents: `[{"state":"${state}"}]` }),
  ];
  const since = (state: string): object => ({ ...base, entries: recorded(state) });
  const both = received('silent', 'RETRAIT');
  expect(red({ ...base, ...since('withdrawn'), receipts: both })).not.toContain(zeros.otherContent);
  expect(red({ ...base, ...since('granted'), receipts: both })).toContain(zeros.otherContent);
});

test('a log that does not verify', () => {
  expect(forged({ brokenLog: ['entry_changed 3'] })).toEqual([zeros.brokenLog]);
});

test('a file that took the place of another, and a token in clear', () => {
  expect(forged({ spoiltFiles: ['essai-s3 L_1.csv: another stood there'] })).toEqual([zeros.spoiltFiles]);
  expect(forged({ exposed: ['MySQL access_credentials.sealed'] })).toEqual([zeros.exposed]);
});

test('a restored backup has nobody back who is gone, and everybody else', () => {
  const { restored } = story();
  const place = 'prospects.email';
  const withRestored = (over: object, erased: boolean): readonly string[] =>
    red(plain({ leads: [lead({ erased })], restored: { ...restored, ...over } }));
  const back = { standing: ['F-1'], addresses: [{ person: 1, place }] };
  expect(withRestored(back, false)).toEqual([]);
  for (const over of [
    { standing: ['F-1'] },
    { addresses: [{ person: 1, place }] },
    { wrong: ['ended with 1'] },
  ])
    expect(withRestored(over, true)).toContain(zeros.broughtBack);
});

test('a row stands in one file, unless the other was voided in the log', () => {
  const inFile = (file: string, over: Partial<Receipt> = {}): Receipt => receipt({ file, ...over });
  const left = (fileName: string, batchId: number): Entry => entry({ fileName, batchId });
  const ledgers = plain({
    entries: [left('L_1.csv', 1), outcome(), { ...left('L_2.csv', 2), attempt: 2 }, outcome({ attempt: 2 })],
    receipts: [inFile('L_1.csv'), inFile('L_2.csv')],
  });
  const voided = entry({ entry: 'batch_voided', batchId: 1 });
  expect(red(ledgers)).toEqual([zeros.inTwoFiles]);
  expect(red({ ...ledgers, entries: [...ledgers.entries, voided] })).toEqual([]);
  // Support cancelled it before its file was voided: the entry of the file counts for it then, and only then.
  const ofFile = { ...voided, deliveryId: 0 };
  const [first, ...later] = ledgers.entries;
  const cancelled = entry({ entry: 'cancelled', reason: 'by_support' });
  expect(
    red({ ...ledgers, entries: [first, cancelled, ofFile, ...later].flatMap((one) => one ?? []) }),
  ).not.toContain(zeros.inTwoFiles);
  expect(red({ ...ledgers, entries: [...ledgers.entries, ofFile] })).toContain(zeros.inTwoFiles);
  // A late arrival overtook it: a second run is in a file of its own.
  const replayed = entry({ entry: 'replayed', reason: 'new_run' });
  expect(red({ ...ledgers, entries: [...ledgers.entries, replayed] })).not.toContain(zeros.inTwoFiles);
});

test('every figure that must be 0 has been seen red above, or in the other parts', () => {
  const elsewhere: readonly string[] = [
    ...[zeros.otherKey, zeros.toAnother, zeros.corrections, zeros.takenBack],
    ...[zeros.leftStanding, zeros.hostile, zeros.madeTwice, zeros.stoodStill],
    // check-requests.unit.test.ts, check-api.unit.test.ts
    ...[
      zeros.restricted,
      zeros.objected,
      zeros.untold,
      zeros.remains,
      zeros.afterPurge,
      zeros.kept,
      zeros.cameBack,
    ],
    ...[zeros.posted, zeros.answers, zeros.feed, zeros.shutOut, zeros.yes],
    zeros.reachedNobody,
    zeros.formerAddress,
    zeros.refusals,
  ];
  expect([...seenRed].toSorted()).toEqual(
    Object.values(zeros)
      .filter((one) => !elsewhere.includes(one))
      .toSorted(),
  );
});
