// The email connector: one delivery is one mail with a lead sheet, accepted by the server or not.
// Invariant: only authorised mailboxes; TLS always, unless the operator allowed plaintext; the server's acceptance proves no reading.
import { defineConnector } from '../contract.ts';
import type { SendContext } from '../contract.ts';
import { emailDrafting } from './draft.ts';
import { composeEmail } from './message.ts';
import { sendEmail, testEmail } from './send.ts';
import { pgpExpiry } from '../openpgp.ts';
import { readReturnMailbox } from './return-mailbox.ts';
import { emailSettingsSchema } from './settings-schema.ts';
import { checkEmailSettings, emailPlaces, emailSecretNames, mailboxesOf } from './settings.ts';
import type { EmailSettings } from './settings.ts';
import { emailSigned } from './signed-words.ts';
import { createMailCarrier } from '../mail/smtp.ts';
import type { SmtpSessions } from '../mail/smtp.ts';
import { emailStandIn } from './stand-in.ts';

/** @param nameServers resolvers for DKIM keys; the system's when absent */
export function createEmailConnector({ nameServers }: { readonly nameServers?: readonly string[] } = {}) {
  const carrier = createMailCarrier();
  const sessionsFor = ({ network }: SendContext): SmtpSessions => carrier.sessions(network);
  return defineConnector<EmailSettings>({
    type: 'email',
    label: 'Email (SMTP)',
    settingsSchema: emailSettingsSchema,
    settingsKey: 'send',
    addressKey: 'to',
    actions: ['create', 'update', 'erase'],
    maxItems: 1,
    takenPartly: true,
    makesCalls: false,
    formats: ['none', 'csv', 'xml', 'json'],
    sheet: true,
    answers: 'connector',
    protocol: 'smtp',
    targetKind: () => 'mailboxes',
    impersonal: ({ content }) => content === 'notice',
    noFinancial: () => ['e-mail', 'mail'],
    check: checkEmailSettings,
    targets: mailboxesOf,
    places: emailPlaces,
    secretNames: emailSecretNames,
    returns: {
      expected: ({ returnPath }) => returnPath !== undefined,
      read: readReturnMailbox,
    },
    expiries: ({ openpgp }, secret, now) => pgpExpiry(openpgp, secret, now),
    words: emailSigned,
    drafting: emailDrafting,
    standIn: emailStandIn,
    compose: composeEmail,
    send: (parcel, settings, context) => sendEmail(sessionsFor(context), parcel, settings, context),
    test: (settings, context) => testEmail(sessionsFor(context), settings, context, nameServers),
    load: () =>
      Promise.all([
        import('nodemailer/lib/mail-composer'),
        import('nodemailer/lib/smtp-connection'),
        import('openpgp'),
      ]),
    async close() {
      carrier.close();
      await Promise.resolve();
    },
  });
}

export const email = createEmailConnector();
