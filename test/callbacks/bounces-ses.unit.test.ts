// What Amazon SES tells through SNS: whose signature holds, what is fetched for it, and which mail and mailbox it means.
import { generateKeyPairSync } from 'node:crypto';
import type { Proved } from '../../src/callbacks/bounce-events.ts';
import { parsed } from '../../src/callbacks/verify.ts';
import { ses } from '../../src/callbacks/bounces.ts';
import type { SnsPlace } from '../../src/callbacks/sns-place.ts';
import {
  certificatePath,
  confirmation,
  notification,
  sesBounce,
  signedSns,
  snsHost,
  topic,
} from './sns-messages.ts';

const at = new Date('2026-11-20T12:00:00Z');
const now = at.getTime();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const messageId = '<dlv_7f3a5c2e-4b1d@centre.example>';
const mailbox = 'leads@horizon.example';
const bounce = sesBounce({ messageId, mailbox });
type Fields = Readonly<Record<string, unknown>>;

let fetched: string[];
beforeEach(() => (fetched = []));
const place = (key: Awaited<ReturnType<SnsPlace['certificate']>> = rsa.publicKey): SnsPlace => ({
  certificate: (address) => {
    fetched.push(address);
    return Promise.resolve(key);
  },
  confirm: () => Promise.resolve(false),
  close: () => Promise.resolve(),
});
const proved = async (
  message: unknown,
  topics: readonly string[] = [topic],
  sns = place(),
): Promise<Proved> => {
  const body = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
  return await ses.isProved({ header: () => undefined, body }, topics, now, sns);
};
const signed = (over: Fields = {}): Fields => signedSns(rsa.privateKey, notification(bounce, at, over));

test.each(['1', '2'] as const)(
  'a signature of version %s holds, with a subject and without, and of a confirmation',
  async (version) => {
    const { Subject: _subject, ...plain } = notification(bounce, at);
    for (const fields of [
      notification(bounce, at),
      plain,
      confirmation(at),
      confirmation(at, 'UnsubscribeConfirmation'),
    ])
      expect(await proved(signedSns(rsa.privateKey, fields, version))).toBe(true);
    expect(fetched[0]).toBe(`https://${snsHost}${certificatePath}`);
  },
);

const elsewise: Readonly<Record<string, string>> = {
  Timestamp: '2026-11-20T12:00:00.001Z',
  Type: 'UnsubscribeConfirmation',
  SignatureVersion: '1',
};

test.each([
  'Message',
  'MessageId',
  'Subject',
  'Timestamp',
  'TopicArn',
  'Type',
  'Signature',
  'SignatureVersion',
])('with another %s than was signed it does not', async (name) => {
  expect(await proved({ ...signed(), [name]: elsewise[name] ?? 'x' }, [topic, 'x'])).toBe(false);
});

test.each(['SubscribeURL', 'Token'])(
  'a confirmation with another %s than was signed does not',
  async (name) => {
    const message = signedSns(rsa.privateKey, confirmation(at));
    expect(await proved({ ...message, [name]: `https://${snsHost}/?Action=Other` })).toBe(false);
  },
);

test('another key, another version, no text or no object does not hold', async () => {
  expect(await proved(signedSns(other.privateKey, notification(bounce, at)))).toBe(false);
  expect(await proved({ ...signed(), SignatureVersion: '3' })).toBe(false);
  expect(await proved({ ...signed(), SignatureVersion: 'constructor' })).toBe(false);
  expect(await proved({ ...signed(), Type: 'toString' })).toBe(false);
  expect(await proved({ ...signed(), Message: { toString: 'x' } })).toBe(false);
  for (const body of ['no JSON', '[]', 'null', '{}', '"x"']) expect(await proved(body)).toBe(false);
});

test('a topic that nobody named is refused before anything is fetched, and so is an old message', async () => {
  expect(await proved(signed(), [])).toBe(false);
  expect(await proved(signed(), [`${topic}2`, ''])).toBe(false);
  expect(await proved(signed({ TopicArn: 'arn:aws:sns:eu-west-3:999999999999:foreign' }))).toBe(false);
  for (const time of ['2026-11-20T09:59:59.000Z', '2026-11-20T14:00:01.000Z', 'yesterday', 7])
    expect(await proved(signed({ Timestamp: time }))).toBe(false);
  expect(fetched).toEqual([]);
  expect(await proved(signed({ Timestamp: '2026-11-20T10:00:01.000Z' }))).toBe(true);
});

