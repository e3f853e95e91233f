// C21: who really received: what surely never left is left out, what cannot be excluded is said.
import { transmissionsOf } from '../../../src/privacy/person/person-file.ts';
import type { LeadEntry } from '../../../src/store/log/lead-log.ts';

let id = 0;
const entry = (over: Partial<LeadEntry>): LeadEntry => ({
  id: (id += 1),
  at: new Date(1_800_000_000_000 + id),
  entry: 'departed',
  destinationId: 'essai-crm',
  deliveryId: 5,
  leadId: 1,
  run: 1,
  attempt: 1,
  action: 'create',
  actor: 'worker',
  purpose: '',
  connector: 'webhook',
  recipient: 'Essai CRM',
  target: '',
  mappingVersionId: 1,
  fields: 'ref nom',
  consents: '[]',
  outcome: '',
  reason: '',
  status: 0,
  callName: '',
  ...over,
});
const outcome = (kind: string, over: Partial<LeadEntry> = {}): LeadEntry =>
  entry({ entry: 'outcome', outcome: kind, ...over });
const receptions = (...entries: readonly LeadEntry[]): readonly string[] =>
  transmissionsOf(entries).map(({ reception }) => reception);

test.each([
  ['accepted', 200, 'confirmed'],
  ['duplicate', 409, 'confirmed'],
  ['unconfirmed', 250, 'unproved'],
  ['pending', 202, 'unproved'],
  ['refused', 422, 'refused'],
  ['unavailable', 503, 'refused'],
  ['unknown', 0, 'unknown'],
])('C21: after %s (%d) it counts as %s', (kind, status, reception) => {
  expect(receptions(entry({}), outcome(kind, { status }))).toEqual([reception]);
});

test.each(['CONNECT_REFUSED', 'DNS', 'TLS_CERTIFICATE', 'HOST_KEY_MISMATCH', 'TOKEN_503'])(
  'C21: after %s nothing had left, and nobody is named',
  (code) => {
    expect(receptions(entry({}), outcome('unavailable', { reason: `unavailable:${code}` }))).toEqual([]);
    expect(receptions(entry({}), outcome('unavailable', { reason: code }))).toEqual([]);
  },
);

test('C21: without an answer it may have arrived, whatever came of another attempt', () => {
  expect(
    receptions(
      entry({}),
      entry({ entry: 'outcome_unknown' }),
      entry({ attempt: 2 }),
      outcome('accepted', { attempt: 2 }),
    ),
  ).toEqual(['unknown', 'confirmed']);
  expect(receptions(entry({}))).toEqual(['unknown']);
});

test('C21: what was learnt last counts: a late answer, a person who asked, a mail that came back', () => {
  expect(
    receptions(entry({}), entry({ entry: 'outcome_unknown' }), entry({ entry: 'late', outcome: 'accepted' })),
  ).toEqual(['confirmed']);
  expect(
    receptions(
      entry({}),
      entry({ entry: 'outcome_unknown' }),
      entry({ entry: 'resolved', reason: 'received' }),
    ),
  ).toEqual(['confirmed']);
  expect(receptions(entry({}), outcome('unconfirmed'), entry({ entry: 'bounced' }))).toEqual(['returned']);
});

test('another run, call or delivery says nothing of this one', () => {
  const others = [
    outcome('accepted', { run: 2 }),
    outcome('accepted', { callName: 'second' }),
    outcome('accepted', { deliveryId: 6 }),
  ];
  expect(receptions(entry({}), ...others)).toEqual(['unknown']);
});
