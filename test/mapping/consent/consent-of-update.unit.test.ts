// An update may tell the opt-in in another place, or by other calls, than the create; it always tells it (C20).
import { bodiesOf, severalCalls } from '../calls/calls-support.ts';
import type { ConsentState, Lead } from '../../../src/domain/lead.ts';
import { previewMapping } from '../../../src/mapping/tools/preview.ts';
import { besidesContent } from '../../../src/mapping/tools/diff.ts';
import { compiled, lead, problemsOf, situation, webhook, written } from '../support.ts';

const answered = (state: ConsentState): Lead =>
  lead({
    consents: [
      { ...lead().consents[0], purpose: 'marketing', channel: 'email', state } as Lead['consents'][number],
    ],
  });

const own = 'values: {granted: in, refused: out, not_asked: unknown, withdrawn: out}';
const file = (update: string, fields = '- {to: nom, from: identity.lastName}'): string =>
  webhook(fields, `update: ${update}`);
const told = (update: string): string => problemsOf(file(update)).join('\n');

test('each action writes its own lines; the fields may be those of the create', () => {
  const mapping = compiled(file(`{consent: [{to: prefs.email, channel: email, ${own}}]}`));
  const asUpdate = situation({ action: 'update' });
  expect(JSON.parse(written(mapping, answered('granted')))).toEqual({ nom: 'Durand', OPTIN: 'O' });
  expect(JSON.parse(written(mapping, answered('withdrawn'), asUpdate))).toEqual({
    nom: 'Durand',
    prefs: { email: 'out' },
  });
  const result = mapping.apply(answered('withdrawn'), asUpdate);
  expect(result.ok && result.record.consents).toEqual([
    { purpose: 'marketing', channel: 'email', state: 'withdrawn', field: 'prefs.email', value: 'out' },
  ]);
});

test('a line that the create places among its fields is no line of the update', () => {
  const mapping = compiled(
    file(
      `{consent: [{to: prefs.email, channel: email, ${own}}]}`,
      '- {consent: OPTIN}\n- {to: nom, from: identity.lastName}',
    ),
  );
  expect(written(mapping, answered('granted'), situation({ action: 'update' }))).toBe(
    '{"nom":"Durand","prefs":{"email":"in"}}',
  );
});

test('its own fields place its own lines', () => {
  const mapping = compiled(
    file(`{fields: [{consent: prefs}, {to: ref, from: id}], consent: [{to: prefs, channel: email, ${own}}]}`),
  );
  expect(written(mapping, answered('refused'), situation({ action: 'update' }))).toBe(
    '{"prefs":"out","ref":"DM-1"}',
  );
  expect(
    problemsOf(file(`{fields: [{consent: prefz}], consent: [{to: prefs, channel: email, ${own}}]}`)).join(),
  ).toContain('has no line "prefz" left to place');
});

test('an update is kept back where its line says hold, and where no answer is recorded', () => {
  const mapping = compiled(
    file(
      '{consent: [{to: p, channel: email, values: {granted: in, refused: out, not_asked: hold, withdrawn: out}}]}',
    ),
  );
  expect(mapping.apply(answered('not_asked'), situation({ action: 'update' }))).toMatchObject({
    why: 'opt_in_held',
    field: 'p',
  });
  expect(mapping.apply(answered('not_asked'), situation()).ok).toBe(true);
  expect(mapping.apply(lead({ consents: [] }), situation({ action: 'update' }))).toMatchObject({
    why: 'opt_in_missing',
  });
});

test('the calls of an update are sent by its own opt-in: a refusal is listed, a grant is taken off the list', () => {
  const mapping = compiled(
    severalCalls(`consent:
  - { to: 'call:blacklist', channel: email, inverted: confirmed, values: { granted: omit, refused: send, not_asked: send, withdrawn: send } }
calls:
  - { name: blacklist, send: { url: 'https://crm.demo.example/add' }, fields: [{ to: email, from: identity.email }] }
  - { name: person, send: { url: 'https://crm.demo.example/persons' }, fields: [{ to: name, from: identity.lastName }] }
update:
  consent:
    - { to: 'call:add', channel: email, inverted: confirmed, values: { granted: omit, refused: send, not_asked: send, withdrawn: send } }
    - { to: 'call:remove', channel: email, values: { granted: send, refused: omit, not_asked: omit, withdrawn: omit } }
  calls:
    - { name: add, send: { url: 'https://crm.demo.example/add' }, fields: [{ to: email, from: identity.email }] }
    - { name: remove, send: { url: 'https://crm.demo.example/remove' }, fields: [{ to: email, from: identity.email }] }
    - { name: person, send: { method: PUT, url: 'https://crm.demo.example/persons/{leadReference}' }, fields: [{ to: name, from: identity.lastName }] }
`),
  );
  const made = (state: ConsentState): readonly string[] =>
    Object.entries(bodiesOf(mapping, { ...answered(state) }, { action: 'update' })).flatMap(([name, body]) =>
      body === '(not made)' ? [] : [name],
    );
  expect(made('withdrawn')).toEqual(['add', 'person']);
  expect(made('granted')).toEqual(['remove', 'person']);
});

