// Starts the endpoint that replaces a recipient in a trial: the hosts of the file lead to it.
// Invariant: only this endpoint can be reached, and no real secret is needed.
import { standInHost, type StandIn, type StandInServers } from '../contract.ts';
import { secretName } from '../guard.ts';
import { isAccess } from '../access/settings.ts';
import { webhookSettings, type WebhookSettings } from './settings.ts';

export async function webhookStandIn(
  all: readonly WebhookSettings[],
  servers: StandInServers,
): Promise<StandIn<WebhookSettings> | string> {
  const plain = all.filter(({ url }) => url.startsWith('http:')).length;
  if (plain > 0 && plain < all.length) return 'One call is http and another https: no stand-in answers both.';
  const hosts = [...new Set([...all.flatMap(webhookSettings.targets), standInHost])];
  return {
    server: await servers.http(hosts, { tls: plain === 0 }),
    hosts,
    settingsOf: letIn,
    secret: (name) => placeholder(name, all),
    allowedTargets: hosts,
  };
}

/** It gives no tokens and requires no certificate: a placeholder replaces them. */
function letIn(settings: WebhookSettings): WebhookSettings {
  const { tls: _tls, auth, ...rest } = settings;
  if (auth === undefined) return rest;
  return { ...rest, auth: isAccess(auth) ? { bearer: 'secret:SANDBOX_TOKEN' } : auth };
}

function placeholder(name: string, all: readonly WebhookSettings[]): string {
  if (all.some(({ url }) => secretName(url) === name)) return `https://${standInHost}/`;
  if (
    all.some(
      ({ signature }) =>
        signature !== undefined && 'standard' in signature && secretName(signature.standard) === name,
    )
  )
    return `whsec_${Buffer.from('sandbox placeholder, no secret').toString('base64')}`;
  return 'sandbox-placeholder';
}
