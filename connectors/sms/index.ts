// The text message connector: one delivery is one message through a provider's HTTP API, whose id is the proof.
// Invariant: the provider's host is authorised before a socket opens; no financial data, and no token in a preview.
import {
  defineConnector,
  type Draft,
  type Drafting,
  type DraftRequest,
  type StandIn,
  type StandInServers,
} from '../contract.ts';
import { createHttpClient } from '../guard/http/exchange.ts';
import { composeSms } from './message.ts';
import { sendSms, testSms } from './send.ts';
import { smsSettings, type SmsSettings } from './settings.ts';
import { smsWords } from './words.ts';

function draft({ to, secretPrefix, format }: DraftRequest): Draft | string | undefined {
  if (to === undefined || !/^sms\+https?:\/\//i.test(to)) return undefined;
  if (format !== 'json') return 'the draft of a text message needs a JSON sample.';
  const url = URL.parse(to.slice('sms+'.length));
  if (url === null) return 'the address of the provider is not complete: sms+https://host/path.';
  if (url.username !== '' || url.password !== '')
    return 'the address holds a login: write it as auth with secret:NAME instead.';
  return {
    name: 'sms',
    lines: [
      'send:',
      `  url: '${url.href.replaceAll("'", "''")}'`,
      `  auth: { bearer: secret:${secretPrefix}_SMS_TOKEN }`,
      '  sender: RELAIS # TODO: what the phone shows',
      "  # TODO: the number: to: '+33...', or a field recipient; the text: a field text (docs/sms.md)",
    ],
    facts: { hosts: [url.hostname] },
    targets: [url.hostname],
    open: ['send.sender: what the phone shows', 'send.to, or a field recipient: the number', 'a field text'],
  };
}

/**
 * Drafts the `send` block of a text message destination. No secret in clear; the scheme of the address is written
 * without its mark.
 */
const smsDrafting: Drafting = { to: 'sms+https://host/path', draft };

const client = createHttpClient();

export const sms = defineConnector<SmsSettings>({
  type: 'sms',
  label: 'Text message (HTTPS)',
  ...smsSettings,
  settingsKey: 'send',
  addressKey: 'url',
  actions: ['create', 'update', 'erase'],
  maxItems: 1,
  makesCalls: false,
  formats: ['json'],
  sheet: false,
  answers: 'connector',
  protocol: 'http',
  targetKind: () => 'hosts',
  noFinancial: () => ['SMS', 'text message'],
  words: smsWords,
  drafting: smsDrafting,
  standIn: smsStandIn,
  compose: composeSms,
  send: (parcel, settings, context) => sendSms(client, parcel, settings, context),
  test: testSms,
  load: client.load,
  close: client.close,
});

/**
 * Starts the endpoint that replaces the provider in a trial: it answers with an id where the file reads one. No
 * text message is sent, and no real token is needed.
 */
async function smsStandIn(
  [settings]: readonly SmsSettings[],
  servers: StandInServers,
): Promise<StandIn<SmsSettings> | string> {
  if (settings === undefined) return 'The file has no settings to try.';
  const hosts = smsSettings.targets(settings);
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
