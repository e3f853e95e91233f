// Starts the SFTP server, folder or mailbox that replaces the recipient's in a trial, whatever the transport.
// Invariant: a file is written below the trial's own folder, under the path the file names.
import { standInHost, type StandIn, type StandInServers } from '../contract.ts';
import type { MailServer } from './mail/settings.ts';
import { flowTargets } from './places.ts';
import type { FlowSettings } from './settings.ts';
import { handOverOf } from './transports.ts';

export async function flowStandIn(
  [settings]: readonly FlowSettings[],
  servers: StandInServers,
): Promise<StandIn<FlowSettings> | string> {
  if (settings === undefined) return 'The file has no settings to try.';
  const { to } = settings;
  const place = to.replace(/^[^/]*\/*/, '');
  if (to.startsWith('local:')) {
    const folder = servers.folder(place);
    return {
      hosts: [],
      settingsOf: (own) => ({ ...readable(own), server: { folder } }),
      secret: () => undefined,
      allowedTargets: [to],
    };
  }
  if (handOverOf(settings.server) !== undefined) return await mailStandIn(settings, servers);
  const host = `sftp.${standInHost}`;
  const { user, password } = servers.login;
  const server = await servers.sftp(place);
  const hostKey = server.hostKey ?? '';
  return {
    server,
    hosts: [host],
    settingsOf: (own) => ({ ...readable(own), server: { host, user, password: 'secret:SANDBOX', hostKey } }),
    secret: () => password,
    allowedTargets: [to],
  };
}

async function mailStandIn(settings: FlowSettings, servers: StandInServers): Promise<StandIn<FlowSettings>> {
  const host = `smtp.${standInHost}`;
  const mailboxes = flowTargets(settings);
  const { user, password } = servers.login;
  return {
    server: await servers.mailbox(host, mailboxes),
    hosts: [host],
    settingsOf: (own) => {
      const { smtp: _own, dkim: _unsigned, ...server } = own.server as MailServer;
      return {
        ...readable(own),
        server: { ...server, smtp: { host, port: 587, user, password: 'secret:SANDBOX' } },
      };
    },
    secret: () => password,
    allowedTargets: mailboxes,
  };
}

/** The key is the client's: here the encrypted file could not be read. */
const readable = ({ openpgp: _sealed, ...own }: FlowSettings): Omit<FlowSettings, 'openpgp'> => own;
