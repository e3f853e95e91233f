// Fields: what is read, how it is written, and what never happens to a person's data (C13).
import fc from 'fast-check';
import type { Lead } from '../../src/domain/lead.ts';
import { channels, sourceModel } from '../../src/domain/lead.ts';
import { frenchLabel } from '../../src/mapping/french.ts';
import { compiled, flow, lead, mail, problemsOf, situation, webhook, written } from './support.ts';

/** The JSON a list of fields gives, without the opt-in. */
function json(fields: string, one: Lead = lead(), more = ''): Record<string, unknown> {
  const { OPTIN: _optIn, ...rest } = JSON.parse(written(compiled(webhook(fields, more)), one)) as Record<
    string,
    unknown
  >;
  return rest;
}

const problems = (fields: string, one: Lead = lead(), more = ''): unknown => {
  const result = compiled(webhook(fields, more)).apply(one, situation());
  return result.ok ? [] : 'problems' in result ? result.problems : result.why;
};

const mobile = (number: string): Lead => lead({ identity: { mobile: number } });

describe('phones', () => {
  test.each([
    ['e164', '+33639980001'],
    ['national', '0639980001'],
    ['spaced', '06 39 98 00 01'],
    ['dotted', '06.39.98.00.01'],
    ['"0033"', '0033639980001'],
    ['"33"', '33639980001'],
  ])('%s', (style, expected) => {
    expect(json(`- {to: t, from: identity.mobile, as: {phone: ${style}}}`)).toEqual({ t: expected });
  });

  test('an overseas number has the national form, a foreign one 00 and its country', () => {
    const line = '- {to: t, from: identity.mobile, as: {phone: national}}';
    expect(json(line, mobile('+262692123456'))).toEqual({ t: '0692123456' });
    expect(json(line, mobile('+32470123456'))).toEqual({ t: '0032470123456' });
    expect(json('- {to: t, from: identity.mobile, as: {phone: spaced}}', mobile('+32470123456'))).toEqual({
      t: '0032 470 12 34 56',
    });
  });

  test('identity.phone is the mobile, else the landline; identity.phones are all of them', () => {
    const both = lead({ identity: { mobile: '+33639980001', landline: '+33199000001' } });
    const lines =
      '- {to: a, from: identity.phone}\n- {to: b, from: identity.phones.number, as: [{phone: national}, {join: " / "}]}\n- {to: c, from: identity.phones.number}';
    expect(json(lines, both)).toEqual({
      a: '+33639980001',
      b: '0639980001 / 0199000001',
      c: ['+33639980001', '+33199000001'],
    });
    expect(json(lines, lead({ identity: { landline: '+33199000001' } }))).toMatchObject({
      a: '+33199000001',
    });
  });
});

describe('dates', () => {
  test('are written in Paris, summer and winter, unless another zone is named', () => {
    const summer = lead({ collectedAt: new Date('2026-07-01T22:30:05Z') });
    const lines = [
      '- {to: a, from: collectedAt}',
      '- {to: b, from: collectedAt, as: iso}',
      '- {to: c, from: collectedAt, as: {iso: UTC}}',
      '- {to: d, from: collectedAt, as: {date: dd/MM/yyyy HH:mm}}',
      '- {to: e, from: collectedAt, as: {date: {pattern: "yyMMdd\'T\'HHmmss", zone: America/New_York}}}',
    ].join('\n');
    expect(json(lines, summer)).toEqual({
      a: '2026-07-02T00:30:05+02:00',
      b: '2026-07-02T00:30:05+02:00',
      c: '2026-07-01T22:30:05Z',
      d: '02/07/2026 00:30',
      e: '260701T183005',
    });
    expect(json('- {to: a, from: collectedAt}')).toEqual({ a: '2026-11-20T10:15:00+01:00' });
  });

  test('the hour that comes twice in October keeps its offset', () => {
    const first = lead({ collectedAt: new Date('2026-10-25T00:30:00Z') });
    const second = lead({ collectedAt: new Date('2026-10-25T01:30:00Z') });
    expect(json('- {to: a, from: collectedAt}', first)).toEqual({ a: '2026-10-25T02:30:00+02:00' });
    expect(json('- {to: a, from: collectedAt}', second)).toEqual({ a: '2026-10-25T02:30:00+01:00' });
  });
});

