// What mail providers tell of bounces: whose proof holds, and which mail and mailbox their JSON means.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Provider, ToldRequest } from '../../src/callbacks/bounce-events.ts';
import { providers } from '../../src/callbacks/bounces.ts';
import { parsed } from '../../src/callbacks/verify.ts';
import type { SnsPlace } from '../../src/callbacks/sns-place.ts';
import { fileNamed, mailNamed } from '../../src/domain/return-tag.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const seconds = String(now / 1_000);
const id = '<dlv_7f3a5c2e-4b1d@centre.example>';
const nowhere: SnsPlace = {
  certificate: () => Promise.resolve(undefined),
  confirm: () => Promise.resolve(false),
  close: () => Promise.resolve(),
};
function known(name: string): Pick<Provider, 'read'> & {
  readonly isProved: (request: ToldRequest, secrets: readonly string[], at: number) => unknown;
} {
  const provider = providers[name];
  if (provider === undefined) throw new Error(name);
  const { isProved, read } = provider;
  return { read, isProved: (request, secrets, at) => isProved(request, secrets, at, nowhere) };
}
const asked = (body: unknown, headers: Readonly<Record<string, string>> = {}): ToldRequest => ({
  header: (name) => headers[name],
  body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body)),
});
const read = (name: string, body: unknown) => known(name).read(parsed(asked(body).body));

const whsec = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;
const token = 'jeton-de-plus-de-vingt-caracteres';
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKey = ec.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

function mailgunBody(event: object, at = seconds, by = token): object {
  const signature = createHmac('sha256', by).update(`${at}abc`).digest('hex');
  return { signature: { timestamp: at, token: 'abc', signature }, 'event-data': event };
}
const sendgridHeaders = (body: string, at = seconds): Readonly<Record<string, string>> => ({
  'x-twilio-email-event-webhook-timestamp': at,
  'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(at + body), ec.privateKey).toString(
    'base64',
  ),
});

test('what can be read in two ways is not read: a name twice in one object, bytes that are not UTF-8', () => {
  const bounce = { messageId: id, mailbox: 'leads@horizon.example', status: '5.1.1' };
  const once = JSON.stringify({ bounces: [bounce] });
  expect(read('relais', once)).toHaveLength(1);
  const twice = once.replace('"mailbox"', '"mailbox":"other@horizon.example","mailbox"');
  expect(read('relais', twice)).toBeUndefined();
  expect(parsed(Buffer.from(once.replace('horizon', 'horiz\u00e9n'), 'latin1'))).toBeUndefined();
});

test('our own form is signed as Standard Webhooks: another secret, another body or another time does not hold', () => {
  const body = JSON.stringify({
    bounces: [{ messageId: id, mailbox: 'Leads@Horizon.example', status: '5.1.1' }],
  });
  const headers = {
    'webhook-id': 'b1',
    'webhook-timestamp': seconds,
    'webhook-signature': new Webhook(whsec).sign('b1', new Date(now), body),
  };
  const { isProved } = known('relais');
  expect(isProved(asked(body, headers), [whsec], now)).toBe(true);
  expect(isProved(asked(`${body} `, headers), [whsec], now)).toBe(false);
  expect(isProved(asked(body, headers), [`whsec_${Buffer.alloc(24, 4).toString('base64')}`], now)).toBe(
    false,
  );
  expect(isProved(asked(body, headers), [whsec], now + 301_000)).toBe(false);
  expect(isProved(asked(body), [whsec], now)).toBe(false);
  expect(read('relais', body)).toEqual([{ messageId: id, target: 'leads@horizon.example', code: '5.1.1' }]);
});

test('Brevo shows a token: another, none, a short one or an empty secret does not hold', () => {
  const { isProved } = known('brevo');
  const shown = (given: string): ToldRequest => asked({}, { authorization: given });
  expect(isProved(shown(`Bearer ${token}`), ['autre-jeton-de-plus-de-vingt', token], now)).toBe(true);
  for (const given of ['', 'Bearer ', 'Bearer x', token, `Basic ${token}`])
    expect(isProved(shown(given), [token, ''], now)).toBe(false);
  expect(isProved(shown('Bearer court'), ['court'], now)).toBe(false);
  expect(isProved(shown(`Bearer ${token}`), [], now)).toBe(false);
});

test('Brevo: its last words on a mail are read, alone or in a list; what it tries again itself is not', () => {
  const event = {
    event: 'hard_bounce',
    email: 'leads@horizon.example',
    'message-id': id,
    reason: '550 5.1.1 unknown',
    id: 1,
  };
  const said = { messageId: id, target: 'leads@horizon.example', code: '5.1.1' };
  expect(read('brevo', event)).toEqual([said]);
  expect(read('brevo', [event, { ...event, event: 'deferred' }, { ...event, event: 'delivered' }])).toEqual([
    said,
  ]);
  expect(read('brevo', { ...event, event: 'soft_bounce', reason: 'mailbox full' })).toEqual([
    { ...said, code: 'SOFT_BOUNCE' },
  ]);
});

