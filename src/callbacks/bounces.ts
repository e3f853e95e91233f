// Reads the bounces that mail providers report: their proof, and the mail and mailbox of each event.
// Invariant: nothing of a body is read before its proof is valid; of a provider's words only addresses and codes are kept.
import { createHmac, createPublicKey, verify } from 'node:crypto';
import {
  at,
  bounceOf,
  bouncesIn,
  codeOf,
  fewestCharacters,
  isRaw,
  sameText,
  textAt,
  type Provider,
  type ToldRequest,
} from './bounce-events.ts';
import { parsed, isSigned, toleranceMs } from './verify.ts';
import type { ReportedBounce } from '../delivery/background/provider-bounces.ts';
import { isSignedBySns, subscriptionAddress } from './sns.ts';

// Reads bounces of Postmark and Mailjet, which sign nothing: they prove themselves by the name and password of the called address, which
// arrive as Basic authentication.
// Invariant: both name a mail by a number of their own; only the value that our mail carried in their header identifies ours
// (connectors/mail/provider-headers.ts).

/** @param secrets `name:password`, as in the address */
function showsLogin({ header }: ToldRequest, secrets: readonly string[]): boolean {
  const given = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header('authorization') ?? '')?.[1];
  if (given === undefined) return false;
  const login = Buffer.from(given, 'base64').toString('utf8');
  return secrets.some((secret) => isLogin(secret) && sameText(login, secret));
}

const isLogin = (secret: string): boolean => {
  const colon = secret.indexOf(':');
  return colon > 0 && secret.length - colon - 1 >= fewestCharacters;
};

/**
 * Postmark's bounce types that are no bounce: delayed and tried again, an automatic or personal answer, or a mail that arrived.
 * Source: types of https://postmarkapp.com/developer/api/bounce-api.
 */
const notBounced: ReadonlySet<string> = new Set([
  'Transient',
  'AutoResponder',
  'Subscribe',
  'Unsubscribe',
  'AddressChange',
  'OpenRelayTest',
  'SpamComplaint',
  'InboundError',
]);

const postmark: Provider = {
  secret: 'BOUNCES_POSTMARK',
  isProved: showsLogin,
  read: (body) =>
    bouncesIn(body, (event) => {
      const type = textAt(event, 'Type');
      if (textAt(event, 'RecordType') !== 'Bounce' || type === '' || notBounced.has(type)) return [];
      const said = [textAt(event, 'Details'), textAt(event, 'Description')];
      return [bounceOf(ourName(at(event, 'Metadata')), textAt(event, 'Email'), codeOf(said, type))];
    }),
};

/** Our name of the mail, from the metadata; the mail library decides the case of its key, as header names have none. */
function ourName(metadata: unknown): string {
  const key = isRaw(metadata)
    ? Object.keys(metadata).find((name) => name.toLowerCase() === 'relais')
    : undefined;
  return key === undefined ? '' : textAt(metadata, key);
}

/** Mailjet tries such a mail again by itself (table of errors of its Event API). */
const triedAgain = 'greylisted';

const mailjet: Provider = {
  secret: 'BOUNCES_MAILJET',
  isProved: showsLogin,
  read: (body) =>
    bouncesIn(body, (event) => {
      const error = textAt(event, 'error');
      const name = textAt(event, 'event');
      if (!['bounce', 'blocked'].includes(name) || error === triedAgain) return [];
      return [bounceOf(textAt(event, 'CustomID'), textAt(event, 'email'), codeOf([], error || name))];
    }),
};

// Reads bounces of Amazon SES, which arrive through SNS: a notification that SNS signed, on a topic that the operator named.
// Invariant: SES writes a Message-ID of its own; ours is read from the original headers, or not at all.

export const ses: Provider = {
  secret: 'BOUNCES_SES',
  isProved: ({ body }, topics, now, sns) => isSignedBySns(parsed(body), topics, now, sns),
  asks: (body) => {
    const type = textAt(body, 'Type');
    if (type === 'UnsubscribeConfirmation') return { kind: 'ended' };
    const visit = type === 'SubscriptionConfirmation' ? subscriptionAddress(body) : undefined;
    return visit === undefined ? undefined : { kind: 'begin', visit };
  },
  read: (body) => {
    const message = at(body, 'Message');
    if (textAt(body, 'Type') !== 'Notification' || typeof message !== 'string') return undefined;
    const event = parsed(message);
    // The test message of SES for a topic is a sentence, no object.
    if (!isRaw(event)) return [];
    const isBounce = [textAt(event, 'notificationType'), textAt(event, 'eventType')].includes('Bounce');
    return isBounce ? bouncesOf(event) : [];
  },
};

function bouncesOf(event: unknown): readonly ReportedBounce[] | undefined {
  const mail = at(event, 'mail');
  const bounce = at(event, 'bounce');
  const recipients = at(bounce, 'bouncedRecipients');
  const messageId = textAt(mail, 'commonHeaders', 'messageId') || headerOf(at(mail, 'headers'));
  const sort = ['bounceType', 'bounceSubType'].map((name) => textAt(bounce, name)).join('_');
  if (!Array.isArray(recipients)) return undefined;
  return bouncesIn(recipients, (recipient) => {
    // "Out of office" arrives like this, without a failed delivery report; SES has retried other transient failures until it gave up.
    if (sort === 'Transient_General' && textAt(recipient, 'action') !== 'failed') return [];
    const said = ['status', 'diagnosticCode'].map((name) => textAt(recipient, name));
    return [bounceOf(messageId, textAt(recipient, 'emailAddress'), codeOf(said, sort))];
  });
}

