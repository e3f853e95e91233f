// The SFTP server, or the folder, that stands in for the recipient's in a trial, whatever the file travels by.
// Invariant: a file lands below the trial's own folder, under the path the file names.
import { standInHost } from '../contract.ts';
import type { StandIn, StandInServers } from '../contract.ts';
import type { FlowSettings } from './settings.ts';

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

/** Its key is its client's: nobody could open what it encrypts. */
const readable = ({ openpgp: _sealed, ...own }: FlowSettings): Omit<FlowSettings, 'openpgp'> => own;
