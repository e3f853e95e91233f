// The checker itself: a true story is clean, and for every figure that must be 0 a forged ledger turns exactly it red.
import { check, zeros } from './check.ts';
import type { DeliveryLine, Entry, HandedIn, HostileRow, LeadLine, Ledgers, Receipt } from './ledgers.ts';

const crm = 'essai-crm';
let nextId = 0;
const entry = (over: Partial<Entry>): Entry => ({
  id: (nextId += 1),
  entry: 'departed',
  action: 'create',
  deliveryId: 1,
  leadId: 1,
  destination: crm,
  run: 1,
  attempt: 1,
  outcome: '',
  reason: '',
  consents: '[{"state":"granted"}]',
  authorisationId: 1,
  batchId: 0,
  fileName: '',
  ...over,
});
const delivery = (over: Partial<DeliveryLine>): DeliveryLine => ({
  id: 1,
  leadId: 1,
  destination: crm,
  action: 'create',
  state: 'delivered',
  reason: 'accepted',
  key: 'k1',
  ...over,
});
const receipt = (over: Partial<Receipt>): Receipt => ({
  destination: crm,
  at: 1_000,
  key: 'k1',
  sentKey: 'k1',
  action: 'create',
  optIn: 'OUI',
  content: 'a',
  did: 'taken',
  ...over,
});
const outcome = (over: Partial<Entry> = {}): Entry =>
  entry({ entry: 'outcome', outcome: 'accepted', ...over });

const handed = (over: Partial<HandedIn>): HandedIn => ({
  reference: 'F-1',
  owed: [crm],
  poison: false,
  person: 1,
  ...over,
});
const lead = (over: Partial<LeadLine>): LeadLine => ({
  id: 1,
  reference: 'F-1',
  erased: false,
  name: '',
  withdrawn: false,
  ...over,
});

/** One lead, created, withdrawn, told of it, erased at last. */
function story(): Ledgers {
  nextId = 0;
  return {
    handedIn: [handed({})],
    leads: [lead({})],
    deliveries: [delivery({}), delivery({ id: 2, action: 'update', key: 'k2' })],
    entries: [
      entry({}),
      outcome(),
      entry({ entry: 'withdrawn', deliveryId: 0, destination: '' }),
      entry({ deliveryId: 2, action: 'update', consents: '[{"state":"withdrawn"}]' }),
      outcome({ deliveryId: 2, action: 'update' }),
    ],
    receipts: [
      receipt({}),
      receipt({ at: 2_000, key: 'k2', sentKey: 'k2', action: 'update', optIn: 'RETRAIT' }),
    ],
    limits: { [crm]: { concurrency: 2, perMinute: 2 } },
    brokenLog: [],
    changes: [],
    hostile: [],
    rows: [],
    taken: new Set(),
    alerted: new Set(),
    unauthorised: new Set(),
    asked: [],
    stoodStill: [],
  };
}
const seenRed = new Set<string>();
const red = (ledgers: Ledgers): readonly string[] =>
  Object.entries(check(ledgers).faults).flatMap(([name, found]) => {
    if (found.length > 0) seenRed.add(name);
    return found.length > 0 ? [name] : [];
  });
const forged = (over: Partial<Ledgers>): readonly string[] => red({ ...story(), ...over });

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

test('departed with a consent withdrawn before; a withdrawal the recipient never learnt', () => {
  const ledgers = story();
  const told = (state: string): readonly Entry[] =>
    ledgers.entries.map((one) => (one.id === 4 ? { ...one, consents: `[{"state":"${state}"}]` } : one));
  expect(forged({ entries: told('granted') })).toEqual([zeros.withdrawn]);
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
});

test('a log that does not verify', () => {
  expect(forged({ brokenLog: ['entry_changed 3'] })).toEqual([zeros.brokenLog]);
});

