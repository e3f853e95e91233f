// What a mapping leaves out, by itself and over leads.
import { coverageOf, type Coverage } from '../../../src/mapping/tools/coverage.ts';
import { wholeMapping } from '../../../src/mapping/check.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import { at, compiled, lead, optIn, sourcesOf, webhook } from '../support.ts';

function coverage(fields: string, leads: readonly Lead[] = [], more = '', consent = optIn): Coverage {
  const text = webhook(fields, more, consent);
  return coverageOf(wholeMapping(sourcesOf(text)), compiled(text), leads, at);
}
const never = (found: Coverage): readonly string[] => found.never.map((field) => field.path);

test('a field that is sent is not listed, whichever way it is sent', () => {
  const found = coverage(
    `- {to: nom, from: identity.lastName}
- {to: note, template: '{{identity.firstName}} {{comment | upper}}'}
- {to: tels, each: identity.phones, fields: [{to: n, from: number}]}`,
  );
  for (const path of [
    'identity.lastName',
    'identity.firstName',
    'comment',
    'identity.mobile',
    'identity.landline',
  ])
    expect(never(found)).not.toContain(path);
  expect(never(found)).toEqual(expect.arrayContaining(['identity.email', 'project.rooms', 'interactions']));
  expect(never(found).some((path) => /^(delivery|batch|client)\./.test(path))).toBe(false);
});

test('a mobile alone leaves the landline out', () => {
  expect(never(coverage('- {to: tel, from: identity.mobile}'))).toContain('identity.landline');
  expect(never(coverage('- {to: tel, from: identity.phone}'))).not.toContain('identity.landline');
});

test('of a list that is sent, the fields of its elements that are not', () => {
  const found = never(
    coverage('- {to: e, each: interactions, fields: [{to: k, from: kind}, {to: le, from: at}]}'),
  );
  expect(found.filter((path) => path.startsWith('interactions'))).toEqual([
    'interactions.duration',
    'interactions.voluntary',
    'interactions.content',
  ]);
});

test('a field that only decides says so; one outside the contract says that', () => {
  const found = coverage(
    '- {to: nom, from: identity.lastName, when: {all: [{equals: {channel: callback}}, {present: project.rooms}]}}',
  );
  const decides = found.never.filter((field) => field.decides).map((field) => field.path);
  expect(decides).toEqual(['channel', 'project.rooms']);
  expect(found.never.filter((field) => !field.covered).every((field) => field.category === 'financial')).toBe(
    true,
  );
});

test('an update of its own fields counts', () => {
  const found = coverage(
    '- {to: nom, from: identity.lastName}',
    [],
    'update: {fields: [{to: mail, from: identity.email}]}',
  );
  expect(never(found)).not.toContain('identity.email');
});

test('values without an entry, and what happens to them', () => {
  const found = coverage(
    `- {to: type, from: project.housingType, map: logement}
- {to: origine, from: origin.media, map: {seloger: SLN, else: omit}}`,
    [
      lead({ origin: { media: 'facebook' } }),
      lead({ origin: { media: 'facebook' } }),
      lead({ origin: { media: 'radio' } }),
      lead({ origin: { media: 'else' } }),
    ],
    'maps: {logement: {apartment: T, house: M, else: error}}',
  );
  expect(found.maps).toEqual([
    {
      ...{ field: 'type', source: 'project.housingType', otherwise: 'error' },
      missing: ['land', 'parking', 'commercial', 'other'],
      seen: [],
    },
    {
      ...{ field: 'origine', source: 'origin.media', otherwise: 'omit', missing: [] },
      seen: [
        { value: 'facebook', count: 2 },
        { value: 'radio', count: 1 },
        { value: 'else', count: 1 },
      ],
    },
  ]);
});

test("a value of a person's own field is counted and not shown", () => {
  const found = coverage('- {to: v, from: identity.address.city, map: {Lyon: L, else: omit}}', [
    lead({ identity: { address: { city: 'Markerville' } } }),
  ]);
  expect(found.maps[0]?.seen).toEqual([{ value: '(not shown)', count: 1 }]);
  expect(JSON.stringify(found)).not.toContain('Markerville');
});

test('closed lists without a map are sent in our own words', () => {
  expect(
    coverage('- {to: c, from: channel}\n- {to: p, from: project.use, map: {else: omit}}').unmapped,
  ).toEqual([
    { field: 'c', source: 'channel', values: ['inbound_call', 'callback', 'requalification', 'web_form'] },
  ]);
});

test('consents: sent or not, states left out or held, and how leads answered', () => {
  const answer = (channel: 'email' | 'sms', state: 'granted' | 'refused') =>
    ({ purpose: 'marketing', channel, state, recordedAt: new Date('2026-11-20T09:00:00Z') }) as const;
  const found = coverage(
    '- {to: nom, from: identity.lastName}',
    [lead({ consents: [answer('email', 'granted'), answer('sms', 'refused')] }), lead({ consents: [] })],
    '',
    'consent:\n  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: omit, withdrawn: hold}}\n',
  );
  const rows = found.consents.map(({ purpose, channel, fields, silent, leads }) => [
    purpose,
    channel,
    fields,
    silent,
    leads,
  ]);
  expect(rows).toEqual([
    ['marketing', 'email', ['OPTIN'], ['not_asked', 'withdrawn'], { granted: 1, missing: 1 }],
    ['marketing', 'sms', [], [], { refused: 1, missing: 1 }],
    ['marketing', 'phone', [], [], { missing: 2 }],
    ['marketing', 'post', [], [], { missing: 2 }],
  ]);
});

test('channels the destination does not take, and interactions', () => {
  const found = coverage(
    '- {to: e, each: interactions, fields: [{to: k, from: kind, map: {chat: C, else: omit}}]}',
    [lead({ channel: 'callback', interactions: [{ kind: 'chat', at, voluntary: true }] })],
    'accepts: {channel: [web_*, inbound_call]}',
  );
  expect(found.channels).toEqual([
    { channel: 'inbound_call', taken: true, leads: 0 },
    { channel: 'callback', taken: false, leads: 1 },
    { channel: 'requalification', taken: false, leads: 0 },
    { channel: 'web_form', taken: true, leads: 0 },
  ]);
  expect(found.interactions.sent).toBe(true);
  expect(found.interactions.kinds).toContainEqual({ kind: 'chat', written: 'C', count: 1 });
  expect(found.interactions.kinds).toContainEqual({ kind: 'web_form', written: 'else: omit', count: 0 });
});
