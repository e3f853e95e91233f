// A secret inside a body: named in the file, masked wherever people or the log see the content, written out at departure only.
import { connectors } from '../../../connectors/index.ts';
import type { Body } from '../../../connectors/contract.ts';
import { composedPreview } from '../../../src/mapping/tools/composed-preview.ts';
import { wholeMapping } from '../../../src/mapping/check.ts';
import { specOf } from '../../../src/mapping/spec/spec.ts';
import { toMarkdown } from '../../../src/mapping/spec/blocks.ts';
import {
  at,
  compiled,
  flow,
  lead,
  mail,
  noted,
  problemsOf,
  situation,
  sourcesOf,
  webhook,
} from '../support.ts';
import { severalCalls } from '../calls/calls-support.ts';

const token = '- {to: token, value: secret:DEMO_KEY}\n- {to: nom, from: identity.lastName}';

const bodyOf = (text: string, more: Readonly<Record<string, string>> = {}, call?: string): Body => {
  const mapping = compiled(text, more);
  const result = mapping.apply(lead(), situation(call === undefined ? {} : { call }));
  if (!result.ok) throw new Error(JSON.stringify(result));
  return mapping.write([result.record], 'create', undefined, call);
};
const masked = (body: Body): string => Buffer.from(body.bytes).toString();
const sent = (body: Body, value = 'k"<é>&'): string =>
  Buffer.from(body.secrets?.written(() => value) ?? []).toString();

test('it is masked in the bytes, and written out as any value of the format', () => {
  const json = bodyOf(webhook(token));
  expect(masked(json)).toBe('{"token":"«secret:DEMO_KEY»","nom":"Durand","OPTIN":"O"}');
  expect(json.secrets?.names).toEqual(['DEMO_KEY']);
  expect(JSON.parse(sent(json))).toEqual({ token: 'k"<é>&', nom: 'Durand', OPTIN: 'O' });
  const form = bodyOf(webhook(token, 'form: {}'));
  expect(new URLSearchParams(masked(form)).get('token')).toBe('«secret:DEMO_KEY»');
  expect(new URLSearchParams(sent(form)).get('token')).toBe('k"<é>&');
  const xml = bodyOf(
    webhook(
      '- {to: lead@key, value: secret:DEMO_KEY}\n- {to: lead.auth.key, value: secret:DEMO_KEY}',
      'xml: {record: lead, indent: false, declaration: false}',
    ).replace('{to: OPTIN', '{to: lead.optin'),
  );
  expect(sent(xml)).toBe(
    '<lead key="k&quot;&lt;é&gt;&amp;"><auth><key>k"&lt;é&gt;&amp;</key></auth><optin>O</optin></lead>',
  );
  expect(masked(xml)).toContain('<key>«secret:DEMO_KEY»</key>');
});

test('a body without one says so: nothing is written twice', () => {
  expect(bodyOf(webhook('- {to: nom, from: identity.lastName}')).secrets).toBeUndefined();
});

test('what a person writes is never taken for one', () => {
  const mapping = compiled(webhook(`${token}\n- {to: note, from: comment}`));
  const result = mapping.apply(noted('«secret:DEMO_KEY» secret:DEMO_KEY'), situation());
  if (!result.ok) throw new Error('refused');
  const written = JSON.parse(sent(mapping.write([result.record], 'create'), 'vrai')) as Record<
    string,
    unknown
  >;
  expect(written).toMatchObject({ token: 'vrai', note: '«secret:DEMO_KEY» secret:DEMO_KEY' });
});

test('it may stand in a list, among others, and in a call', () => {
  const body = bodyOf(
    webhook(
      '- {to: "params.args[0]", value: base}\n- {to: "params.args[2]", value: secret:DEMO_KEY}\n- {to: "keys[]", value: secret:OTHER}',
    ),
  );
  expect(sent(body, 'v')).toBe('{"params":{"args":["base","v"]},"keys":["v"],"OPTIN":"O"}');
  expect(body.secrets?.names).toEqual(['DEMO_KEY', 'OTHER']);
  const call = bodyOf(
    severalCalls(
      'calls:\n  - { name: one, send: { url: https://crm.demo.example/one }, fields: [{ to: key, value: secret:DEMO_KEY }] }',
    ),
    {},
    'one',
  );
  expect(sent(call, 'v')).toBe('{"key":"v","OPTIN":"O"}');
});

test('the operator is asked for it as for every other', () => {
  expect(compiled(webhook(token)).secretNames).toEqual(['DEMO_KEY']);
});

