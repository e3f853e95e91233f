// Messages as Amazon SNS posts them, signed by a key of the test: the fields of its documentation, invented persons and accounts.
import { sign, type KeyLike } from 'node:crypto';

export const topic = 'arn:aws:sns:eu-west-3:123456789012:relais-bounces';
export const snsHost = 'sns.eu-west-3.amazonaws.com';
export const certificatePath = '/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem';

type Fields = Readonly<Record<string, unknown>>;

/** What SNS signs, written out by hand: the order of its documentation. */
const lines: Readonly<Record<string, readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: [
    'Message',
    'MessageId',
    'SubscribeURL',
    'Timestamp',
    'Token',
    'TopicArn',
    'Type',
  ],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
};

export function signedSns(key: KeyLike, fields: Fields, version: '1' | '2' = '2'): Fields {
  const text = (lines[String(fields['Type'])] ?? [])
    .filter((name) => name in fields)
    .map((name) => `${name}\n${String(fields[name])}\n`)
    .join('');
  const Signature = sign(version === '1' ? 'RSA-SHA1' : 'RSA-SHA256', Buffer.from(text), key);
  return {
    ...fields,
    SignatureVersion: version,
    Signature: Signature.toString('base64'),
    SigningCertURL: `https://${snsHost}${certificatePath}`,
  };
}

export const notification = (message: unknown, at: Date, over: Fields = {}): Fields => ({
  Type: 'Notification',
  MessageId: '165545c9-2a5c-472c-8df2-7ff2be2b3b1b',
  TopicArn: topic,
  Subject: 'Amazon SES Email Event Notification',
  Message: typeof message === 'string' ? message : JSON.stringify(message),
  Timestamp: at.toISOString(),
  ...over,
});

export const confirmation = (
  at: Date,
  type: 'SubscriptionConfirmation' | 'UnsubscribeConfirmation' = 'SubscriptionConfirmation',
  over: Fields = {},
): Fields => ({
  Type: type,
  MessageId: '3d891288-136d-417f-bc05-901c108273ee',
  Token: '2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92768dd60a',
  TopicArn: topic,
  Message: `You have chosen to subscribe to the topic ${topic}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
  SubscribeURL: `https://${snsHost}/?Action=ConfirmSubscription&TopicArn=${topic}&Token=2336412f37fb687f`,
  Timestamp: at.toISOString(),
  ...over,
});

interface Bounced {
  readonly messageId: string;
  readonly mailbox: string;
  readonly type?: string;
  readonly subType?: string;
  readonly recipient?: Fields;
}

/** A bounce event of a configuration set, as the SES developer guide shows it. */
export const sesBounce = ({
  messageId,
  mailbox,
  type = 'Permanent',
  subType = 'General',
  recipient = { action: 'failed', status: '5.1.1', diagnosticCode: 'smtp; 550 5.1.1 user unknown' },
}: Bounced): Fields => ({
  eventType: 'Bounce',
  bounce: {
    bounceType: type,
    bounceSubType: subType,
    bouncedRecipients: [{ emailAddress: mailbox, ...recipient }],
    timestamp: '2026-11-20T11:59:02.669Z',
    feedbackId: '01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000',
    reportingMTA: 'dsn; mta.horizon.example',
  },
  mail: {
    timestamp: '2026-11-20T11:58:02.012Z',
    source: 'Relais <relais@centre.example>',
    sendingAccountId: '123456789012',
    messageId: 'EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000',
    destination: [mailbox],
    headersTruncated: false,
    headers: [
      { name: 'From', value: 'Relais <relais@centre.example>' },
      { name: 'Message-ID', value: messageId },
    ],
    commonHeaders: { from: ['Relais <relais@centre.example>'], to: [mailbox], messageId },
    tags: { 'ses:configuration-set': ['relais'] },
  },
});
