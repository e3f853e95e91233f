// The read-back of a mapping: what is asked, what is compared, and what the check tells.
import type { Answer } from '../../../connectors/contract.ts';
import type { ConsentSent } from '../../../src/mapping/contract.ts';
import { severalCalls } from './calls-support.ts';
import { compiled, mail, problemsOf, webhook } from '../support.ts';

const name = '- {to: nom, from: identity.lastName}';
const block = (over: { readonly url?: string; readonly optIn?: string } = {}): string => `readBack:
  url: ${over.url ?? "'https://crm.demo.example/api/{reference}'"}
  optIn: [${over.optIn ?? '{field: OPTIN, at: $.record.optIn}'}]
`;
const answer = (body: unknown): Answer => ({
  ...{ status: 200, headers: {}, mediaType: 'application/json', truncated: false },
  ...{ text: JSON.stringify(body), bytes: 10 },
});
const sent = (value: string, state: ConsentSent['state'] = 'granted', field = 'OPTIN'): ConsentSent => ({
  ...{ purpose: 'marketing', channel: 'email' },
  ...{ state, field, value },
});

test('the answer holds what was written, whatever type the recipient keeps it in', async () => {
  const plan = compiled(webhook(name, block())).readBack;
  const lost = (optIn: unknown, value = 'O'): Promise<readonly string[]> =>
    plan?.lost(answer({ record: { optIn } }), [sent(value)]) ?? Promise.resolve(['no plan']);
  expect([plan?.fields, plan?.afterMs, plan?.needsReference]).toEqual([['OPTIN'], 10_000, true]);
  for (const [found, wanted] of [
    ['O', 'O'],
    [' o ', 'O'],
    [true, 'true'],
    [1, '1'],
  ] as const)
    expect(await lost(found, wanted)).toEqual([]);
  for (const found of ['N', '', null, undefined, false, { a: 1 }])
    expect(await lost(found)).toEqual(['OPTIN']);
});

test('what was left out or omitted is not compared; values say what stands there instead', async () => {
  const plan = compiled(
    webhook(name, block({ optIn: '{field: OPTIN, at: $.out, values: {granted: 0, withdrawn: 1}}' })),
  ).readBack;
  expect(await plan?.lost(answer({ out: 0 }), [sent('O')])).toEqual([]);
  expect(await plan?.lost(answer({ out: 0 }), [sent('R', 'withdrawn')])).toEqual(['OPTIN']);
  expect(await plan?.lost(answer({ out: 7 }), [sent('N', 'refused')])).toEqual([]);
  expect(await plan?.lost(answer({ out: 7 }), [sent('(unchanged)')])).toEqual([]);
  expect(await plan?.lost(answer({ out: 7 }), [])).toEqual([]);
});

test.each([
  [block({ optIn: '{field: OPTINN, at: $.x}' }), 'MAP-671', 'Did you mean "OPTIN"?'],
  [block({ optIn: '{field: OPTIN, at: x}' }), 'MAP-671', 'place of the opt-in'],
  [block({ url: "'https://crm.demo.example/api'" }), 'MAP-406', 'must name the lead'],
  [block({ url: "'https://other.example/api/{reference}'" }), 'MAP-401', 'contract'],
  [block({ url: "'https://crm.demo.example/api/{person.id}'" }), 'MAP-652', 'person.id'],
  [`${block()}  after: soon\n`, 'MAP-601', 'duration'],
])('the check tells it (%#)', (more, code, words) => {
  const told = problemsOf(webhook(name, more)).join('\n');
  expect(told).toContain(code);
  expect(told).toContain(words);
});

test('a mail cannot be asked', () =>
  expect(problemsOf(mail('', name, undefined, block())).join()).toContain('MAP-670'));

test('with several calls its address names the ids they give', () => {
  const text = severalCalls(`consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: N, withdrawn: N } }
calls:
  - { name: person, send: { url: 'https://crm.demo.example/persons' }, fields: [{ to: name, from: identity.lastName }], capture: { id: $.id } }
readBack: { url: 'https://crm.demo.example/persons/{person.id}', optIn: [{ field: OPTIN, at: $.OPTIN }] }
`);
  expect(compiled(text).readBack?.needs).toEqual(['person.id']);
});