test('a look-up may hold one', () => {
  const mapping = compiled(
    webhook('- {to: nom, from: identity.lastName}')
      .replace(
        /^send: .*$/m,
        'send: {url: https://crm.demo.example/api, lookup: {url: https://crm.demo.example/rpc, fields: [{to: key, value: secret:ASK}, {to: ref, from: id}]}}',
      )
      .replace(
        /^response: .*$/m,
        'response: [{accepted: {status: 201, json: {ok: true}}}, {absent: {status: 404}, on: lookup}]',
      ),
  );
  const body = mapping.question({ action: 'create', key: 'k', leadReference: 'DM-1', writtenAt: at });
  if (body === undefined) throw new Error('no question');
  expect(masked(body)).toBe('{"key":"«secret:ASK»","ref":"DM-1"}');
  expect(sent(body, 'v')).toBe('{"key":"v","ref":"DM-1"}');
  expect(mapping.secretNames).toEqual(['ASK']);
});

test("the client's schema judges everything but the secret, which nobody knows there", () => {
  const schema = JSON.stringify({
    type: 'object',
    required: ['token', 'nom'],
    additionalProperties: false,
    properties: {
      token: { type: 'string', pattern: '^[0-9a-f]{32}$' },
      nom: { type: 'string', maxLength: 3 },
      OPTIN: {},
    },
  });
  const mapping = compiled(webhook(token, 'schema: crm.schema.json'), { 'demo/crm.schema.json': schema });
  expect(mapping.apply(lead(), situation())).toMatchObject({
    ok: false,
    problems: [{ field: 'nom', code: 'SCHEMA_MAXLENGTH' }],
  });
});

describe('people see its name', () => {
  const mapping = compiled(webhook(token));

  test('in the preview', () => {
    const [call] = composedPreview(mapping, lead(), {
      action: 'create',
      key: 'k',
      now: at,
      connectors,
    }).calls;
    expect(Buffer.from(call?.composed?.content ?? []).toString()).toContain('"token":"«secret:DEMO_KEY»"');
    expect(call?.result.ok === true && call.result.origins[0]).toEqual({
      field: 'token',
      source: '(secret)',
      value: '«secret:DEMO_KEY»',
    });
  });

  test('in the document a client signs', () => {
    const { blocks } = specOf({
      mapping,
      whole: wholeMapping(sourcesOf(webhook(token))),
      ...{ sample: lead(), version: '1', date: '25 novembre 2026', fingerprint: 'a', centre: 'Centre' },
    });
    expect(toMarkdown(blocks)).toMatch(/\| `token` \| texte \| Confidentiel \(DEMO\\_KEY\)/);
  });

  test('in the tests of the file', () => {
    expect(
      problemsOf(webhook(token, 'tests: [{lead: samples/durand, expect: {token: «secret:DEMO_KEY»}}]')),
    ).toEqual([]);
  });
});

describe('where it may not stand', () => {
  test.each([
    ['in clear', webhook('- {to: token, value: tk_live_9f8e7d}'), 'MAP-404'],
    [
      'in a map',
      webhook('- {to: x, from: origin.media, map: {seloger: secret:DEMO, else: omit}}'),
      'MAP-225',
    ],
    ['as a default', webhook('- {to: x, from: origin.media, default: secret:DEMO}'), 'MAP-225'],
    ['in a template', webhook('- {to: x, template: "secret:DEMO {{id}}"}'), 'MAP-225'],
    ['in a line of a text', webhook('- {to: note, line: "Clé : {value}", value: secret:DEMO}'), 'MAP-225'],
    ['with a name that is none', webhook('- {to: x, value: "secret:no name"}'), 'MAP-225'],
    ['under the name of a person', webhook('- {to: nom, value: secret:DEMO}'), 'MAP-211'],
    ['in a file', flow('csv: {}', '- {to: x, value: secret:DEMO}'), 'MAP-225'],
    ['in a mail', mail('', '- {to: x, value: secret:DEMO}'), 'MAP-225'],
    [
      'as an opt-in',
      webhook(
        '- {to: nom, from: identity.lastName}',
        '',
        'consent:\n  - {to: OPTIN, channel: email, values: {granted: secret:DEMO, refused: N, not_asked: N, withdrawn: N}}\n',
      ),
      'MAP-225',
    ],
  ])('%s', (_where, text, code) => {
    const problems = problemsOf(text).join('\n');
    expect(problems).toContain(code);
    expect(problems).not.toContain('tk_live');
  });
});