test('numbers keep their type without a formatter and take the separators asked for', () => {
  const lines = [
    '- {to: a, from: project.budgetMax}',
    '- {to: b, from: project.budgetMax, as: {number: {decimal: ",", group: " ", decimals: 2}}}',
    '- {to: c, from: project.budgetMax, as: integer}',
    '- {to: d, from: project.budgetMax, as: text}',
    '- {to: e, value: "0"}',
    '- {to: f, value: 0}',
  ].join('\n');
  expect(json(lines)).toEqual({ a: 285000.5, b: '285 000,50', c: 285001, d: '285000.5', e: '0', f: 0 });
});

test('texts: upper, lower, title, ascii, trim, split', () => {
  const one = lead({ identity: { firstName: '  jean-éloi   D’ŒUVRE ' } });
  const lines = ['upper', 'lower', 'title', 'ascii', 'trim', '[trim, title, ascii]', '[trim, {split: "-"}]']
    .map((as, index) => `- {to: a${index}, from: identity.firstName, as: ${as}}`)
    .join('\n');
  expect(json(lines, one)).toEqual({
    a0: '  JEAN-ÉLOI   D’ŒUVRE ',
    a1: '  jean-éloi   d’œuvre ',
    a2: '  Jean-Éloi   D’Œuvre ',
    a3: "  jean-eloi   D'OEUVRE ",
    a4: 'jean-éloi D’ŒUVRE',
    a5: "Jean-Eloi D'Oeuvre",
    a6: ['jean', 'éloi D’ŒUVRE'],
  });
});

test('booleans are written as the pair asked for', () => {
  const interactions = [{ kind: 'web_form' as const, at: new Date('2026-11-20T09:15:00Z'), voluntary: true }];
  const line =
    '- {to: e, each: interactions, fields: [{to: v, from: voluntary, as: {boolean: ["OUI", "NON"]}}, {to: w, from: voluntary}]}';
  expect(json(line, lead({ interactions }))).toEqual({ e: [{ v: 'OUI', w: true }] });
});

describe('maps', () => {
  const line = (other: string): string =>
    `- {to: o, from: origin.media, map: {leboncoin: LBC, else: ${other}}}`;
  test('else: omit, pass, a value, error', () => {
    expect(json(line('omit'))).toEqual({});
    expect(json(line('pass'))).toEqual({ o: 'seloger' });
    expect(json(line('AUTRE'))).toEqual({ o: 'AUTRE' });
    expect(json(line('{value: omit}'))).toEqual({ o: 'omit' });
    expect(problems(line('error'))).toEqual([{ field: 'o', code: 'NOT_IN_MAP' }]);
  });
  test('a value keeps the type it has in the map', () => {
    expect(json('- {to: o, from: origin.media, map: {seloger: 7, else: omit}}')).toEqual({ o: 7 });
  });
  test('C13: an absent value has no entry, so nothing is written', () => {
    expect(json(line('AUTRE'), lead({ origin: {} }))).toEqual({});
  });
});

test('required, max and their codes: never the value', () => {
  expect(problems('- {to: v, from: identity.address.city, required: true}')).toEqual([
    { field: 'v', code: 'REQUIRED' },
  ]);
  expect(problems('- {to: n, from: identity.lastName, max: 3}')).toEqual([{ field: 'n', code: 'TOO_LONG' }]);
  expect(json('- {to: n, from: identity.lastName, max: {length: 3, on: truncate}}')).toEqual({ n: 'Dur' });
  expect(json('- {to: n, from: identity.lastName, max: {length: 3, on: omit}}')).toEqual({});
  expect(
    json('- {to: n, from: comment, max: {length: 2, on: truncate}}', lead({ project: { comment: '👩a😀' } })),
  ).toEqual({ n: '👩a' });
});

test('an absent value is omitted, null, "" or kept, as the field or else the file says', () => {
  const lines = ['', ', empty: null', ', empty: ""', ', empty: omit', ', empty: keep']
    .map((policy, index) => `- {to: a${index}, from: identity.email${policy}}`)
    .join('\n');
  expect(json(lines)).toEqual({ a1: null, a2: '' });
  expect(json(lines, lead(), 'empty: null')).toEqual({ a0: null, a1: null, a2: '' });
});

test("a default fills what is no person's", () => {
  expect(json('- {to: m, from: origin.media, default: inconnu}', lead({ origin: {} }))).toEqual({
    m: 'inconnu',
  });
});

