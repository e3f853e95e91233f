// The text message connector: one delivery is one message through a provider's HTTP API, whose id is the proof.
// Invariant: the provider's host is authorised before a socket opens; no financial data, and no token in a preview.
import { defineConnector } from '../contract.ts';
import { createHttpClient } from '../guard/http/exchange.ts';
import { smsDrafting } from './draft.ts';
import { composeSms } from './message.ts';
import { sendSms, testSms } from './send.ts';
import {
  checkSmsSettings,
  smsInClear,
  smsPlaces,
  smsSecretNames,
  smsSettingsSchema,
  smsTargets,
} from './settings.ts';
import type { SmsSettings } from './settings.ts';
import { smsStandIn } from './stand-in.ts';
import { smsWords } from './words.ts';

const client = createHttpClient();

export const sms = defineConnector<SmsSettings>({
  type: 'sms',
  label: 'Text message (HTTPS)',
  settingsSchema: smsSettingsSchema,
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
  check: checkSmsSettings,
  targets: smsTargets,
  places: smsPlaces,
  inClear: smsInClear,
  secretNames: smsSecretNames,
  words: smsWords,
  drafting: smsDrafting,
  standIn: smsStandIn,
  compose: composeSms,
  send: (parcel, settings, context) => sendSms(client, parcel, settings, context),
  test: testSms,
  load: client.load,
  close: client.close,
});
