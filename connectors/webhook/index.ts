// The webhook connector: one delivery is one HTTPS request, and the mapping's response rules judge the answer.
// Invariant: the target is authorised before a socket opens; an outcome has codes and numbers, never the answer's text.
import { defineConnector, type Draft, type Drafting, type DraftRequest } from '../contract.ts';
import { secretName } from '../guard.ts';
import { createHttpClient } from '../guard/http/exchange.ts';
import type { Transport } from '../guard/http/transport.ts';
import { testWebhook } from './reach.ts';
import { composeQuestion, composeWebhook } from './request.ts';
import { askWebhook, sendWebhook } from './send.ts';
import { webhookSettings, type WebhookSettings } from './settings.ts';
import { webhookStandIn } from './stand-in.ts';
import { certificateExpiry } from '../access/tls.ts';
import { webhookWords } from './words.ts';

/** Without an address a webhook is assumed; for a CSV, a file. */
function draft({ to, clientId, secretPrefix, format }: DraftRequest): Draft | string | undefined {
  if (to === undefined && format === 'csv') return undefined;
  const url = URL.parse(to ?? `https://crm.${clientId}.example/leads`);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) return undefined;
  if (url.username !== '' || url.password !== '')
    return 'the address holds a login: write it as auth with secret:NAME instead.';
  const unknown =
    to === undefined ? " # TODO: the client's address; its host is named in client.yaml too" : '';
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

/** Drafts the `send` block of a webhook. No secret in clear; an address with a login is refused, not written. */
const webhookDrafting: Drafting = { to: 'https:// address', draft };

/** @param transport of a test that answers in the recipient's place; otherwise sockets come from the guard */
export function createWebhookConnector(transport?: Transport) {
  const client = createHttpClient(transport);
  const lookup = askWebhook.bind(undefined, client);
  return defineConnector<WebhookSettings>({
    type: 'webhook',
    label: 'Webhook (HTTPS)',
    ...webhookSettings,
    settingsKey: 'send',
    addressKey: 'url',
    lookupKey: 'lookup',
    overlaid: ['headers'],
    actions: ['create', 'update', 'erase'],
    maxItems: 1,
    makesCalls: true,
    bodySecrets: true,
    formats: ['json', 'form', 'multipart', 'xml', 'soap', 'jsonRpc', 'xmlRpc', 'csv', 'none'],
    sheet: false,
    answers: 'rules',
    protocol: 'http',
    targetKind: () => 'hosts',
    signingSecret: ({ signature }) =>
      signature !== undefined && 'standard' in signature ? secretName(signature.standard) : undefined,
    expiries: ({ tls }, secret) => certificateExpiry(tls, secret),
    words: webhookWords,
    drafting: webhookDrafting,
    standIn: webhookStandIn,
    compose: composeWebhook,
    composeQuestion,
    send: sendWebhook.bind(undefined, client),
    lookup,
    test: (settings, context, question) => testWebhook(client, { lookup, question }, settings, context),
    load: () => Promise.all([client.load(), import('jose/jwt/sign')]),
    close: client.close,
  });
}

export const webhook = createWebhookConnector();
