// A callback as the file says it: which key it gives back, which secret it needs, what the client signs.
import type { Answer } from '../../../connectors/contract.ts';
import { wholeMapping } from '../../../src/mapping/check.ts';
import { toMarkdown } from '../../../src/mapping/spec/blocks.ts';
import { specOf } from '../../../src/mapping/spec/spec.ts';
import { compiled, lead, optIn, sourcesOf } from '../support.ts';

const text = `destination: demo-crm
connector: webhook
send: {url: https://crm.demo.example/api, lookup: {url: "https://crm.demo.example/find/{key}"}}
response: [{accepted: {status: 201, json: {ok: true}}}, {absent: {status: 404}, on: lookup}]
callback: {secret: secret:DEMO_CALLBACK, key: $.lead.external_id}
${optIn}fields: [{to: nom, from: identity.lastName}]
`;
const told = (body: unknown): Answer => ({
  ...{ status: 200, headers: {}, mediaType: 'application/json', truncated: false },
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const keyOf = (body: unknown): Promise<string | undefined> | undefined =>
  compiled(text).callback?.keyOf(told(body));

test('its key is read from its place, and from nowhere else', async () => {
  expect(await keyOf({ lead: { external_id: 'dlv_1' } })).toBe('dlv_1');
  for (const other of [{ external_id: 'dlv_1' }, { lead: { external_id: 7 } }, 'no JSON', ''])
    expect(await keyOf(other)).toBeUndefined();
});

test('what cannot be a key of ours is none', async () => {
  for (const odd of ['a b', "x' OR 1", 'x'.repeat(65), 'zoe@courriel.example'])
    expect(await keyOf({ lead: { external_id: odd } })).toBeUndefined();
});

test('its secret is one of the destination’s, and the document that is signed says how it is told', () => {
  const mapping = compiled(text);
  expect(mapping.secretNames).toContain('DEMO_CALLBACK');
  const fixed = { version: 'version 3', date: '25 novembre 2026', fingerprint: 'abc', centre: 'le centre' };
  const { blocks } = specOf({ mapping, whole: wholeMapping(sourcesOf(text)), sample: lead(), ...fixed });
  expect(toMarkdown(blocks)).toContain('POST /callbacks/demo-crm');
  expect(toMarkdown(blocks)).toContain('lue dans $.lead');
});
