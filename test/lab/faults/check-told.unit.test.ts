// The checker itself, second part: keys, addressees, what recipients were told, rows handed in.
import { zeros } from './check.ts';
import {
  crm,
  delivery,
  entry,
  forged,
  handed,
  lead,
  outcome,
  plain,
  receipt,
  red,
  seenRed,
  story,
} from './forged.ts';
import type { Entry, HostileRow, Ledgers, Receipt } from './ledgers.ts';

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
  // Sent once more behind a late arrival: an idempotent recipient would answer the old key from its memory.
  const replayed = (purpose: string): readonly Entry[] => [
    ...runs,
    entry({ id: 0.25, entry: 'replayed', run: 2, purpose }),
  ];
  for (const [purpose, found] of [
    ['late arrival', []],
    ['ticket 1', [zeros.otherKey]],
  ] as const)
    expect(red(plain({ entries: replayed(purpose), receipts: received('silent', 'k1.r2') }))).toEqual(found);
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
  const erased: Ledgers = {
    ...two('OUI', false),
    leads: [lead({ withdrawn: true, erased: true }), lead({ id: 2, reference: 'S-2' })],
    entries: [...two('OUI', false).entries, entry({ entry: 'erased', deliveryId: 0 })],
  };
  expect(red(erased)).toContain(zeros.takenBack);
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
    rows: [{ reference: 'F-1', rowReference: 'F-1-k1', status, refusal: '' }],
    changes: [{ reference: 'F-1', rowReference: 'F-1-k1' }],
  });
  expect(forged(row('refused'))).toEqual([]);
  expect(forged(row('new'))).toEqual([zeros.leftStanding]);
  expect(forged({ ...row('new'), rows: [] })).toEqual([zeros.leftStanding]);
  expect(forged({ ...row('new'), rows: [], taken: new Set(['F-1-k1']) })).toEqual([]);
  const goneRow = { reference: 'F-1', rowReference: 'F-1-k1', refusal: '[{"code":"UNKNOWN_LEAD"}]' };
  expect(forged({ ...row('new'), rows: [], goneRows: [goneRow] })).toEqual([]);
  expect(forged({ ...row('new'), rows: [], goneRows: [{ ...goneRow, rowReference: '' }] })).toEqual([
    zeros.leftStanding,
  ]);
});

test('a hostile row that did not end as a visible refusal', () => {
  const hostile = (status: string | undefined, over: Partial<HostileRow> = {}): Partial<Ledgers> => ({
    hostile: [{ reference: 'H-1', must: 'refused', atTheDoor: false, ...over }],
    rows: status === undefined ? [] : [{ reference: 'H-1', rowReference: '', status, refusal: '' }],
  });
  expect(forged(hostile('refused'))).toEqual([]);
  expect(forged(hostile(''))).toEqual([zeros.hostile]);
  expect(forged(hostile(undefined))).toEqual([zeros.hostile]);
  expect(forged(hostile(undefined, { atTheDoor: true }))).toEqual([]);
  expect(forged(hostile(undefined, { must: 'settled' }))).toEqual([]);
  const gone = (refusal: string): Partial<Ledgers> => ({
    goneRows: [{ reference: 'H-1', rowReference: '', refusal }],
  });
  expect(forged({ ...hostile(undefined), ...gone('[{"code":"BAD_JSON"}]') })).toEqual([]);
  expect(forged({ ...hostile(undefined), ...gone('') })).toEqual([zeros.hostile]);
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

test('every figure of this part has been seen red above', () => {
  const figures = [
    ...[zeros.otherKey, zeros.toAnother, zeros.corrections, zeros.takenBack],
    ...[zeros.leftStanding, zeros.hostile, zeros.madeTwice, zeros.stoodStill],
  ];
  expect(figures.filter((one) => !seenRed.has(one))).toEqual([]);
});
