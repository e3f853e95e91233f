// A connector to copy, in no registry: one HTTPS request for each delivery, the recipient's id as the proof.
// Invariant: the host is authorised before a socket opens, and a preview shows no token.
import { defineConnector } from '../contract.ts';
import { createHttpClient } from '../guard/http/exchange.ts';
import { composeTemplate, sendTemplate, testTemplate } from './send.ts';
import { templateSettings, type TemplateSettings } from './settings.ts';
import { templateDrafting, templateStandIn, templateWords } from './shown.ts';

const client = createHttpClient();

export const template = defineConnector<TemplateSettings>({
  type: 'template',
  label: 'Template (HTTPS)',
  ...templateSettings,
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
  words: templateWords,
  drafting: templateDrafting,
  standIn: templateStandIn,
  compose: composeTemplate,
  send: (parcel, settings, context) => sendTemplate(client, parcel, settings, context),
  test: testTemplate,
  load: client.load,
  close: client.close,
});
