// The account of a trial notices what must not be: a lead without a record or with two, a wrong answer, a changed stranger.
import { compareTrial, type TrialDelivery, type TrialEvidence } from '../../sandbox/trial/compare.ts';
import { trialLeads } from '../../sandbox/trial/leads.ts';
import type { CrmRecord } from '../../sandbox/simulators/simulator.ts';

const lead = trialLeads.find(({ reference }) => reference === 'TR-02');
const erased = trialLeads.find(({ reference }) => reference === 'TR-19');
if (lead === undefined || erased === undefined) throw new Error('the trial has other leads');

const delivery: TrialDelivery = {
  ...{ reference: 'TR-02', action: 'create', state: 'delivered', reason: 'accepted' },
  ...{ recipientReference: 'a1', departures: 1, outcomes: ['accepted'] },
};
const record: CrmRecord = {
  ...{ id: 'a1', reference: 'TR-02', lastName: 'Durand', firstName: 'Paul' },
  ...{ email: lead.person.email ?? '', phone: lead.person.mobile ?? '' },
  mayContact: { email: false, phone: false },
};
const stranger = { lastName: 'Roy', firstName: 'Lou', email: 'lou@courriel.example', phone: '+33639980999' };
const known: CrmRecord = { ...stranger, id: 's1', reference: '', mayContact: { email: true, phone: true } };
const sound: TrialEvidence = {
  ...{ leads: [lead], deliveries: [delivery], records: [known, record] },
  ...{ strangers: [stranger], complaints: [] },
};

test('a lead with one record and the right answers is well', () => {
  expect(compareTrial(sound).faults).toEqual([]);
});

test.each<[string, Partial<TrialEvidence>]>([
  ['has no record', { records: [known] }],
  ['has 2 records', { records: [known, record, { ...record, id: 'a2' }] }],
  ['shows yes for email', { records: [known, { ...record, mayContact: { email: true, phone: false } }] }],
  ['shows nothing for phone', { records: [known, { ...record, mayContact: { email: false } }] }],
  ['shows the phone "+33639980777"', { records: [known, { ...record, phone: '+33639980777' }] }],
  ['shows the firstName ""', { records: [known, { ...record, firstName: '' }] }],
  ['which is none of its records', { records: [known, { ...record, id: 'a2' }] }],
  ['was changed or is gone', { records: [record] }],
  ['which no lead explains', { records: [known, record, { ...known, id: 's2', lastName: 'Autre' }] }],
  ['was never planned', { deliveries: [] }],
  [
    'create is failed (invalid:phone)',
    { deliveries: [{ ...delivery, state: 'failed', reason: 'invalid:phone' }] },
  ],
  ['has not its acceptance', { deliveries: [{ ...delivery, outcomes: ['unknown'] }] }],
  ['locked out', { complaints: ['the address was locked out'] }],
  [
    'the erasure was never sent',
    { leads: [lead, erased], deliveries: [delivery, { ...delivery, reference: 'TR-19' }] },
  ],
  [
    'was erased, and the CRM still has 1',
    { leads: [lead, erased], records: [known, record, { ...record, reference: 'TR-19' }] },
  ],
])('it says when something %s', (words, change) => {
  expect(compareTrial({ ...sound, ...change }).faults.join('\n')).toContain(words);
});

describe('where the CRM has one record for a person', () => {
  const [first, second] = [trialLeads[0], trialLeads.find(({ shows }) => shows === 'second request')];
  const luc = trialLeads.find(({ shows }) => shows === 'person the CRM knew');
  if (first === undefined || second === undefined || luc === undefined)
    throw new Error('the trial has other leads');
  const wanted = [first, second, luc];
  const told = wanted.map(({ reference }) => ({ ...delivery, reference, recipientReference: '' }));
  const shown = (one: typeof first, phone: string, id = 'p1'): CrmRecord => ({
    ...{ id, reference: one.reference, lastName: one.person.lastName, phone },
    ...{ firstName: one.person.firstName ?? '', email: one.person.email ?? '' },
    mayContact: { email: true, phone: true },
  });
  const newest = second.person.mobile ?? '';
  const evidence: TrialEvidence = {
    ...{ leads: wanted, deliveries: told, complaints: [], keeps: 'persons' },
    strangers: [
      { lastName: 'Bernard', firstName: 'Luc', email: luc.person.email ?? '', phone: '+33639980902' },
    ],
    records: [shown(first, newest), shown(second, newest), shown(luc, luc.person.mobile ?? '', 'p2')],
  };

  test('it shows what one of their requests said, and a person the CRM knew is completed', () => {
    expect(compareTrial(evidence).faults).toEqual([]);
    expect(compareTrial({ ...evidence, keeps: 'requests' }).faults).toHaveLength(2);
  });

  test.each<[string, readonly CrmRecord[]]>([
    ['TR-05 (second request) has no record', [shown(first, newest), evidence.records[2] as CrmRecord]],
    ['TR-01 (create) has 2 records', [...evidence.records, shown(first, newest)]],
    ['the CRM shows the phone "+33639980777"', [...evidence.records.slice(1), shown(first, '+33639980777')]],
    ['TR-04 (person the CRM knew) has no record', evidence.records.slice(0, 2)],
  ])('and it says when %s', (words, records) => {
    expect(compareTrial({ ...evidence, records }).faults.join('\n')).toContain(words);
  });
});