test('conditions decide whether a field is written', () => {
  const yes = [
    '{present: identity.mobile}',
    '{blank: identity.email}',
    '{equals: {channel: web_form}}',
    '{in: {channel: [callback, web_form]}}',
    '{greater: {project.budgetMax: 285000}}',
    '{less: {project.budgetMax: 300000}}',
    '{matches: {project.programme: "dm-*"}}',
    '{all: [{present: identity.mobile}, {blank: identity.email}]}',
    '{any: [{present: identity.email}, {present: identity.mobile}]}',
    '{not: {present: identity.email}}',
    '{in: {identity.phones.type: [mobile]}}',
  ];
  for (const when of yes) {
    expect([when, json(`- {to: a, value: 1, when: ${when}}`)]).toEqual([when, { a: 1 }]);
    expect([when, json(`- {to: a, value: 1, when: {not: ${when}}}`)]).toEqual([when, {}]);
  }
});

test('an absent value satisfies no comparison', () => {
  for (const when of [
    '{less: {project.surfaceMin: 9}}',
    '{equals: {identity.email: ""}}',
    '{matches: {identity.email: "*"}}',
  ]) {
    expect(json(`- {to: a, value: 1, when: ${when}}`)).toEqual({});
  }
});

test('accepts: every key must match one of its values', () => {
  const mapping = compiled(
    webhook('- {to: a, value: 1}', 'accepts: {programme: [XX-1, "DM-*"], channel: [web_form]}'),
  );
  expect(mapping.accepts(lead())).toEqual({ yes: true });
  expect(mapping.accepts(lead({ channel: 'callback' }))).toEqual({ yes: false, because: 'channel' });
  expect(mapping.accepts(lead({ project: {} }))).toEqual({ yes: false, because: 'programme' });
});

test('templates write nothing when every place is empty', () => {
  const line = '- {to: t, template: "{{origin.support}} / {{identity.lastName | upper}} le {{collectedAt}}"}';
  expect(json(line)).toEqual({ t: ' / DURAND le 2026-11-20T10:15:00+01:00' });
  expect(json('- {to: t, template: "{{origin.support}} - {{comment}}"}')).toEqual({});
});

test('each writes one group for every element, #text the element itself', () => {
  const both = lead({ identity: { mobile: '+33639980001', landline: '+33199000001' } });
  expect(
    json(
      '- {to: a.tels, each: identity.phones, fields: [{to: n.v, from: number}, {to: ref, from: id}]}',
      both,
    ),
  ).toEqual({
    a: {
      tels: [
        { n: { v: '+33639980001' }, ref: 'DM-1' },
        { n: { v: '+33199000001' }, ref: 'DM-1' },
      ],
    },
  });
  expect(json('- {to: tels, each: identity.phones, fields: [{to: "#text", from: number}]}', both)).toEqual({
    tels: ['+33639980001', '+33199000001'],
  });
});

test('category_not_authorised: a lead does not leave with data the authorisation does not cover', () => {
  const mapping = compiled(webhook('- {to: n, from: identity.lastName}\n- {to: m, from: origin.media}'));
  expect(mapping.categories.toSorted()).toEqual(['identity', 'statistical']);
  expect(mapping.apply(lead(), situation({ categories: ['identity'] }))).toEqual({
    ok: false,
    why: 'category_not_authorised',
    category: 'statistical',
  });
});

test('C10: financial data needs the contract, and the authorisation again when the lead is written', () => {
  const fields = '- {to: apport, from: financial.contribution}';
  const client = {
    'demo/client.yaml': `id: demo\nname: D\nlegalEntity: D\nhosts: [crm.demo.example]\ncategories: [identity, financial]\ncontacts: {}\n`,
  };
  const mapping = compiled(webhook(fields), client);
  const rich = lead({ financial: { contribution: 20000 } });
  expect(mapping.apply(rich, situation())).toMatchObject({
    why: 'category_not_authorised',
    category: 'financial',
  });
  expect(written(mapping, rich, situation({ categories: ['financial'] }))).toContain('"apport":20000');
  expect(problemsOf(mail('', '- {to: x, template: "{{financial.rent}}"}')).join('\n')).toContain('MAP-403');
  expect(problemsOf(mail('', '- {to: x, value: 1, when: {present: financial.rent}}')).join('\n')).toContain(
    'MAP-403',
  );
});

