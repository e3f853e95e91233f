// The go-live list (C49 to C52): what is there, what is missing, where mappings and agreement differ.
import type { Both } from '../../connectors/contract.ts';
import type { ClientFacts } from '../../src/domain/destination.ts';
import {
  goLiveFindings,
  isLive,
  itemMissingFor,
  reasonsAgainstPublishing,
  type MappingOptIn,
} from '../../src/domain/go-live.ts';

const today = '2026-11-28';
const evidence = { evidence: 'annex 2', date: '2026-09-01' };
const values = { granted: 'OUI', refused: 'NON', not_asked: 'NON', withdrawn: 'NON' };
const facts: ClientFacts = {
  ...{ id: 'demo', name: 'Demo', legalEntity: 'DEMO SAS', hosts: [], mailboxes: [], folders: [] },
  categories: ['identity'],
  contacts: { rights: 'dpo@demo.example' },
  goLive: {
    greeting: evidence,
    callerNumber: { ...evidence, number: '+33199001000' },
    optIn: evidence,
    rightsProcedure: evidence,
  },
  optIn: [{ field: 'OPTIN', purpose: 'marketing', channel: 'email', values }],
};
const mapping: MappingOptIn = {
  destinationId: 'demo-crm',
  written: [{ field: 'OPTIN', purpose: 'marketing', channel: 'email', values }],
};
const english = (problems: readonly Both[]): readonly string[] => problems.map(([, en]) => en);
const problemsOf = (over: Partial<ClientFacts>, mappings = [mapping]): readonly string[] =>
  goLiveFindings({ ...facts, ...over }, mappings, today).flatMap(({ item, state, problems }) =>
    state === 'there' ? [] : [`${item} ${state}: ${english(problems).join('; ')}`],
  );

test('a client with evidence, date and an opt-in as agreed is live', () => {
  expect(problemsOf({})).toEqual([]);
  expect(isLive(goLiveFindings(facts, [mapping], today))).toBe(true);
});

test.each([
  ['greeting', { ...facts.goLive, greeting: undefined }, 'greeting missing: client.yaml gives no evidence'],
  [
    'date to come',
    { ...facts.goLive, greeting: { ...evidence, date: '2026-11-29' } },
    'greeting missing: goLive.greeting is dated 2026-11-29',
  ],
  [
    'empty evidence',
    { ...facts.goLive, optIn: { ...evidence, evidence: ' ' } },
    'optIn missing: goLive.optIn.evidence is empty',
  ],
  [
    'no number',
    { ...facts.goLive, callerNumber: evidence },
    'callerNumber missing: goLive.callerNumber does not say the number',
  ],
])('what is missing is said: %s', (_, goLive, said) => {
  expect(problemsOf({ goLive })).toEqual([expect.stringContaining(said)]);
});

test('what is missing is said in French too, by the same keys and values', () => {
  const french = (over: Partial<ClientFacts>, mappings = [mapping]): readonly string[] =>
    goLiveFindings({ ...facts, ...over }, mappings, today).flatMap(({ problems }) =>
      problems.map(([fr]) => fr),
    );
  expect(french({ goLive: { ...facts.goLive, greeting: undefined }, contacts: {} })).toEqual([
    'client.yaml ne donne aucune preuve sous goLive.greeting',
    'contacts.rights ne nomme aucune adresse e-mail',
  ]);
  const [line] = mapping.written;
  const written = line === undefined ? [] : [{ ...line, values: { ...values, withdrawn: 'RETRAIT' } }];
  expect(french({}, [{ ...mapping, written }])).toEqual([
    'demo-crm : OPTIN (marketing par email) vaut RETRAIT pour withdrawn ; convenu : NON',
  ]);
});

test('what is dated today is there', () => {
  expect(problemsOf({ goLive: { ...facts.goLive, greeting: { ...evidence, date: today } } })).toEqual([]);
});

test('C52: a designated contact that is no mailbox is none', () => {
  expect(problemsOf({ contacts: {} })).toEqual(['rightsProcedure missing: contacts.rights names no mailbox']);
  expect(problemsOf({ contacts: { rights: 'M. Exemple' } })).toHaveLength(1);
});

