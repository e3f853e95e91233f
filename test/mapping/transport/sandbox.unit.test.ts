// A stand-in's answers: taken from the file's tests, or made from its rule for an acceptance, and then read as one.
import { wholeMapping } from '../../../src/mapping/check.ts';
import { acceptedAnswer, impliedAnswer } from '../../../src/mapping/response/recorded-answers.ts';
import { connectors } from '../../../connectors/index.ts';
import { compiled, sourcesOf, webhook } from '../support.ts';

const withRule = (rule: string): string =>
  webhook('- {to: nom, from: identity.lastName}').replace(/^response:.*$/m, `response: [${rule}]`);

test.each([
  '{accepted: {status: 201, json: {ok: true}}, reference: $.id}',
  '{accepted: {status: 2xx, json: {status: OK}}, reference: $.data.lead_id}',
  '{accepted: {status: [200, 202], json: {code: [0, 1], data.id: {exists: true}}}, reference: $.data.id}',
  '{accepted: {status: 200, json: {"data[0][1].ok": true}}, reference: "$.data[0][1].id"}',
  '{refused: {status: 409}}, {accepted: {status: 200, json: {"$.ok": true}}}',
  '{accepted: {status: 201, json: {id: {exists: true}, ours: {matches: "*"}, said: {contains: added}}}, reference: $.id}',
])('the answer made from %s is an acceptance', (rule) => {
  const text = withRule(rule);
  const answer = impliedAnswer(wholeMapping(sourcesOf(text)));
  if (answer === undefined) throw new Error('no answer');
  const outcome = compiled(text).classify(answer, 'create');
  expect(outcome.kind).toBe('accepted');
  if (rule.includes('reference')) expect(outcome).toMatchObject({ reference: 'SANDBOX-1' });
});

test('without a rule for an acceptance none is made, and a recorded one is the first of the create', () => {
  expect(impliedAnswer({ response: [{ refused: { status: 200 } }] })).toBeUndefined();
  const recorded = (on: string | undefined, call?: string, status = 200) => ({
    ...{ response: { status }, outcome: 'accepted', on, call },
  });
  const tests = [recorded('update'), recorded(undefined, 'deal', 202), recorded('create', undefined, 201)];
  expect(acceptedAnswer({ tests }, { name: 'person', first: true })?.status).toBe(201);
  expect(acceptedAnswer({ tests }, { name: 'deal', first: false })?.status).toBe(202);
  expect(acceptedAnswer({ tests }, { name: 'note', first: false })).toBeUndefined();
});

const hostKey = 'SHA256:' + 'A'.repeat(43);

/** The connector that takes such settings says where they lead. */
function addressesOf(settings: object): readonly string[] {
  const type = 'url' in settings ? 'webhook' : 'server' in settings ? 'flow' : 'email';
  return connectors[type]?.places(settings, (text) => text) ?? [];
}

test.each([
  [{ url: 'https://CRM.demo.example:443/api//leads/?a=1' }, ['crm.demo.example/api/leads']],
  [{ url: 'http://crm.demo.example/api/leads' }, ['crm.demo.example/api/leads']],
  [{ url: 'secret:X' }, ['secret:X']],
  [{ to: ['A@demo.example'], cc: 'b@demo.example' }, ['a@demo.example', 'b@demo.example']],
  [{ to: 'sftp:demo/in', server: { host: 'SFTP.demo.example', hostKey } }, ['sftp.demo.example:22/in']],
  [
    { to: 'sftp:other/in', server: { host: 'sftp.demo.example', port: 22, hostKey } },
    ['sftp.demo.example:22/in'],
  ],
  [{ to: 'local:demo/in', server: { folder: '/srv/drop/' } }, ['/srv/drop/in']],
])('%j leads to %j', (settings, addresses) => expect(addressesOf(settings)).toEqual(addresses));
