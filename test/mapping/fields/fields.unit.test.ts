// Fields: required, absent, conditional, repeated, templated; the client's schema.
import fc from 'fast-check';
import { compiled, faults, flow, json, lead, problemsOf, situation, webhook, written } from '../support.ts';

test('required, max and their codes: never the value', () => {
  expect(faults('- {to: v, from: identity.address.city, required: true}')).toEqual([
    { field: 'v', code: 'REQUIRED' },
  ]);
  expect(faults('- {to: n, from: identity.lastName, max: 3}')).toEqual([{ field: 'n', code: 'TOO_LONG' }]);
  expect(json('- {to: n, from: identity.lastName, max: {length: 3, on: truncate}}')).toEqual({ n: 'Dur' });
  expect(json('- {to: n, from: identity.lastName, max: {length: 3, on: omit}}')).toEqual({});
  expect(
    json('- {to: n, from: comment, max: {length: 3, on: truncate}}', lead({ project: { comment: '👩a😀' } })),
  ).toEqual({ n: '👩a' });
});

test('an emoji counts two, as SQL Server counts it, and is never cut in half', () => {
  const cut = (length: number): unknown =>
    json(
      `- {to: n, from: comment, max: {length: ${length}, on: truncate}}`,
      lead({ project: { comment: 'a😀b' } }),
    );
  expect([1, 2, 3, 4].map(cut)).toEqual([{ n: 'a' }, { n: 'a' }, { n: 'a😀' }, { n: 'a😀b' }]);
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

test.each(['client.id', 'delivery.key', 'batch.rows', 'interactions'])('accepts cannot read %s', (key) => {
  expect(problemsOf(webhook('- {to: a, value: 1}', `accepts: {${key}: [x]}`)).join()).toContain('MAP-201');
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

describe("the client's JSON Schema", () => {
  const rules = {
    type: 'object',
    required: ['cp'],
    properties: { cp: {}, nom: { type: 'string', pattern: '^[A-Z]+$' }, OPTIN: {} },
  };
  const fields = '- {to: nom, from: identity.lastName}\n- {to: cp, from: identity.address.postcode}';
  const made = (schema: unknown, more = '', list = fields): Parameters<typeof problemsOf> => [
    webhook(list, `schema: leads.schema.json\n${more}`),
    { 'demo/leads.schema.json': JSON.stringify(schema) },
  ];

  test('is checked before sending: field and rule, never the value', () => {
    const result = compiled(...made(rules)).apply(lead(), situation());
    const problems = [
      { field: 'cp', code: 'SCHEMA_REQUIRED' },
      { field: 'nom', code: 'SCHEMA_PATTERN' },
    ];
    expect(result).toEqual({ ok: false, why: 'invalid', problems });
    expect(JSON.stringify(result)).not.toContain('Durand');
  });

  test('does not judge an update that lists its own fields', () => {
    const mapping = compiled(...made(rules, 'update: {fields: [{to: ref, from: id}]}'));
    expect(written(mapping, lead(), situation({ action: 'update' }))).toBe('{"ref":"DM-1","OPTIN":"O"}');
  });

  describe('of an update with its own fields', () => {
    const change = (schema: unknown, list = '{to: ref, from: id}'): Parameters<typeof problemsOf> => {
      const [mapping, files] = made(rules, `update: {schema: change.json, fields: [${list}]}`);
      return [mapping, { ...files, 'demo/change.json': JSON.stringify(schema) }];
    };

    test('is asked in place of the one of the create', () => {
      const digits = { type: 'object', properties: { ref: { pattern: '^[0-9]+$' } } };
      const result = compiled(...change(digits)).apply(lead(), situation({ action: 'update' }));
      expect(result).toEqual({
        ok: false,
        why: 'invalid',
        problems: [{ field: 'ref', code: 'SCHEMA_PATTERN' }],
      });
      expect(compiled(...change({})).apply(lead(), situation({ action: 'update' })).ok).toBe(true);
    });

    test('is compared with its fields, and its mistakes are told at its own line', () => {
      const short = (lines: readonly string[]) =>
        lines.map((line) => line.replace(/^\S+:(\d+:\d+) +/, '$1 '));
      expect(short(problemsOf(...change({ type: 'object', required: ['cp'] })))).toEqual([
        '11:18 MAP-707  the schema requires "cp", which no field writes.',
      ]);
      const closed = { additionalProperties: false, properties: { OPTIN: {} } };
      expect(short(problemsOf(...change(closed)))).toEqual([
        '11:45 MAP-707  the schema does not know "ref".',
      ]);
    });
  });

  test('is compared with the fields before any lead: required and never written, written and not known', () => {
    const strict = { ...rules, required: ['cp', 'ville'], additionalProperties: false };
    const list = `${fields}\n- {to: pays, value: FR}`;
    expect(problemsOf(...made(strict, '', list)).map((line) => line.replace(/^\S+ +/, ''))).toEqual([
      'MAP-707  the schema does not know "pays".',
      'MAP-707  the schema requires "ville", which no field writes.',
    ]);
  });

  test('a draft-07 schema is understood, a broken one is told', () => {
    expect(problemsOf(...made({ ...rules, $schema: 'http://json-schema.org/draft-07/schema#' }))).toEqual([]);
    expect(problemsOf(...made({ type: 'objet' })).join('\n')).toContain('MAP-705');
    expect(
      problemsOf(webhook(fields, 'schema: leads.xsd'), { 'demo/leads.xsd': '<xs:schema/>' }).join('\n'),
    ).toContain('MAP-705');
  });
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
