// A text message: what the mapping writes becomes the provider's JSON, and only the provider's id is a yes.
import type { Outcome, Parcel } from '../../connectors/contract.ts';
import { sms } from '../../connectors/sms/index.ts';
import { problemsOf } from '../mapping/support.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { startHttpRecipient } from './servers/http.ts';
import type { HttpRecipient } from './servers/http.ts';

const written = (body: unknown): Parcel => {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');
  return parcelOf({ body: { bytes, mediaType: 'application/json', extension: 'json' } });
};
const settings = {
  url: 'https://api.sms.example/v1/messages',
  auth: { bearer: 'secret:SMS_TOKEN' },
  sender: 'RELAIS',
};
const content = (body: unknown, more: object = {}): string =>
  Buffer.from(sms.compose(written(body), { ...settings, ...more }).content).toString('utf8');

test('text and number of the mapping leave under the names of the provider, every other field as a line below', () => {
  const body = { recipient: '06 39 98 00 42', text: 'Nouvelle demande', OPTIN: 'OUI', note: null };
  expect(JSON.parse(content({ ...body, recipient: '0033 6 39 98 00 42' }))).toEqual({
    sender: 'RELAIS',
    recipient: '+33639980042',
    text: 'Nouvelle demande\nOPTIN : OUI\nnote : ',
  });
  const keys = { sender: 'from', recipient: 'to', text: 'body' };
  expect(JSON.parse(content({ text: 'A' }, { keys, to: '+33639980043' }))).toEqual({
    from: 'RELAIS',
    to: '+33639980043',
    body: 'A',
  });
});

test.each([
  [
    'in a field',
    { text: 'A', note: 'oui\nOPTIN : OUI', OPTIN: 'NON' },
    'A\nnote : oui OPTIN : OUI\nOPTIN : NON',
  ],
  ['in the text', { text: 'A\nB\r\nOptin: OUI\nC', OPTIN: 'NON' }, 'A\nB Optin: OUI\nC\nOPTIN : NON'],
  [
    'behind a sign that does not show',
    { text: 'A\u2028\u200bOP TIN\uff1aOUI', OPTIN: 'NON' },
    'A \u200bOP TIN\uff1aOUI\nOPTIN : NON',
  ],
  ['as the first line', { text: 'OPTIN : OUI', OPTIN: 'NON' }, 'text : OPTIN : OUI\nOPTIN : NON'],
])('C20: what a person wrote %s is no line of its own, least of all an opt-in', (_where, body, text) => {
  expect(JSON.parse(content({ recipient: '+33639980042', ...body }))).toMatchObject({ text });
});