describe('where the CRM takes new leads only', () => {
  const tasked: TrialDelivery = {
    ...{ ...delivery, action: 'erase', state: 'failed', reason: 'manual_erasure_required', departures: 0 },
    ...{ reference: 'TR-19', recipientReference: '', outcomes: [] },
  };
  const evidence: TrialEvidence = {
    ...sound,
    leads: [lead, erased],
    deliveries: [delivery, { ...delivery, reference: 'TR-19', outcomes: ['unconfirmed'] }, tasked],
    changes: 'in writing',
  };

  test('a change is told by its task, and elsewhere a task is a change that failed', () => {
    expect(compareTrial(evidence).faults).toEqual([]);
    const { changes: _changes, ...byWire } = evidence;
    expect(compareTrial(byWire).faults.join()).toContain('erase is failed (manual_erasure_required)');
  });

  test('it says when there is no task, and when something else failed', () => {
    const withoutTask = { ...evidence, deliveries: evidence.deliveries.slice(0, 2) };
    expect(compareTrial(withoutTask).faults.join()).toContain('the erasure was never sent');
    const refused = { ...tasked, reason: 'refused' };
    const failed = { ...evidence, deliveries: [...evidence.deliveries.slice(0, 2), refused] };
    expect(compareTrial(failed).faults.join()).toContain('erase is failed (refused)');
  });
});

describe('where the CRM deletes nothing, and takes all else', () => {
  const task: TrialDelivery = {
    ...{ ...delivery, action: 'erase', state: 'failed', reason: 'manual_erasure_required', departures: 0 },
    ...{ reference: 'TR-19', recipientReference: '', outcomes: [] },
  };
  const evidence: TrialEvidence = {
    ...sound,
    leads: [lead, erased],
    deliveries: [delivery, { ...delivery, reference: 'TR-19' }, task],
    changes: 'erasures in writing',
  };

  test('an erasure is told by its task, which was not sent; a change is told by machine', () => {
    expect(compareTrial(evidence).faults).toEqual([]);
    const sent = {
      ...evidence,
      deliveries: [...evidence.deliveries.slice(0, 2), { ...task, departures: 1 }],
    };
    expect(compareTrial(sent).faults.join()).toContain('and was sent');
    const update = { ...task, action: 'update', reason: 'manual_update_required', reference: 'TR-02' };
    expect(
      compareTrial({ ...evidence, deliveries: [...evidence.deliveries, update] }).faults.join(),
    ).toContain('update is failed (manual_update_required)');
  });
});

describe('where a CRM does not take somebody', () => {
  const away: TrialEvidence = {
    ...sound,
    deliveries: [
      {
        ...{ ...delivery, state: 'failed', reason: 'invalid:REQUIRED', departures: 0 },
        ...{ outcomes: [], recipientReference: '' },
      },
    ],
    records: [known],
    turnsAway: () => 'invalid',
  };

  test('support is told why, and nothing of them is there', () => {
    expect(compareTrial(away).faults).toEqual([]);
  });

  test.each<[string, Partial<TrialEvidence>]>([
    ['create is delivered (accepted), and the CRM does not take it (invalid)', { deliveries: [delivery] }],
    ['and the CRM does not take it (refused)', { turnsAway: () => 'refused' }],
    ['is not taken, and the CRM has 1', { records: [known, record] }],
    ['was never planned', { deliveries: [] }],
  ])('and it says when %s', (words, change) => {
    expect(compareTrial({ ...away, ...change }).faults.join('\n')).toContain(words);
  });
});