describe('C51: the agreed opt-in beside what mappings write', () => {
  const other = (over: object): readonly MappingOptIn[] => [
    { ...mapping, written: mapping.written.map((line) => ({ ...line, ...over })) },
  ];
  test('nothing agreed is nothing to compare with', () => {
    expect(problemsOf({ optIn: [] })).toEqual([expect.stringContaining('optIn missing')]);
  });
  test('another value for one answer', () => {
    expect(problemsOf({}, [...other({ values: { ...values, withdrawn: 'RETRAIT' } })])).toEqual([
      'optIn differs: demo-crm: OPTIN (marketing by email) is RETRAIT when withdrawn; agreed: NON',
    ]);
  });
  test('a value that is not agreed', () => {
    const { withdrawn: _, ...three } = values;
    expect(problemsOf({ optIn: [{ field: 'OPTIN', purpose: 'marketing', values: three }] })).toEqual([
      expect.stringContaining('no value is agreed for withdrawn'),
    ]);
  });
  test('another field name', () => {
    expect(problemsOf({}, [...other({ field: 'RGPD' })])).toEqual([
      expect.stringMatching(/demo-crm: writes RGPD .* no published mapping writes it/),
    ]);
  });
  test('an answer for another purpose, of which nothing is agreed', () => {
    const two = [
      { ...mapping, written: [...mapping.written, { ...mapping.written[0], purpose: 'partners' }] },
    ];
    expect(problemsOf({}, two as MappingOptIn[])).toEqual([
      expect.stringContaining('writes OPTIN (partners by email), for which no field'),
    ]);
  });
  test('a further field for the same answer is the mapping’s own', () => {
    const two = [
      { ...mapping, written: [...mapping.written, { ...mapping.written[0], field: 'note (E-mail)' }] },
    ];
    expect(problemsOf({}, two as MappingOptIn[])).toEqual([]);
  });
  test('lines of one text are agreed line by line', () => {
    const line = {
      field: 'comment (E-mail)',
      purpose: 'marketing' as const,
      channel: 'email' as const,
      values,
    };
    const phone = { ...line, field: 'comment (Téléphone)', channel: 'phone' as const };
    const optIn = (['email', 'phone'] as const).map((channel) => ({
      ...{ field: 'comment', purpose: 'marketing' as const, channel, values },
    }));
    expect(problemsOf({ optIn }, [{ ...mapping, written: [line, phone] }])).toEqual([]);
    expect(problemsOf({ optIn }, [{ ...mapping, written: [line] }])).toEqual([
      'optIn differs: comment (marketing by phone) is agreed, and no published mapping writes it',
    ]);
  });
  test('what is agreed for one destination says nothing of another', () => {
    const csv: MappingOptIn = {
      destinationId: 'demo-csv',
      written: [
        { field: 'ACCORD', purpose: 'marketing', channel: 'email', values: { ...values, granted: 'O' } },
      ],
    };
    const own = { purpose: 'marketing' as const, values };
    const optIn = [
      { ...own, field: 'OPTIN', destination: 'demo-crm' },
      { ...own, field: 'ACCORD', destination: 'demo-csv', values: { ...values, granted: 'O' } },
    ];
    expect(problemsOf({ optIn }, [mapping, csv])).toEqual([]);
    expect(problemsOf({ optIn: [optIn[0] as never] }, [mapping, csv])).toEqual([
      expect.stringContaining('demo-csv: writes ACCORD'),
    ]);
  });
});

test('C51, C52: what stands against publishing is theirs alone; what another destination may write is not asked of this one', () => {
  expect(english(reasonsAgainstPublishing({ ...facts, goLive: {} }, mapping, today))).toEqual([
    'client.yaml gives no evidence under goLive.optIn',
    'client.yaml gives no evidence under goLive.rightsProcedure',
  ]);
  const later = { field: 'ACCORD', purpose: 'partners' as const, values };
  const optIn = [...(facts.optIn ?? []), later];
  expect(reasonsAgainstPublishing({ ...facts, optIn }, mapping, today)).toEqual([]);
  expect(
    english(
      reasonsAgainstPublishing(
        { ...facts, optIn: [...(facts.optIn ?? []), { ...later, destination: 'demo-crm' }] },
        mapping,
        today,
      ),
    ),
  ).toEqual(['ACCORD (partners) is agreed for demo-crm, which does not write it']);
});

test('C49, C50: calls in wait for the greeting, calls out for the number, a form for neither', () => {
  const bare = { ...facts, goLive: {} };
  const of = (contract: ClientFacts) =>
    (['inbound_call', 'callback', 'requalification', 'web_form'] as const).map((channel) =>
      itemMissingFor(contract, channel, today),
    );
  expect(of(bare)).toEqual(['greeting', 'callerNumber', 'callerNumber', undefined]);
  expect(of(facts)).toEqual([undefined, undefined, undefined, undefined]);
});
