// Drafts the `send` block of a webhook.
// Invariant: no secret in clear; an address with a login is refused, not written.
import type { Draft, Drafting, DraftRequest } from '../contract.ts';

/** Without an address a webhook is assumed; for a CSV, a file. */
function draft({ to, clientId, secretPrefix, format }: DraftRequest): Draft | string | undefined {
  if (to === undefined && format === 'csv') return undefined;
  const url = URL.parse(to ?? `https://crm.${clientId}.example/leads`);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) return undefined;
  if (url.username !== '' || url.password !== '')
    return 'the address holds a login: write it as auth with secret:NAME instead.';
  const unknown = to === undefined ? " # TODO: the client's address; its host stands in client.yaml too" : '';
  return {
    name: 'crm',
    lines: [
      'send:',
      `  url: '${(to ?? url.href).replaceAll("'", "''")}'${unknown}`,
      `  # TODO: how the client knows us: auth: { bearer: secret:${secretPrefix}_TOKEN }, or basic, or header; see docs/mapping.md`,
    ],
    facts: { hosts: [url.hostname] },
    targets: [url.hostname],
    open: [
      ...(to === undefined ? ['send.url: the address is a placeholder'] : []),
      'send.auth: how the client knows us',
    ],
  };
}

export const webhookDrafting: Drafting = { to: 'https:// address', draft };