test.each([
  `http://${snsHost}${certificatePath}`,
  `https://${snsHost}.evil.example${certificatePath}`,
  `https://evil.example/${snsHost}${certificatePath}`,
  `https://relais@evil.example:443@${snsHost}${certificatePath}`,
  `https://${snsHost}:8443${certificatePath}`,
  `https://${snsHost}/other${certificatePath}`,
  `https://${snsHost}/?Action=Publish&${certificatePath}`,
  `https://${snsHost}${certificatePath}?x=1`,
  `https://${snsHost}${certificatePath}\n`,
  `https://s3.eu-west-3.amazonaws.com/bucket${certificatePath}`,
  `https://sns.eu-west-3.amazonaws.com.s3.amazonaws.com${certificatePath}`,
  'https://sns.x.amazonaws.com/SimpleNotificationService-1.pem',
  ['https://sns.eu-west-3.amazonaws.com/SimpleNotificationService-1.pem'],
])('a certificate at %s is not fetched', async (address) => {
  expect(await proved({ ...signed(), SigningCertURL: address })).toBe(false);
  expect(fetched).toEqual([]);
});

test('where the certificate cannot be had now, it is to be told again; where there is none, it is refused', async () => {
  expect(await proved(signed(), [topic], place('later'))).toBe('later');
  const none: SnsPlace = { ...place(), certificate: () => Promise.resolve(undefined) };
  expect(await proved(signed(), [topic], none)).toBe(false);
});

const said = { messageId, target: mailbox, code: '5.1.1' };
const told = (event: unknown) => ses.read(parsed(Buffer.from(JSON.stringify(notification(event, at)))));

test('a bounce of a configuration set and one of an identity are read, by the original Message-ID', () => {
  expect(told(bounce)).toEqual([said]);
  const { eventType: _type, ...rest } = bounce;
  expect(told({ ...rest, notificationType: 'Bounce' })).toEqual([said]);
  const { commonHeaders: _common, ...mail } = bounce['mail'] as Fields;
  expect(told({ ...bounce, mail })).toEqual([said]);
  // Original headers not included: the number of SES names nothing of ours.
  const { headers: _headers, ...bare } = mail as Fields;
  expect(told({ ...bounce, mail: bare })).toEqual([{ ...said, messageId: '' }]);
});

test.each([
  ['Transient', 'MailboxFull', {}, 'TRANSIENT_MAILBOXFULL'],
  ['Transient', 'General', { action: 'failed', status: '4.4.7' }, '4.4.7'],
  ['Undetermined', 'Undetermined', {}, 'UNDETERMINED_UNDETERMINED'],
  ['Permanent', 'OnAccountSuppressionList', {}, 'PERMANENT_ONACCOUNTSUPPRESSIONLIST'],
])('%s, %s is the last word of SES', (type, subType, recipient, code) => {
  expect(told(sesBounce({ messageId, mailbox, type, subType, recipient }))).toEqual([{ ...said, code }]);
});

test('a notice of absence, a delay, a complaint and the sentence that tries the topic are none', () => {
  const absent = { messageId, mailbox, type: 'Transient', subType: 'General', recipient: {} };
  expect(told(sesBounce(absent))).toEqual([]);
  for (const eventType of ['DeliveryDelay', 'Complaint', 'Delivery'])
    expect(told({ ...bounce, eventType })).toEqual([]);
  expect(told('Successfully validated SNS topic for Amazon SES event publishing.')).toEqual([]);
  expect(told({ notificationType: 'AmazonSnsSubscriptionSucceeded' })).toEqual([]);
});

test.each([
  ['no list of recipients', { ...bounce, bounce: { bounceType: 'Permanent', bouncedRecipients: 7 } }],
  ['recipients of another type', { ...bounce, bounce: { bouncedRecipients: ['x', null] } }],
])('%s are nobody’s', (_what, event) => {
  expect(told(event)).toBeUndefined();
  expect(ses.read({ Type: 'Notification' })).toBeUndefined();
  expect(ses.read(null)).toBeUndefined();
});

test('a subscription asks for a visit of SNS and nowhere else; its end is said', () => {
  const asked = (over: Fields) => ses.asks?.(confirmation(at, 'SubscriptionConfirmation', over));
  const address = confirmation(at)['SubscribeURL'];
  expect(asked({})).toEqual({ kind: 'begin', visit: address });
  for (const visit of [
    'http://sns.eu-west-3.amazonaws.com/?Action=x',
    'https://evil.example/?x',
    7,
    `${String(address)} x`,
  ])
    expect(asked({ SubscribeURL: visit })).toBeUndefined();
  expect(ses.read(confirmation(at))).toBeUndefined();
  expect(ses.asks?.(confirmation(at, 'UnsubscribeConfirmation'))).toEqual({ kind: 'ended' });
  expect(ses.asks?.(notification(bounce, at))).toBeUndefined();
});
