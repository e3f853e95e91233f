// The client's XSD: what it refuses never leaves, and is told by field and rule, never by value.
import { compiled, flow, lead, problemsOf, situation, webhook, written } from '../support.ts';

const types = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:demo" elementFormDefault="qualified">
  <xs:simpleType name="tel"><xs:restriction base="xs:string"><xs:pattern value="0[1-9][0-9]{8}"/></xs:restriction></xs:simpleType>
</xs:schema>`;
const xsd = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:demo" targetNamespace="urn:demo" elementFormDefault="qualified">
  <xs:include schemaLocation="types.xsd"/>
  <xs:element name="leads"><xs:complexType><xs:sequence>
    <xs:element name="lead" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="nom"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="10"/></xs:restriction></xs:simpleType></xs:element>
      <xs:element name="tel" type="tel" minOccurs="0"/>
      <xs:element name="pieces" type="xs:integer" minOccurs="0"/>
      <xs:element name="optin" type="xs:boolean"/>
    </xs:sequence><xs:attribute name="ref" use="required"/></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>`;
const files = { 'demo/leads.xsd': xsd, 'demo/types.xsd': types };
const consent =
  'consent: [{to: lead.optin, channel: email, values: {granted: "1", refused: "0", not_asked: "0", withdrawn: "0"}}]\n';
const xml = 'xml: {root: leads, record: lead, xmlns: {"": "urn:demo"}}';
const fields = [
  '- {to: lead@ref, from: id}',
  '- {to: lead.nom, from: identity.lastName}',
  '- {to: lead.tel, from: identity.mobile, as: {phone: national}}',
  '- {to: lead.pieces, from: origin.media}',
];
const mapping = (lines: readonly string[], more = 'schema: leads.xsd'): string =>
  flow(xml, lines.join('\n'), consent, more);
const whole = fields.slice(0, 3);
const faults = (lines: readonly string[], someone = lead()): unknown => {
  const result = compiled(mapping(lines), files).apply(someone, situation());
  return result.ok ? [] : 'problems' in result ? result.problems : result.why;
};

test('a lead that fits is written; the schema may include others of the folder', () => {
  expect(written(compiled(mapping(whole), files))).toContain('<tel>0639980001</tel>');
});

test('a lead that does not fit is told by the field’s path and the rule', () => {
  expect(
    faults(whole, lead({ identity: { lastName: 'de La Rochefoucauld', mobile: '+32471000000' } })),
  ).toEqual([
    { field: 'lead.nom', code: 'SCHEMA_MAXLENGTH' },
    { field: 'lead.tel', code: 'SCHEMA_PATTERN' },
  ]);
  expect(faults(fields)).toEqual([{ field: 'lead.pieces', code: 'SCHEMA_TYPE' }]);
  expect(faults(fields.slice(1, 3))).toEqual([{ field: 'lead@ref', code: 'SCHEMA_MISSING' }]);
  expect(faults([...whole, '- {to: lead@z, value: 1}'])).toEqual([
    { field: 'lead@z', code: 'SCHEMA_NOT_ALLOWED' },
  ]);
  expect(faults([fields[0] ?? '', fields[2] ?? ''])).toEqual([
    { field: 'lead.tel', code: 'SCHEMA_UNEXPECTED' },
  ]);
});

test('what is told never holds a value of the lead', () => {
  const someone = lead({ identity: { lastName: 'Rochefoucauld-Marqueur', mobile: '+32471000000' } });
  expect(JSON.stringify(faults(fields, someone))).not.toMatch(/Rochefoucauld|471000000|seloger/);
});

test('a sample that does not fit keeps the file from being published', () => {
  const bad = { ...files, 'demo/types.xsd': types.replace('[1-9]', '[1-5]') };
  const problems = problemsOf(mapping(whole, 'schema: leads.xsd\ntests: [{lead: samples/durand}]'), bad);
  expect(problems.join()).toContain('MAP-804  the sample is not written, invalid: lead.tel SCHEMA_PATTERN.');
});

test('a schema that is none, a missing include, a schema of another format are refused', () => {
  const codes = (more: Readonly<Record<string, string>>): string => problemsOf(mapping(whole), more).join();
  expect(codes({ 'demo/leads.xsd': '<a/>' })).toContain('MAP-705');
  expect(codes({ 'demo/leads.xsd': 'no xml' })).toContain('MAP-705');
  expect(codes({ 'demo/leads.xsd': xsd })).toContain('MAP-705');
  expect(codes({})).toContain('MAP-007');
  expect(problemsOf(webhook('- {to: a, from: id}', 'schema: leads.xsd'), files).join()).toContain(
    'an XSD checks XML; this destination writes json.',
  );
});

