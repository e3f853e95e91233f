// Starts the endpoint that replaces the provider in a trial: it answers with an id where the file reads one.
// Invariant: no text message is sent, and no real token is needed.
import type { StandIn, StandInServers } from '../contract.ts';
import { smsTargets } from './settings.ts';
import type { SmsSettings } from './settings.ts';

export async function smsStandIn(
  [settings]: readonly SmsSettings[],
  servers: StandInServers,
): Promise<StandIn<SmsSettings> | string> {
  if (settings === undefined) return 'The file has no settings to try.';
  const hosts = smsTargets(settings);
  const { answerWith, ...server } = await servers.http(hosts, { tls: !/^http:/i.test(settings.url) });
  const body = (settings.reference ?? 'id')
    .split('.')
    .reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'SANDBOX-1');
  answerWith?.({
    status: 201,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return {
    server,
    hosts,
    settingsOf: (own) => own,
    secret: () => 'sandbox-placeholder',
    allowedTargets: hosts,
  };
}
