// Lists the places that the settings of a flow lead to, and the names of their secrets. Pure.
// Invariant: contract and authorisation are compared with the place as the file names it.
import { namesAmong } from '../guard.ts';
import { pgpTexts } from '../openpgp.ts';
import type { FlowSettings } from './settings.ts';
import { transportOf } from './transports.ts';

export function flowTargets(settings: FlowSettings): readonly string[] {
  const { to, server } = settings;
  return transportOf(server).handOver?.targets(to) ?? [to];
}

export const flowDials = ({ server }: FlowSettings): readonly string[] => transportOf(server).hosts(server);

/** The server and the folder on it; the part of `to` before the folder is only our name. */
export function flowPlaces(
  { to, server }: FlowSettings,
  resolve: (text: string) => string,
): readonly string[] {
  const { handOver } = transportOf(server);
  if (handOver !== undefined) return handOver.targets(to);
  const root = transportOf(server).root(server, resolve);
  const place = `${root.replace(/\/+$/, '')}/${to.replace(/^[^/]*/, '')}`;
  return [place.toLowerCase().replaceAll(/\/+/g, '/').replace(/\/$/, '')];
}

export const flowSecretNames = ({ server, openpgp }: FlowSettings): readonly string[] =>
  namesAmong([...transportOf(server).secrets(server), ...pgpTexts(openpgp)]);