describe('sent', () => {
  let provider: HttpRecipient;
  beforeAll(async () => {
    provider = await startHttpRecipient();
  });
  afterAll(async () => {
    await sms.close?.();
    await provider.close();
  });
  const send = (body: unknown, more: object = {}): Promise<Outcome> => {
    const url = `http://127.0.0.1:${provider.port}/v1`;
    const rig = { secrets: { SMS_TOKEN: 'jeton' }, target: '127.0.0.1' };
    const network = { allowedRanges: ['127.0.0.0/8'], allowPlaintext: true };
    return sms.send(written(body), { ...settings, url, ...more }, contextOf(rig, { network }));
  };
  const message = { recipient: '+33639980042', text: 'Nouvelle demande' };
  const answers = (status: number, body: string, headers: Record<string, string> = {}): void => {
    provider.answer = (_request, response) => response.writeHead(status, headers).end(body);
  };

  test.each([
    ['[]', 'BODY_UNREADABLE'],
    ['no JSON', 'BODY_UNREADABLE'],
    [{ text: 'A' }, 'RECIPIENT_MISSING'],
    [{ recipient: '0639980042', text: 'A' }, 'RECIPIENT_MALFORMED'],
    [{ recipient: 33_639_980_042, text: 'A' }, 'RECIPIENT_MALFORMED'],
    [{ recipient: '+33639980042' }, 'TEXT_MISSING'],
    [{ recipient: '+33639980042', text: ' ' }, 'TEXT_MISSING'],
    [{ recipient: '+330639980042', text: 'A' }, 'RECIPIENT_MALFORMED'],
    [{ recipient: '+33639980042', text: 'A', list: ['a'] }, 'FIELD_NOT_TEXT'],
  ])('%j is no message: %s, and nothing leaves', async (body, reason) => {
    const before = provider.received.length;
    expect(await send(body)).toEqual({ kind: 'invalid', reason });
    expect(provider.received).toHaveLength(before);
  });

  test.each([
    [201, '{"id":"msg-1"}', { kind: 'accepted', reference: 'msg-1' }],
    [200, '{"id":42}', { kind: 'accepted', reference: '42' }],
    [200, '{"ok":true}', { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN', saidYes: true }],
    [200, '{"id":"33639980042"}', { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' }],
    [200, '{"id":33639980042}', { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' }],
    [200, '{"id":0,"error":"no credit"}', { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' }],
    [200, '{"id":"null"}', { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' }],
    [200, '{"id":"0639980042"}', { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' }],
    [200, 'Maintenance', { kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' }],
    [400, '{"id":"msg-1"}', { kind: 'invalid', reason: 'HTTP_400' }],
    [422, '', { kind: 'invalid', reason: 'HTTP_422' }],
    [404, '', { kind: 'unknown', reason: 'UNMATCHED_404' }],
    [401, '', { kind: 'unauthorized', reason: 'HTTP_401' }],
    [408, '', { kind: 'unavailable', reason: 'HTTP_408', maybeReceived: true }],
    [502, '', { kind: 'unknown', reason: 'HTTP_502', outage: true }],
    [503, '', { kind: 'unavailable', reason: 'HTTP_503' }],
  ])(
    'an answer %i %s is judged by the table of statuses, a success by its id',
    async (status, body, outcome) => {
      answers(status, body);
      expect(await send(message)).toMatchObject(outcome);
    },
  );

  test.each([
    ['A'.repeat(1_531)],
    ['€'.repeat(761)],
    [`ê${'A'.repeat(670)}`],
    ['🏠'.repeat(331)],
    ['A'.repeat(4_000)],
  ])('what needs more than ten parts is too long: %#', async (text) =>
    expect(await send({ recipient: '+33639980042', text })).toEqual({
      kind: 'invalid',
      reason: 'TEXT_TOO_LONG',
    }),
  );

  test.each([
    ['A'.repeat(1_530), 'ten parts in the alphabet of phones'],
    ['é'.repeat(1_530), 'with the accents it has'],
    ['€'.repeat(760), 'or half as many of those that take two places'],
    ['ê'.repeat(670), 'ten parts in another'],
    ['🏠'.repeat(330), 'and of emoji, none of which is cut in two'],
  ])('what fits into ten parts leaves: %#', async (text) => {
    answers(201, '{"id":"msg-1"}');
    expect(await send({ recipient: '+33 (0)6 39 98 00 42', text })).toMatchObject({ kind: 'accepted' });
    expect(JSON.parse(provider.received.at(-1)?.body.toString() ?? '')).toMatchObject({
      ...{ recipient: '+33639980042', text },
    });
  });

  test('the delay that the provider asks for is kept', async () => {
    answers(429, '', { 'retry-after': '30' });
    expect(await send(message)).toMatchObject({ kind: 'throttled', afterMs: 30_000 });
  });

  test('the id stands where the file says', async () => {
    answers(200, '{"data":{"messageId":"a:b"}}');
    expect(await send(message, { reference: 'data.messageId' })).toMatchObject({ reference: 'a:b' });
  });
});

const mapping = (send: string, fields: string): string => `destination: demo-sms
connector: sms
send: {url: https://crm.demo.example/sms, auth: {bearer: secret:SMS}, sender: RELAIS${send}}
consent:
  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}
fields:
  - {to: text, template: 'Demande par {{origin.media}}'}
${fields}`;

test('its part of a mapping is checked like the others', () => {
  expect(problemsOf(mapping(', to: "+33639980042"', ''))).toEqual([]);
  expect(problemsOf(mapping('', '  - {to: apport, from: financial.contribution}')).join()).toContain(
    'may not travel by text message (C10)',
  );
  expect(problemsOf(mapping(', to: "0639980042"', '')).length).toBeGreaterThan(0);
  expect(problemsOf(mapping('', '').replace('secret:SMS', 'un-jeton')).join()).toContain('MAP-404');
});