test('an XSD reads nothing outside the files given', () => {
  const leaking = { 'demo/leads.xsd': xsd.replace('types.xsd', 'file:///etc/passwd') };
  expect(problemsOf(mapping(whole), leaking).join()).toContain('MAP-705');
  const entity = `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>${xsd.replace('"leads"', '"leads" id="&x;"')}`;
  expect(problemsOf(mapping(whole), { ...files, 'demo/leads.xsd': entity }).join()).toContain('MAP-705');
});

test('a lead whose check by a pattern of the XSD has no end does not fit; the next lead is checked', () => {
  const slow = {
    ...files,
    'demo/leads.xsd': xsd.replace('<xs:maxLength value="10"/>', '<xs:pattern value="(a|b|ab)*"/>'),
  };
  const compiledSlow = compiled(mapping(whole), slow);
  const named = (lastName: string) =>
    compiledSlow.apply(lead({ identity: { lastName, mobile: '+33639980001' } }), situation());
  expect(named('abba').ok).toBe(true);
  expect(named(`${'ab'.repeat(2_000)}!`)).toMatchObject({
    ok: false,
    why: 'invalid',
    problems: [{ field: '(lead)', code: 'SCHEMA_TOO_SLOW' }],
  });
  expect(named('abba').ok).toBe(true);
  expect(named('Durand')).toMatchObject({ problems: [{ field: 'lead.nom', code: 'SCHEMA_PATTERN' }] });
});

test.each([
  ['at its top', '{"$ref":"#"}'],
  ['in a branch', '{"additionalProperties":{"$ref":"#"},"anyOf":[{"$ref":"#"}]}'],
  ['by its depth', `${'{"not":'.repeat(3_000)}{}${'}'.repeat(3_000)}`],
])('a JSON Schema without an end %s is refused by the check', (_where, schema) => {
  const text = webhook('- {to: nom, from: identity.lastName}', 'schema: s.json');
  expect(problemsOf(text, { 'demo/s.json': schema }).join()).toContain(
    'MAP-705  the schema "s.json" cannot be used: it is nested too deep, or refers to itself without end.',
  );
});

test('a part of a schema without an end refuses the lead that meets it, and does not stop the worker', () => {
  const schema = '{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"}]}},"properties":{"nom":{"$ref":"#/$defs/a"}}}';
  const text = webhook('- {to: nom, from: identity.lastName}', 'schema: s.json');
  expect(compiled(text, { 'demo/s.json': schema }).apply(lead(), situation())).toEqual({
    ...{ ok: false, why: 'invalid' },
    problems: [{ field: '(lead)', code: 'SCHEMA_WITHOUT_END' }],
  });
});

/** Each of its parts asks the next one twice. */
const twice = (parts: number): Record<string, unknown> => ({
  ...Object.fromEntries(
    Array.from({ length: parts }, (_one, index) => {
      const next = { $ref: `#/$defs/d${index + 1}` };
      return [`d${index}`, { anyOf: [{ allOf: [next, next] }] }];
    }),
  ),
  [`d${parts}`]: { type: 'number' },
});

describe('a JSON Schema that takes long', () => {
  const text = webhook('- {to: a.nom, from: identity.lastName}', 'schema: s.json');
  const withParts = (parts: number) => ({
    'demo/s.json': `{"$defs":${JSON.stringify(twice(parts))},"properties":{"a":{"properties":
      {"nom":{"if":{"minLength":9},"then":{"$ref":"#/$defs/d0"}}}}}}`,
  });
  const named = (lastName: string, parts: number) =>
    compiled(text, withParts(parts)).apply(lead({ identity: { lastName } }), situation());

  test('refuses the lead that meets it after half a second, and no other', () => {
    expect(named('Rochefoucauld', 24)).toEqual({
      ...{ ok: false, why: 'invalid' },
      problems: [{ field: '(lead)', code: 'SCHEMA_TOO_SLOW' }],
    });
    expect(named('Durand', 24).ok).toBe(true);
  });

  test('is not taken by the check', () => {
    const many = { pattern: `^(?:${'x{0,900}'.repeat(4_000)})$` };
    const schema = { 'demo/s.json': JSON.stringify({ properties: { nom: many } }) };
    const plain = webhook('- {to: nom, from: identity.lastName}', 'schema: s.json');
    expect(problemsOf(plain, schema).join()).toContain('cannot be used');
  });
});