/** The story without its withdrawal: a create, and nothing after it. */
const plain = (over: Partial<Ledgers> = {}): Ledgers => ({
  ...story(),
  leads: [lead({})],
  deliveries: [delivery({})],
  entries: [entry({}), outcome()],
  receipts: [receipt({})],
  ...over,
});
const twoRuns = [entry({ id: 0.1 }), outcome({ id: 0.2, outcome: 'refused' }), entry({ id: 0.3, run: 2 })];

test('one delivery under two keys: never without a definite no and a new run', () => {
  const tries = [...plain().entries, entry({ attempt: 2 }), outcome({ attempt: 2 })];
  const received = (did: Receipt['did'], second: string): readonly Receipt[] => [
    receipt({ did }),
    receipt({ at: 1_001, sentKey: second }),
  ];
  expect(red(plain({ entries: tries, receipts: received('silent', 'k1') }))).toEqual([]);
  expect(red(plain({ entries: tries, receipts: received('silent', 'k1.r2') }))).toEqual([zeros.otherKey]);
  expect(red(plain({ entries: tries, receipts: received('refused', 'k1.r2') }))).toEqual([zeros.otherKey]);
  const runs = [...twoRuns, outcome({ id: 0.4, run: 2 })];
  expect(red(plain({ entries: runs, receipts: received('refused', 'k1.r2') }))).toEqual([]);
  expect(red(plain({ entries: runs, receipts: received('silent', 'k1.r2') }))).toEqual([zeros.otherKey]);
});

test('each call of a delivery of several has a key of its own', () => {
  const calls = ['person', 'deal'].map((name) => receipt({ sentKey: `k1-${name}`, content: name }));
  const entries = [...plain().entries, entry({ attempt: 2 }), outcome({ attempt: 2 })];
  expect(red(plain({ entries, receipts: calls }))).toEqual([]);
});

test('received by somebody it was not for', () => {
  expect(red(plain({ receipts: [receipt({ destination: 'essai-hub' })] }))).toEqual([zeros.toAnother]);
});

test('a correction that a recipient never learnt; a task for a person counts as told', () => {
  const corrected = { leads: [lead({ name: 'Martin-2' })] };
  const had = (named: string): Ledgers => plain({ ...corrected, receipts: [receipt({ named })] });
  expect(red(had('Martin-2'))).toEqual([]);
  expect(red(had(''))).toEqual([zeros.corrections]);
  expect(red(had('Martin-1'))).toEqual([zeros.corrections]);
  const task = delivery({
    id: 2,
    action: 'update',
    state: 'failed',
    reason: 'manual_update_required',
    key: 'k2',
  });
  expect(red({ ...had('Martin-1'), deliveries: [delivery({}), task] })).toEqual([]);
  expect(red({ ...had('Martin-1'), unauthorised: new Set([crm]) })).toEqual([]);
});

test('a withdrawal handed in as a row, or at a recipient that refused the rest of the lead, must be told too', () => {
  const refused = { handedIn: [handed({ refusedBy: [crm] })], leads: [lead({ withdrawn: true })] };
  const failed = delivery({ state: 'failed', reason: 'refused' });
  expect(red(plain({ ...refused, deliveries: [failed] }))).toEqual([zeros.notTold]);
  expect(red(plain({ ...refused, deliveries: [failed], receipts: [receipt({ optIn: 'RETRAIT' })] }))).toEqual(
    [],
  );
});

test('a grant that comes back with another lead of the person', () => {
  const two = (optIn: string, withdrawn = true): Ledgers => {
    const ledgers = story();
    return {
      ...ledgers,
      handedIn: [handed({}), handed({ reference: 'S-2' })],
      leads: [lead({ withdrawn: true }), lead({ id: 2, reference: 'S-2', withdrawn })],
      deliveries: [...ledgers.deliveries, delivery({ id: 3, leadId: 2, key: 'k3' })],
      entries: [
        ...ledgers.entries,
        entry({ deliveryId: 3, leadId: 2 }),
        outcome({ deliveryId: 3, leadId: 2 }),
      ],
      receipts: [...ledgers.receipts, receipt({ at: 3_000, key: 'k3', sentKey: 'k3', optIn })],
      limits: {},
    };
  };
  expect(red(two('RETRAIT'))).toEqual([]);
  expect(red(two('OUI', false))).toEqual([zeros.takenBack]);
  const other = { handedIn: [handed({}), handed({ reference: 'S-2', person: 2 })] };
  expect(red({ ...two('OUI', false), ...other })).toEqual([]);
});

