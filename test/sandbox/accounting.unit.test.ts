// The account: one sound run, then every way in which it can be unsound, each planted once.
import { account } from '../../sandbox/demo/accounting.ts';
import type { Expectation } from '../../sandbox/demo/accounting.ts';
import type { DemoLedger, LoggedDelivery, TakenRow } from '../../sandbox/demo/ledger.ts';
import type { Received } from '../../sandbox/recipients/record.ts';

const at = new Date('2026-11-24T10:00:00Z');

function delivery(id: number, change: Partial<LoggedDelivery> = {}): LoggedDelivery {
  return {
    id,
    key: `key-${id}`,
    destination: 'horizon-crm',
    reference: `HZ-${id}`,
    action: 'create',
    state: 'delivered',
    reason: 'accepted',
    departed: 1,
    acceptedByLog: true,
    setbacks: [],
    optIn: [{ field: 'RGPD_OPTIN', value: 'OUI' }],
    committedAt: at,
    settledAt: at,
    ...change,
  };
}

const row = (id: number, change: Partial<TakenRow> = {}): TakenRow => ({
  clientId: 'horizon',
  reference: `HZ-${id}`,
  status: 'accepted',
  refusals: [],
  unrouted: false,
  ...change,
});

const record = (id: number, change: Partial<Received> = {}): Received => ({
  destination: 'horizon-crm',
  key: `key-${id}`,
  reference: `HZ-${id}`,
  action: 'create',
  optIn: { RGPD_OPTIN: 'OUI' },
  times: 1,
  place: `leads.jsonl (H-${id})`,
  ...change,
});

const want = (id: number, ending: Expectation['ending'] = 'delivered', detail = ''): Expectation => ({
  clientId: 'horizon',
  reference: `HZ-${id}`,
  destination: 'horizon-crm',
  ending,
  detail,
});

const expected = [
  want(1),
  want(2),
  want(3, 'withheld', 'opt_in_missing'),
  want(4, 'failed', 'invalid'),
  want(5, 'refused', 'mobile BAD_FORMAT'),
  want(6, 'not_routed'),
];
const rows = [
  row(1),
  row(2),
  row(3),
  row(4),
  row(5, { status: 'refused', refusals: ['mobile BAD_FORMAT'] }),
  row(6, { unrouted: true }),
];
const never = { departed: 0, acceptedByLog: false, optIn: [] } as const;
const deliveries = [
  delivery(1),
  delivery(2),
  delivery(3, { ...never, state: 'withheld', reason: 'opt_in_missing:marketing.phone' }),
  delivery(4, { ...never, state: 'failed', reason: 'invalid:REQUIRED' }),
];

function amiss(
  change: {
    ledger?: Partial<DemoLedger>;
    received?: readonly Received[];
    complaints?: readonly string[];
    expected?: readonly Expectation[];
  } = {},
): readonly string[] {
  const received = change.received ?? [record(1), record(2)];
  return account(
    change.expected ?? expected,
    { rows, deliveries, ...change.ledger },
    { 'horizon-crm': { received, complaints: change.complaints ?? [] } },
  ).faults;
}

test('a sound run has nothing amiss, and every lead has its ending', () => {
  const result = account(
    expected,
    { rows, deliveries },
    { 'horizon-crm': { received: [record(1), record(2)], complaints: [] } },
  );
  expect(result.faults).toEqual([]);
  expect(result.endings).toEqual({ delivered: 2, withheld: 1, failed: 1, not_routed: 1, refused: 1 });
  expect([result.compared, result.optIns]).toEqual([2, 2]);
});

test('one lead removed from the recipient’s record is missed', () => {
  expect(amiss({ received: [record(1)] })).toEqual([
    expect.stringContaining('HZ-2 (delivery 2) is delivered, and the recipient has it 0 times'),
  ]);
});

test('a lead that is there twice is noticed; one that came twice and was recognised is not a fault', () => {
  expect(amiss({ received: [record(1), record(2), record(2)] })).toEqual([
    expect.stringContaining('has it 2 times'),
  ]);
  expect(amiss({ received: [record(1), record(2, { times: 2 })] })).toEqual([]);
});