test('C13: no value of a person is written that the lead does not carry', () => {
  const persons = sourceModel.filter(
    (field) => field.person && field.type !== 'list' && field.category !== 'financial',
  );
  const fields = persons.map((field, index) => `- {to: f${index}, from: ${field.path}}`).join('\n');
  const mapping = compiled(webhook(fields));
  const marker = fc.uuid();
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined });
  const identity = fc.record({
    lastName: maybe(marker),
    firstName: maybe(marker),
    email: maybe(marker),
    mobile: maybe(fc.constant('+33639980001')),
  });
  const project = fc.record({
    comment: maybe(marker),
    location: maybe(marker),
    rooms: maybe(fc.integer({ min: 1, max: 9 })),
  });
  fc.assert(
    fc.property(identity, project, (who, what) => {
      const clean = <T extends object>(value: T): T =>
        Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
      const one = lead({
        identity: clean(who) as Lead['identity'],
        project: clean(what) as Lead['project'],
        origin: {},
      });
      const carried = new Set<unknown>([...Object.values(one.identity), ...Object.values(one.project)]);
      const { OPTIN: _optIn, ...values } = JSON.parse(written(mapping, one)) as Record<string, unknown>;
      for (const value of Object.values(values)) expect(carried.has(value)).toBe(true);
    }),
  );
  expect(json(fields, lead({ identity: {}, project: {}, origin: {} }))).toEqual({});
});

test("C13: a default is refused for every person's source and allowed for every other", () => {
  for (const field of sourceModel) {
    if (field.type === 'list' || field.path.startsWith('batch.') || field.category === 'financial') continue;
    const text = problemsOf(webhook(`- {to: f, from: ${field.path}, default: x}`)).join('\n');
    expect([field.path, text.includes('MAP-210')]).toEqual([field.path, field.person]);
  }
});

test('C13: caller id does not become a contact number', () => {
  expect(sourceModel.some((field) => /caller/i.test(field.path))).toBe(false);
});

test('every source of the model can be read and every enum has a French word', () => {
  for (const field of sourceModel) {
    const mapping = field.path.startsWith('batch.')
      ? flow('csv: {}', `- {to: f, from: ${field.path}}`)
      : webhook(
          field.type === 'list'
            ? `- {to: f, from: ${field.path}.${field.element?.[0]?.path ?? ''}}`
            : `- {to: f, from: ${field.path}}`,
        );
    if (field.category !== 'financial') expect([field.path, problemsOf(mapping)]).toEqual([field.path, []]);
    for (const one of [field, ...(field.element ?? [])]) {
      for (const value of one.values ?? [])
        expect([one.path, value, frenchLabel(one.path, value)]).not.toEqual([one.path, value, value]);
    }
  }
  expect(channels.length).toBe(4);
});

test('origins tell where each written value came from', () => {
  const result = compiled(
    webhook('- {to: n, from: identity.lastName, as: upper}\n- {to: s, value: X}'),
  ).apply(lead(), situation());
  expect(result.ok && result.record.origins).toEqual([
    { field: 'n', source: 'identity.lastName', value: 'DURAND' },
    { field: 's', source: '(constant)', value: 'X' },
    { field: 'OPTIN', source: '(consent)', value: 'O' },
  ]);
  expect(result.ok && result.record.fieldNames).toEqual(['n', 's', 'OPTIN']);
});

test("the client's JSON Schema is checked before sending: field and rule, never the value", () => {
  const schema = JSON.stringify({
    type: 'object',
    required: ['cp'],
    properties: { nom: { type: 'string', pattern: '^[A-Z]+$' } },
  });
  const mapping = compiled(webhook('- {to: nom, from: identity.lastName}', 'schema: leads.schema.json'), {
    'demo/leads.schema.json': schema,
  });
  const result = mapping.apply(lead(), situation());
  expect(result).toEqual({
    ok: false,
    why: 'invalid',
    problems: [
      { field: 'cp', code: 'SCHEMA_REQUIRED' },
      { field: 'nom', code: 'SCHEMA_PATTERN' },
    ],
  });
  expect(JSON.stringify(result)).not.toContain('Durand');
});

test('a lead with hostile text is written or refused, never thrown on', () => {
  const mapping = compiled(
    flow('csv: {encoding: windows-1252}', '- {to: n, from: identity.lastName}\n- {to: c, from: comment}'),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (lastName, comment) => {
      const result = mapping.apply(lead({ identity: { lastName }, project: { comment } }), situation());
      if (result.ok) mapping.write([result.record], 'create', { sequence: 1, slot: new Date(0), rows: 1 });
      else expect(result.why).toBe('invalid');
    }),
  );
});