test('what nobody may send any more stands, but an erasure does not', () => {
  const unauthorised = new Set([crm]);
  const held = (action: string): Ledgers => {
    const row = delivery({ id: 2, action, key: 'k2', state: 'withheld', reason: 'recipient_not_authorised' });
    return plain({ unauthorised, deliveries: [delivery({}), row] });
  };
  expect(red(held('update'))).toEqual([]);
  expect(red(held('erase'))).toEqual([zeros.unsettled]);
  const revokedThen = entry({ entry: 'revoked', id: 2.5, deliveryId: 0, leadId: 0 });
  const entries = (action: string): readonly Entry[] => [
    entry({ id: 1 }),
    outcome({ id: 2 }),
    revokedThen,
    entry({ id: 3, deliveryId: 2, action }),
    outcome({ id: 4, deliveryId: 2, action }),
  ];
  const told = (action: string): Ledgers => {
    const sent = receipt({ key: 'k2', sentKey: 'k2', optIn: undefined });
    const deliveries = [delivery({}), delivery({ id: 2, action, key: 'k2' })];
    return plain({ unauthorised, deliveries, entries: entries(action), receipts: [receipt({}), sent] });
  };
  expect(red(told('erase'))).toEqual([]);
  expect(red(told('update'))).toEqual([zeros.revoked]);
});

test('a row that nobody took or refused, and a correction that is gone without a trace', () => {
  const row = (status: string): Partial<Ledgers> => ({
    rows: [{ reference: 'F-1', rowReference: 'F-1-k1', status }],
    changes: [{ reference: 'F-1', rowReference: 'F-1-k1' }],
  });
  expect(forged(row('refused'))).toEqual([]);
  expect(forged(row('new'))).toEqual([zeros.leftStanding]);
  expect(forged({ ...row('new'), rows: [] })).toEqual([zeros.leftStanding]);
  expect(forged({ ...row('new'), rows: [], taken: new Set(['F-1-k1']) })).toEqual([]);
});

test('a hostile row that did not end as a visible refusal', () => {
  const hostile = (status: string | undefined, over: Partial<HostileRow> = {}): Partial<Ledgers> => ({
    hostile: [{ reference: 'H-1', must: 'refused', atTheDoor: false, ...over }],
    rows: status === undefined ? [] : [{ reference: 'H-1', rowReference: '', status }],
  });
  expect(forged(hostile('refused'))).toEqual([]);
  expect(forged(hostile(''))).toEqual([zeros.hostile]);
  expect(forged(hostile(undefined))).toEqual([zeros.hostile]);
  expect(forged(hostile(undefined, { atTheDoor: true }))).toEqual([]);
  expect(forged(hostile(undefined, { must: 'settled' }))).toEqual([]);
  expect(forged(hostile('done', { must: 'settled' }))).toEqual([zeros.hostile]);
});

test('a record made twice where the recipient knows no keys', () => {
  const entries = [...plain().entries, entry({ attempt: 2 }), outcome({ attempt: 2 })];
  const received = (did: Receipt['did']): readonly Receipt[] => [receipt({ did }), receipt({ at: 1_001 })];
  expect(red(plain({ asked: [crm], entries, receipts: received('silent') }))).toEqual([zeros.madeTwice]);
  expect(red(plain({ asked: [crm], entries, receipts: received('refused') }))).toEqual([]);
});

test('a process that stood still', () => {
  expect(forged({ stoodStill: ['planner stood still for 13000 ms'] })).toEqual([zeros.stoodStill]);
});

test('every figure that must be 0 has been seen red above', () => {
  expect([...seenRed].toSorted()).toEqual(Object.values(zeros).toSorted());
});
