// Reads the bounces that mail providers report: their proof, and the mail and mailbox of each event.
// Invariant: nothing of a body is read before its proof is valid; of a provider's words only addresses and codes are kept.
import { createHmac, createPublicKey, verify } from 'node:crypto';
import {
  at,
  bounceOf,
  codeOf,
  eventsOf,
  fewestCharacters,
  isRaw,
  sameText,
  textAt,
  type Provider,
} from './bounce-events.ts';
import { parsed } from './sound-text.ts';
import { mailjet, postmark } from './bounces-by-login.ts';
import { ses } from './bounces-ses.ts';
import { isSigned, toleranceMs } from './verify.ts';

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
    const events = Array.isArray(bounces) ? eventsOf(bounces) : undefined;
    return events?.map((event) =>
      bounceOf(
        textAt(event, 'messageId'),
        textAt(event, 'mailbox'),
        codeOf([textAt(event, 'status')], 'unspecified'),
      ),
    );
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
    eventsOf(body)?.flatMap((event) => {
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
    eventsOf(body)?.flatMap((event) => {
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
