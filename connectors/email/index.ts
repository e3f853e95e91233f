// The email connector: one delivery is one mail with a lead sheet, accepted by the server or not.
// Invariant: only authorised mailboxes; TLS always, unless the operator allowed plaintext; the server's acceptance proves no reading.
import {
  defineConnector,
  standInHost,
  type SendContext,
  type Draft,
  type Drafting,
  type DraftRequest,
  type StandIn,
  type StandInServers,
} from '../contract.ts';
import { composeEmail } from './message.ts';
import { sendEmail, testEmail } from './send.ts';
import { pgpExpiry } from '../openpgp.ts';
import { readReturnMailbox } from './return-mailbox.ts';
import { emailSettingsSchema } from './settings-schema.ts';
import {
  checkEmailSettings,
  emailPlaces,
  emailSecretNames,
  mailboxesOf,
  type EmailSettings,
} from './settings.ts';
import { emailSigned } from './signed-words.ts';
import { createMailCarrier, type SmtpSessions } from '../mail/smtp.ts';

function draft({ to, format }: DraftRequest): Draft | undefined {
  if (to === undefined || !/^[^\s@/:]+@[^\s@]+$/.test(to)) return undefined;
  const address = to.toLowerCase();
  return {
    name: 'mail',
    lines: [
      'send:',
      `  to: ${address}`,
      '  from: leads@relais.example # TODO: the mailbox we send from',
      '  smtp: secret:SMTP_URL',
      "  subject: 'Nouveau lead {leadReference} {title}'",
      `  attachment: ${format}`,
    ],
    facts: { mailboxes: [address] },
    targets: [address],
    open: ['send.from: the mailbox we send from'],
  };
}

/** Drafts the `send` block of a mail destination. No secret in clear. */
const emailDrafting: Drafting = { to: 'mailbox', draft };

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

/**
 * Starts the mail server that replaces the recipient's in a trial. Only the mailboxes of the file are addressed,
 * and only this server is connected to.
 */
async function emailStandIn(
  all: readonly EmailSettings[],
  servers: StandInServers,
): Promise<StandIn<EmailSettings>> {
  const host = `smtp.${standInHost}`;
  const mailboxes = all.flatMap(mailboxesOf);
  const { user, password } = servers.login;
  return {
    server: await servers.mailbox(host, mailboxes),
    hosts: [host],
    // The keys are the operator's, and no receiver verifies a trial's signature.
    settingsOf: ({ dkim: _unsigned, openpgp: _readable, ...settings }) => ({
      ...settings,
      smtp: { host, port: 587, user, password: 'secret:SANDBOX' },
    }),
    secret: () => password,
    allowedTargets: mailboxes,
  };
}