/** The Message-ID among the original headers, `[{ name, value }]`. */
function headerOf(headers: unknown): string {
  const found = Array.isArray(headers)
    ? (headers as readonly unknown[]).find((header) => textAt(header, 'name').toLowerCase() === 'message-id')
    : undefined;
  return textAt(found, 'value');
}

/** Mailgun retries for eight hours with the time of its first try. */
const mailgunMs = 9 * 3_600_000;

/** Relais's own form, for a mail server or a script of the operator's. */
const relais: Provider = {
  secret: 'BOUNCES_RELAIS',
  isProved: ({ header, body }, secrets, now) =>
    isSigned(
      {
        id: header('webhook-id'),
        timestamp: header('webhook-timestamp'),
        signature: header('webhook-signature'),
        body,
      },
      secrets,
      now,
    ),
  read: (body) => {
    const bounces = at(body, 'bounces');
    if (!Array.isArray(bounces)) return undefined;
    return bouncesIn(bounces, (event) => [
      bounceOf(
        textAt(event, 'messageId'),
        textAt(event, 'mailbox'),
        codeOf([textAt(event, 'status')], 'unspecified'),
      ),
    ]);
  },
};

/** Brevo signs nothing: it sends the agreed token. */
const brevo: Provider = {
  secret: 'BOUNCES_BREVO',
  isProved: ({ header }, secrets) => {
    const given = /^Bearer (.+)$/i.exec(header('authorization') ?? '')?.[1] ?? '';
    return secrets.some((secret) => secret.length >= fewestCharacters && sameText(given, secret));
  },
  read: (body) =>
    bouncesIn(body, (event) => {
      const name = textAt(event, 'event');
      // Brevo itself retries `deferred`; the others are final.
      return ['hard_bounce', 'soft_bounce', 'blocked', 'invalid_email', 'error'].includes(name)
        ? [
            bounceOf(
              textAt(event, 'message-id'),
              textAt(event, 'email'),
              codeOf([textAt(event, 'reason')], name),
            ),
          ]
        : [];
    }),
};

const mailgun: Provider = {
  secret: 'BOUNCES_MAILGUN',
  isProved: ({ body }, secrets, now) => {
    const signature = at(parsed(body), 'signature');
    const timestamp = textAt(signature, 'timestamp');
    if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp) * 1_000) > mailgunMs) return false;
    const given = textAt(signature, 'signature').toLowerCase();
    return secrets.some(
      (secret) =>
        secret.length >= fewestCharacters &&
        sameText(
          given,
          createHmac('sha256', secret)
            .update(timestamp + textAt(signature, 'token'))
            .digest('hex'),
        ),
    );
  },
  read: (body) => {
    const event = at(body, 'event-data');
    if (!isRaw(event)) return undefined;
    // `temporary`: Mailgun itself retries.
    if (textAt(event, 'event') !== 'failed' || textAt(event, 'severity') !== 'permanent') return [];
    const status = at(event, 'delivery-status');
    const said = ['enhanced-code', 'message', 'description'].map((name) => textAt(status, name));
    return [
      bounceOf(
        textAt(event, 'message', 'headers', 'message-id'),
        textAt(event, 'recipient'),
        codeOf(said, textAt(event, 'reason') || 'failed'),
      ),
    ];
  },
};

const sendgrid: Provider = {
  secret: 'BOUNCES_SENDGRID',
  isProved: ({ header, body }, secrets, now) => {
    const timestamp = header('x-twilio-email-event-webhook-timestamp') ?? '';
    const signature = header('x-twilio-email-event-webhook-signature') ?? '';
    if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp) * 1_000) > toleranceMs)
      return false;
    return secrets.some((key) => isOfKey(key, Buffer.concat([Buffer.from(timestamp), body]), signature));
  },
  read: (body) =>
    bouncesIn(body, (event) => {
      const name = textAt(event, 'event');
      return ['bounce', 'dropped'].includes(name)
        ? [
            bounceOf(
              textAt(event, 'smtp-id'),
              textAt(event, 'email'),
              codeOf([textAt(event, 'status'), textAt(event, 'reason')], name),
            ),
          ]
        : [];
    }),
};

/** The public key as SendGrid shows it: base 64 of its DER. */
function isOfKey(key: string, signed: Buffer, signature: string): boolean {
  try {
    const der = { key: Buffer.from(key.trim(), 'base64'), format: 'der', type: 'spki' } as const;
    const publicKey = createPublicKey(der);
    return (
      publicKey.asymmetricKeyType === 'ec' &&
      verify('sha256', signed, publicKey, Buffer.from(signature, 'base64'))
    );
  } catch {
    return false;
  }
}

export const providers: Readonly<Record<string, Provider>> = {
  relais,
  brevo,
  mailgun,
  sendgrid,
  postmark,
  mailjet,
  ses,
};
