// Where the settings of a flow lead, and the names of their secrets. Pure.
// Invariant: what is compared with contract and authorisation is the place as the file names it.
import { namesAmong } from '../guard.ts';
import { isLocal } from './settings.ts';
import type { FlowSettings } from './settings.ts';

export function flowTargets(settings: FlowSettings): readonly string[] {
  return [settings.to];
}

export const flowDials = ({ server }: FlowSettings): readonly string[] =>
  isLocal(server) ? [] : [server.host.toLowerCase()];

/** The server and the folder on it; the name before the folder is only ours. */
export function flowPlaces({ to, server }: FlowSettings): readonly string[] {
  const where = isLocal(server) ? server.folder : `${server.host}:${server.port ?? 22}`;
  const place = `${where.replace(/\/+$/, '')}/${to.replace(/^[^/]*/, '')}`;
  return [place.toLowerCase().replaceAll(/\/+/g, '/').replace(/\/$/, '')];
}

export function flowSecretNames({ server }: FlowSettings): readonly string[] {
  return isLocal(server)
    ? []
    : namesAmong([server.user, server.password, server.privateKey, server.passphrase]);
}