test('a record nobody sent is noticed', () => {
  expect(amiss({ received: [record(1), record(2), record(9)] })).toEqual([
    expect.stringContaining('which no delivery explains'),
  ]);
});

test('a lead that was withheld and arrived all the same is noticed, with its missing departure', () => {
  const found = amiss({ received: [record(1), record(2), record(3)] });
  expect(found).toEqual(
    expect.arrayContaining([
      expect.stringContaining('is withheld, and yet the recipient has it'),
      expect.stringContaining('without a departure in the log'),
    ]),
  );
});

test('an opt-in that arrived otherwise than logged is noticed, value by value', () => {
  expect(amiss({ received: [record(1), record(2, { optIn: { RGPD_OPTIN: 'NON' } })] })).toEqual([
    expect.stringContaining('the log says RGPD_OPTIN=OUI, the recipient has NON'),
  ]);
  expect(amiss({ received: [record(1), record(2, { optIn: {} })] })).toEqual([
    expect.stringContaining('has nothing'),
  ]);
});

test('an opt-in the client wants left out must not be there', () => {
  const optIn = [{ field: 'RGPD_OPTIN', value: '(omitted)' }];
  const ledger = { deliveries: deliveries.with(1, delivery(2, { optIn })) };
  expect(amiss({ ledger, received: [record(1), record(2, { optIn: {} })] })).toEqual([]);
  expect(amiss({ ledger })).toEqual([expect.stringContaining('(omitted)')]);
});

test('a departure without any opt-in in the log is noticed', () => {
  expect(amiss({ ledger: { deliveries: deliveries.with(1, delivery(2, { optIn: [] })) } })).toEqual([
    expect.stringContaining('without an opt-in'),
  ]);
});

test.each(['planned', 'queued', 'sending', 'waiting', 'pending'])(
  'a lead that is %s is not accounted for',
  (state) => {
    const waits = delivery(2, { ...never, state, reason: 'retry' });
    expect(amiss({ ledger: { deliveries: deliveries.with(1, waits) }, received: [record(1)] })).toEqual([
      expect.stringContaining(`HZ-2 is not accounted for: delivery 2 is ${state}`),
    ]);
  },
);

test('rows never looked at, never planned, never arrived, or refused without a word are noticed', () => {
  const changed = (change: Partial<TakenRow>): readonly string[] =>
    amiss({ ledger: { rows: rows.with(4, row(5, change)) } });
  expect(changed({ status: 'new' })).toEqual([expect.stringContaining('was not looked at')]);
  expect(changed({ status: 'refused' })).toEqual([expect.stringContaining('without a reason')]);
  expect(changed({ status: 'accepted' })).toEqual([expect.stringContaining('neither planned nor refused')]);
  expect(amiss({ ledger: { rows: rows.slice(0, 5) } })).toEqual([
    expect.stringContaining('HZ-6 was handed in'),
  ]);
});

test('an ending other than the one foretold is noticed, however good', () => {
  expect(amiss({ expected: expected.with(0, want(1, 'withheld', 'opt_in_missing')) })).toEqual([
    'HZ-1 ended as delivered (accepted) and should have ended as withheld (opt_in_missing)',
  ]);
});

test('delivered in the table and not in the log is noticed', () => {
  expect(
    amiss({ ledger: { deliveries: deliveries.with(0, delivery(1, { acceptedByLog: false })) } }),
  ).toEqual([expect.stringContaining('the log has not its acceptance')]);
});

test('rows of files, which carry no key, are found by reference and action', () => {
  const file = (id: number): Received => {
    const { key: _key, ...rest } = record(id);
    return rest;
  };
  expect(amiss({ received: [file(1), file(2)] })).toEqual([]);
  expect(amiss({ received: [file(1), file(1), file(2)] })).toEqual([
    expect.stringContaining('has it 2 times'),
  ]);
});

test('what the recipient itself complains of is in the list', () => {
  expect(amiss({ complaints: ['LEADS.csv: the check sum differs'] })).toEqual([
    'LEADS.csv: the check sum differs',
  ]);
});
