// The checker itself, third part: requests of prospects, restrictions, and what is left of a person who is gone.
import { check } from './check.ts';
import { crm, delivery, entry, forged, handed, lead, outcome, plain, red } from './forged.ts';
import type { Entry } from './ledgers.ts';
import type { RecipientLine, RequestLine } from './requests.ts';
import { zeros } from './zeros.ts';

test('departed while its processing was restricted; after the lifting, and an erasure, it may', () => {
  const mark = (kind: string, id: number): Entry =>
    entry({ entry: kind, id, deliveryId: 0, destination: '' });
  const left = plain().entries;
  expect(red(plain({ entries: [mark('restricted', 0.1), ...left] }))).toEqual([zeros.restricted]);
  expect(red(plain({ entries: [mark('restricted', 0.1), mark('unrestricted', 0.2), ...left] }))).toEqual([]);
  const update = left.map((one) => ({ ...one, action: 'update' }));
  expect(red(plain({ entries: [mark('restricted', 0.1), ...update] }))).toContain(zeros.restricted);
  const byRow = (state: string): Entry => ({
    ...mark('consent_recorded', 0.2),
    consents: `[{"purpose":"marketing","channel":"email","state":"${state}"}]`,
  });
  for (const change of [mark('corrected', 0.2), byRow('withdrawn')])
    expect(red(plain({ entries: [mark('restricted', 0.1), change, ...update] }))).not.toContain(
      zeros.restricted,
    );
  expect(red(plain({ entries: [mark('restricted', 0.1), byRow('granted'), ...update] }))).toContain(
    zeros.restricted,
  );
  const erases = left.map((one) => ({ ...one, action: 'erase' }));
  expect(red(plain({ entries: [mark('restricted', 0.1), ...erases] }))).toEqual([]);
});

const recipient = (over: Partial<RecipientLine> = {}): RecipientLine => ({
  leadId: 1,
  destination: crm,
  state: 'acknowledged',
  wasAsked: false,
  byHand: false,
  ...over,
});
const request = (recipients: readonly RecipientLine[], over: Partial<RequestLine> = {}): RequestLine => ({
  ...{ id: 7, kind: 'rectification', leadIds: [1], letters: 0, recipients },
  ...over,
});
const carriedOut = (of: RequestLine, at = 50): readonly string[] => {
  const applied = { reason: `applied:${of.kind}`, purpose: 'request 7', deliveryId: 0, leadId: 0 };
  const done = entry({ entry: 'request', id: at, destination: '', ...applied });
  const entries = [...plain().entries, done].toSorted((a, b) => a.id - b.id);
  return red(plain({ entries, requests: [of] }));
};

test('a request carried out: whoever had the lead is told by wire, or asked in writing before somebody notes the answer', () => {
  expect(carriedOut(request([recipient()]))).toEqual([]);
  expect(carriedOut(request([recipient({ state: 'told', wasAsked: true })]))).toEqual([]);
  expect(carriedOut(request([recipient({ state: 'written', wasAsked: true })], { letters: 1 }))).toEqual([]);
  for (const wrong of [
    recipient({ state: 'owed' }),
    recipient({ state: 'written', wasAsked: true }),
    recipient({ byHand: true }),
  ])
    expect(carriedOut(request([wrong]))).toEqual([zeros.untold]);
});

test('an objection: every lead of it says so for everything, and whoever had the lead is listed, unless it was said before', () => {
  const said = (takenBack: number) => ({
    leads: [lead({ withdrawn: true, takenBack })],
    receipts: plain().receipts.map((one) => ({ ...one, optIn: 'RETRAIT' })),
  });
  const objection = request([recipient()], { kind: 'objection' });
  expect(red(plain({ ...said(16), requests: [objection] }))).not.toContain(zeros.objected);
  expect(red(plain({ ...said(1), requests: [objection] }))).toContain(zeros.objected);
  expect(carriedOut(request([], { kind: 'objection' }))).toContain(zeros.untold);
});

test('a request that does not list who had the lead by the log; who got it afterwards, or a kind that tells nobody, is another matter', () => {
  expect(carriedOut(request([]))).toEqual([zeros.untold]);
  expect(carriedOut(request([]), 0.5)).toEqual([]);
  expect(carriedOut(request([], { kind: 'access' }))).toEqual([]);
});

test('requests of which none reached a lead, or none was carried out, make the account refuse the storm', () => {
  const restrictions = (leadIds: readonly number[], count: number): readonly RequestLine[] =>
    Array.from({ length: count }, (_one, at) => request([], { id: at + 1, kind: 'restriction', leadIds }));
  expect(red(plain({ requests: restrictions([], 4) }))).toEqual([zeros.reachedNobody]);
  expect(red(plain({ requests: [...restrictions([], 4), ...restrictions([2], 1)] }))).toEqual([]);
  expect(red(plain({ requests: restrictions([], 1) }))).toEqual([]);
  expect(red(plain({ requestsTried: 20 }))).toEqual([zeros.reachedNobody]);
  expect(red(plain({ requestsTried: 20, requests: restrictions([2], 1) }))).toEqual([]);
});

