// Comparing two versions: only what changes, by target, whatever kind of change it is.
import { diffMappings, type MappingDiff } from '../../../src/mapping/tools/diff.ts';
import { compiled, lead, webhook, at, optIn } from '../support.ts';

const base =
  '- {to: nom, from: identity.lastName}\n- {to: tel, from: identity.mobile, as: {phone: national}}';
const leads = [
  lead(),
  lead({ reference: 'DM-2', identity: { lastName: 'Noël' }, channel: 'callback' }),
  lead({ reference: 'DM-3', consents: [] }),
];
const diff = (before: string, after: string): MappingDiff =>
  diffMappings(compiled(before), compiled(after), leads, 'create', at);
const targets = (found: MappingDiff): unknown =>
  Object.fromEntries(
    found.targets.map(({ target, changes }) => [
      target,
      changes.map(({ reference, before, after }) => [reference, before, after]),
    ]),
  );

test('the same file differs in nothing', () => {
  expect(diff(webhook(base), webhook(base))).toEqual({
    ...{
      leads: 3,
      differing: 0,
      targets: [],
      outcomes: [],
      routing: [],
      layout: [],
      optIn: [],
      settings: [],
      answers: { removed: [], added: [], moved: false },
      accepts: { removed: [], added: [], moved: false },
      consent: { removed: [], added: [], moved: false },
    },
  });
});

test('a value written differently, added, removed: by target, with the lead', () => {
  const after = '- {to: nom, from: identity.lastName, as: upper}\n- {to: canal, from: channel}';
  const found = diff(webhook(base), webhook(after));
  expect(targets(found)).toEqual({
    nom: [
      ['DM-1', 'Durand', 'DURAND'],
      ['DM-2', 'Noël', 'NOËL'],
    ],
    tel: [['DM-1', '0639980001', undefined]],
    canal: [
      ['DM-1', undefined, 'web_form'],
      ['DM-2', undefined, 'callback'],
    ],
  });
  expect(found.differing).toBe(2);
});

test('a value that only changes its type is a change', () => {
  const found = diff(
    webhook('- {to: budget, from: project.budgetMax, as: integer}'),
    webhook('- {to: budget, from: project.budgetMax, as: [integer, text]}'),
  );
  expect(targets(found)).toEqual({
    budget: [
      ['DM-1', 285001, '285001'],
      ['DM-2', 285001, '285001'],
    ],
  });
});

test.each([
  ['identity.lastName', false],
  ['project.budgetMax', false],
  ['channel', true],
  ['project.housingType', true],
  ['id', true],
])('%s: its values say nothing of a person: %s', (from, impersonal) => {
  const found = diff(webhook(base), webhook(`${base}\n- {to: x, from: ${from}}`));
  expect(found.targets.find((target) => target.target === 'x')?.impersonal).toBe(impersonal);
});

test("a template with one word of a person is a person's", () => {
  const found = diff(
    webhook(base),
    webhook(`${base}\n- {to: x, template: '{{channel}} {{identity.lastName}}'}`),
  );
  expect(found.targets[0]).toMatchObject({ target: 'x', impersonal: false });
});

test('leads that leave on one side only are told with the reason, not field by field', () => {
  const found = diff(webhook(base), webhook(`${base}\n- {to: mail, from: identity.email, required: true}`));
  expect(found.outcomes).toEqual([
    { before: 'written', after: 'invalid: mail REQUIRED', references: ['DM-1', 'DM-2'] },
  ]);
  expect(found.targets).toEqual([]);
});

test('leads that only one of the two takes', () => {
  const found = diff(webhook(base), webhook(base, 'accepts: {channel: [callback]}'));
  expect(found.routing).toEqual([
    { before: 'taken', after: 'not taken (accepts.channel)', references: ['DM-1', 'DM-3'] },
  ]);
});

test('the opt-in: the truth table and what leads get', () => {
  const found = diff(webhook(base), webhook(base, '', optIn.replace('granted: O', 'granted: OUI')));
  expect(found.optIn).toEqual([{ name: 'OPTIN (marketing by email) granted', before: 'O', after: 'OUI' }]);
  expect(targets(found)).toEqual({
    OPTIN: [
      ['DM-1', 'O', 'OUI'],
      ['DM-2', 'O', 'OUI'],
    ],
  });
  expect(found.targets[0]?.impersonal).toBe(true);
});

test('the same values in another order are other bytes', () => {
  const found = diff(webhook(base), webhook(base.split('\n').toReversed().join('\n')));
  expect([found.targets, found.layout, found.differing]).toEqual([[], ['DM-1'], 1]);
});

test('settings: address, retries, names of secrets', () => {
  const after = webhook(base, 'retry: [5s, 30s]').replace('api}', 'api/v2, auth: {bearer: secret:TOKEN}}');
  expect(
    diff(webhook(base), after).settings.map(({ name, before, after: then }) => [name, before, then]),
  ).toEqual([
    ['create.url', '"https://crm.demo.example/api"', '"https://crm.demo.example/api/v2"'],
    ['retry', expect.any(String), '5s, 30s'],
    ['create.auth.bearer', '(absent)', '"secret:TOKEN"'],
  ]);
});

test('what an answer means, which leads are taken, proofs of the opt-in and every delay, in words', () => {
  const file = (rules: string, more: string, proof = ''): string =>
    webhook(base, more)
      .replace(/^response: .*$/m, `response: [${rules}]`)
      .replace('consent:\n', `consent:\n${proof}`);
  const accepted = '{accepted: {status: 2xx, json: {success: true}}, reference: $.id}';
  const closed = '{refused: {status: [409, 410]}, reason: closed}';
  const found = diff(
    file(`${accepted}, ${closed}`, 'promise: 15m'),
    file(
      `{accepted: {status: 2xx, json: {success: "true"}}, reference: $.id}, ${closed}`,
      'promise: 2h\naccepts: {programme: [DM-*, DN-*]}',
      '  - {to: LE, channel: email, proof: date}\n',
    ),
  );
  expect(found.answers).toEqual({
    removed: ['status 2xx and json success true: accepted; reference $.id'],
    added: ['status 2xx and json success "true": accepted; reference $.id'],
    moved: false,
  });
  expect(found.accepts.added).toEqual(['programme: DM-* or DN-*']);
  expect(found.consent).toEqual({
    removed: [],
    added: ['to: LE, channel: email, proof: date'],
    moved: false,
  });
  expect(found.settings).toEqual([{ name: 'promise', before: '15m', after: '2h' }]);
  const swapped = diff(file(`${accepted}, ${closed}`, ''), file(`${closed}, ${accepted}`, ''));
  expect(swapped.answers).toEqual({ removed: [], added: [], moved: true });
});
