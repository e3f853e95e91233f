// Starts the mail server that replaces the recipient's in a trial.
// Invariant: only the mailboxes of the file are addressed, and only this server is connected to.
import { standInHost } from '../contract.ts';
import type { StandIn, StandInServers } from '../contract.ts';
import { mailboxesOf } from './settings.ts';
import type { EmailSettings } from './settings.ts';

export async function emailStandIn(
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