describe('what the check keeps', () => {
  test.each([
    [`{consent: [{to: p, channel: phone, ${own}}]}`, 'MAP-309', 'marketing by email'],
    [
      `{consent: [{to: p, channel: email, ${own}}, {to: q, channel: phone, ${own}}]}`,
      'MAP-309',
      'marketing by phone',
    ],
    [`{consent: [{to: p, purpose: partners, channel: email, ${own}}]}`, 'MAP-309', 'marketing by email'],
    ['{consent: []}', 'MAP-301', 'missing'],
    ['{consent: [{to: p, channel: email, proof: date}]}', 'MAP-306', 'values'],
    [
      '{consent: [{to: p, channel: email, values: {granted: in, refused: out, not_asked: out}}]}',
      'MAP-302',
      'withdrawn',
    ],
    [
      '{consent: [{to: p, channel: email, values: {granted: in, refused: in, not_asked: out, withdrawn: out}}]}',
      'MAP-303',
      'refused',
    ],
    [
      '{consent: [{to: optOut, channel: email, values: {granted: false, refused: true, not_asked: true, withdrawn: true}}]}',
      'MAP-304',
      'opt-out',
    ],
    [
      '{consent: [{to: "call:x", channel: email, values: {granted: send, refused: omit, not_asked: omit, withdrawn: omit}}]}',
      'MAP-656',
      'no calls',
    ],
  ])('%s', (update, code, words) => {
    const problems = told(update);
    expect(problems).toContain(code);
    expect(problems).toContain(words);
  });

  test.each(['granted', 'refused', 'withdrawn'])(
    'an update that leaves the field out when %s would change nothing there',
    (state) => {
      const values = { granted: 'in', refused: 'out', not_asked: 'none', withdrawn: 'out', [state]: 'omit' };
      const text = `{consent: [{to: p, channel: email, values: {${Object.entries(values)
        .map(([k, v]) => `${k}: ${v}`)
        .join(', ')}}}]}`;
      expect(told(text)).toMatch(new RegExp(`MAP-310.*${state}`));
      // Another line of the same consent may tell it.
      expect(told(text.replace('}]}', `}, {to: q, channel: email, ${own}}]}`))).not.toContain('MAP-310');
    },
  );

  test('a list is written even where nobody joins it: leaving is told', () => {
    expect(
      told(
        "{consent: [{to: 'list[]', channel: email, values: {granted: email, refused: omit, not_asked: omit, withdrawn: omit}}]}",
      ),
    ).toBe('');
  });
});

describe('a block that create and update share', () => {
  const shared = (
    values: string,
    update = 'update: {fields: [{to: nom, from: identity.lastName}]}',
  ): string =>
    problemsOf(
      webhook('- {to: nom, from: identity.lastName}', update).replace(
        /^consent:\n.*\n/m,
        `consent:\n  - {to: OPTIN, channel: email, values: {${values}}}\n`,
      ),
    ).join('\n');

  test.each(['refused', 'withdrawn'])('says so when %s: what is left out would stay a yes there', (state) => {
    const values = { granted: 'O', refused: 'N', not_asked: 'omit', withdrawn: 'N', [state]: 'omit' };
    const text = Object.entries(values)
      .map(([k, v]) => `${k}: ${v}`)
      .join(', ');
    expect(shared(text)).toMatch(new RegExp(`MAP-310.*${state}`));
    // Where no update travels, the withdrawal becomes a task of support.
    expect(shared(text, '')).not.toContain('MAP-310');
  });

  test('may leave a yes unsaid', () => {
    expect(shared('granted: omit, refused: N, not_asked: N, withdrawn: N')).not.toContain('MAP-310');
  });
});

test('the preview and the truth table are those of the action', () => {
  const mapping = compiled(file(`{consent: [{to: prefs.email, channel: email, ${own}}]}`));
  const rows = (action: 'create' | 'update') =>
    previewMapping(mapping, answered('refused'), situation({ action })).consentTable.map(({ field, now }) => [
      field,
      now,
    ]);
  expect(rows('create')).toEqual([['OPTIN', 'refused']]);
  expect(rows('update')).toEqual([['prefs.email', 'refused']]);
  expect(mapping.inWords.consent).toEqual([
    expect.stringMatching(/^to: OPTIN/),
    expect.stringMatching(/^update: to: prefs.email/),
  ]);
  const other = compiled(
    file(`{consent: [{to: prefs.email, channel: email, ${own.replace('granted: in', 'granted: yes_')}}]}`),
  );
  expect(besidesContent(mapping, other).optIn).toEqual([
    { name: 'update: prefs.email (marketing by email) granted', before: 'in', after: 'yes_' },
  ]);
});

test('a preset’s lines are taken into it with {preset: rest}', () => {
  const preset = `update: {consent: [{to: a, channel: email, ${own}}, {to: b, channel: email, ${own}}]}`;
  const text = `extends: presets/own\n${file(`{consent: [{to: a, channel: email, values: {granted: 1, refused: 0, not_asked: 2, withdrawn: 0}}, {preset: rest}]}`)}`;
  const mapping = compiled(text, { 'presets/own.yaml': preset });
  expect(JSON.parse(written(mapping, answered('granted'), situation({ action: 'update' })))).toEqual({
    nom: 'Durand',
    a: 1,
    b: 'in',
  });
});