test('Mailgun signs time and token: another key, or an old time, does not hold', () => {
  const { isProved } = known('mailgun');
  expect(isProved(asked(mailgunBody({})), [token], now)).toBe(true);
  expect(isProved(asked(mailgunBody({}, seconds, 'une-autre-cle-de-signature')), [token], now)).toBe(false);
  expect(isProved(asked(mailgunBody({})), [token], now + 10 * 3_600_000)).toBe(false);
  expect(isProved(asked('no JSON'), [token], now)).toBe(false);
});

test('Mailgun: a permanent failure is read, its Message-ID without brackets; a temporary one is its own matter', () => {
  const event = {
    event: 'failed',
    severity: 'permanent',
    reason: 'suppress-bounce',
    recipient: 'leads@horizon.example',
    message: { headers: { 'message-id': id.slice(1, -1) } },
    'delivery-status': {
      code: 605,
      message: '',
      description: 'Not delivering to previously bounced address',
    },
  };
  expect(read('mailgun', mailgunBody(event))).toEqual([
    { messageId: id.slice(1, -1), target: 'leads@horizon.example', code: 'SUPPRESS-BOUNCE' },
  ]);
  expect(read('mailgun', mailgunBody({ ...event, severity: 'temporary' }))).toEqual([]);
  expect(read('mailgun', {})).toBeUndefined();
});

test('SendGrid signs the body by its key: one byte more, another time or another key does not hold', () => {
  const body = JSON.stringify([
    { event: 'bounce', email: 'leads@horizon.example', 'smtp-id': id, status: '5.0.0' },
  ]);
  const { isProved } = known('sendgrid');
  expect(isProved(asked(body, sendgridHeaders(body)), [publicKey], now)).toBe(true);
  expect(isProved(asked(`${body} `, sendgridHeaders(body)), [publicKey], now)).toBe(false);
  expect(isProved(asked(body, sendgridHeaders(body)), [publicKey], now + 301_000)).toBe(false);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const wrong = other.export({ type: 'spki', format: 'der' }).toString('base64');
  expect(isProved(asked(body, sendgridHeaders(body)), [wrong, 'none'], now)).toBe(false);
  expect(read('sendgrid', body)).toEqual([{ messageId: id, target: 'leads@horizon.example', code: '5.0.0' }]);
});

test.each([
  ['null', null],
  ['a number', 7],
  ['a text', 'x'],
  ['a list of what are no events', [1, null, []]],
  ['more events than a provider sends', Array.from({ length: 5_001 }, () => ({ event: 'bounce' }))],
  ['no JSON', '{'],
])('a body that is %s is nobody’s', (_what, body) => {
  for (const name of ['brevo', 'sendgrid', 'mailgun', 'relais']) expect(read(name, body)).toBeUndefined();
});

test('what is no event among events is a bounce of no mail, which is alerted, and the others are read', () => {
  const event = { event: 'hard_bounce', email: 'leads@horizon.example', 'message-id': id };
  expect(read('brevo', [null, event, 7])).toEqual([
    { messageId: '', target: '', code: 'NOT_UNDERSTOOD' },
    { messageId: id, target: 'leads@horizon.example', code: 'HARD_BOUNCE' },
    { messageId: '', target: '', code: 'NOT_UNDERSTOOD' },
  ]);
  const bounce = { messageId: id, mailbox: 'leads@horizon.example', status: '5.1.1' };
  expect(read('relais', { bounces: ['x', bounce] })).toHaveLength(2);
});

test.each([
  ['values of other types', { event: 'hard_bounce', email: {}, 'message-id': [], reason: null }],
  ['a prototype', JSON.parse('{"event":"hard_bounce","__proto__":{"email":"x@y.example"}}') as object],
  ['nothing but the name', { event: 'hard_bounce' }],
])('%s in an event give empty texts, never an error', (_what, event) => {
  expect(read('brevo', event)).toEqual([{ messageId: '', target: '', code: 'HARD_BOUNCE' }]);
});

test.each([
  ['<dlv_7f3a5c2e@centre.example>', { key: 'dlv_7f3a5c2e', keyRun: 1 }],
  ['dlv_7f3a5c2e.r3@centre.example', { key: 'dlv_7f3a5c2e', keyRun: 3 }],
  ['<horizon.essai-file.42.mf3k@centre.example>', undefined],
  ['', undefined],
  ['<@>', undefined],
  [`<${'a'.repeat(100_000)}@x>`, undefined],
  ['<dlv_7f3a5c2e@centre.example> <dlv_8f3a5c2e@centre.example>', undefined],
])('the Message-ID %s', (text, named) => {
  expect(mailNamed(text)).toEqual(named);
});

test.each([
  [
    '<essai.essai-file.42.mx0du1nc@centre.example>',
    { clientId: 'essai', destinationId: 'essai-file', sequence: 42 },
  ],
  [
    'essai.essai-file.42.mx0du1nc@centre.example',
    { clientId: 'essai', destinationId: 'essai-file', sequence: 42 },
  ],
  ['<essai.essai-file.0.mx0du1nc@centre.example>', undefined],
  ['<dlv_7f3a5c2e.r3@centre.example>', undefined],
  ['<dlv_7f3a5c2e@centre.example>', undefined],
])('the Message-ID %s of a file', (text, named) => {
  expect(fileNamed(text)).toEqual(named);
});