test('an address left of a person who is gone; of one who has another lead it may stand', () => {
  const places = [{ person: 1, place: 'prospects.email' }];
  const gone = {
    ...{ leads: [lead({ erased: true })], deliveries: [], entries: [], receipts: [] },
    addresses: places,
  };
  expect(forged(gone)).toEqual([zeros.remains]);
  const other = { handedIn: [handed({}), handed({ reference: 'S-2', owed: [] })] };
  const both = [lead({ erased: true }), lead({ id: 2, reference: 'S-2' })];
  expect(forged({ ...gone, ...other, leads: both })).toEqual([]);
});

test('outcomes of a part that was written again before it left are one for each departure', () => {
  const again = [
    ...[entry({}), outcome({ outcome: 'unavailable', reason: 'FILE_NOT_FINISHED' })],
    ...[entry({}), outcome()],
  ];
  expect(red(plain({ entries: again, limits: {} }))).toEqual([]);
  expect(red(plain({ entries: [...again, outcome()], limits: {} }))).toEqual([zeros.settledTwice]);
});

const gone = lead({ reference: 'O-1-5', erased: true, gone: true });
const purged = (id: number): Entry => entry({ entry: 'purged', id, deliveryId: 0, destination: '' });
const ofOperation = { handedIn: [handed({ reference: 'O-1-5' })], leads: [gone] };

test('a lead that retention took: nothing of it departs any more, not even an erasure', () => {
  const left = plain().entries;
  expect(red(plain({ ...ofOperation, entries: [...left, purged(90)] }))).toEqual([]);
  for (const action of ['create', 'erase'])
    expect(
      red(plain({ ...ofOperation, entries: [purged(0.1), ...left.map((one) => ({ ...one, action }))] })),
    ).toEqual([zeros.afterPurge]);
});

test('kept though its operation is over; gone before its time, or without a word in the log', () => {
  const entries = [...plain().entries, purged(90)];
  const there = lead({ reference: 'O-1-5' });
  expect(red(plain({ ...ofOperation, leads: [there] }))).toEqual([zeros.kept]);
  const untold = delivery({
    id: 2,
    action: 'update',
    key: 'k2',
    state: 'withheld',
    reason: 'recipient_not_authorised',
  });
  const deliveries = [delivery({}), untold];
  const kept = { ...ofOperation, leads: [there], deliveries };
  expect(red(plain({ ...kept, unauthorised: new Set([crm]) }))).toEqual([]);
  expect(red(plain(kept))).toEqual([zeros.unsettled, zeros.kept]);
  expect(red(plain({ leads: [lead({ erased: true, gone: true })], entries }))).toEqual([zeros.kept]);
  expect(red(plain(ofOperation))).toEqual([zeros.kept]);
});

test('a row of an operation that is over: refused for that and seen, or it is lost or has come back', () => {
  const late = { handedIn: [handed({ reference: 'L-1', owed: [] })] };
  const nothing = { leads: [], deliveries: [], entries: [], receipts: [] };
  const row = {
    reference: 'L-1',
    rowReference: '',
    status: 'refused',
    refusal: '[{"code":"OPERATION_ENDED"}]',
  };
  expect(forged({ ...nothing, ...late, rows: [row] })).toEqual([]);
  expect(forged({ ...nothing, ...late, goneRows: [row] })).toEqual([]);
  expect(forged({ ...nothing, ...late, rows: [{ ...row, refusal: '[]' }] })).toEqual([zeros.lost]);
  expect(red(plain({ ...late, leads: [lead({ reference: 'L-1' })] }))).toEqual([zeros.cameBack]);
});

test('a reference of a lead that retention took, in any table', () => {
  const references = [{ reference: 'O-1-5', place: 'proofs.document' }];
  const entries = [...plain().entries, purged(90)];
  expect(red(plain({ ...ofOperation, entries, references }))).toEqual([zeros.remains]);
  const late = [{ reference: 'O-1-5', place: 'lead_intake.reference' }];
  expect(red(plain({ ...ofOperation, entries, references: late }))).toEqual([]);
});

test('leads that retention took while they were being sent are counted: no case, no proof', () => {
  const [departed, answer] = plain().entries as [Entry, Entry];
  const inOrder = (...entries: readonly Entry[]): number =>
    check(plain({ entries: entries.map((one, at) => ({ ...one, id: at + 1 })) })).takenInFlight;
  expect(inOrder(departed, purged(0), answer)).toBe(1);
  expect(inOrder(departed, purged(0))).toBe(1);
  expect(inOrder(departed, answer, purged(0))).toBe(0);
  expect(inOrder(departed, answer)).toBe(0);
});
