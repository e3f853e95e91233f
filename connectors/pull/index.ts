// The pull connector, for clients without an endpoint: they fetch their leads and acknowledge them. Nothing is sent.
// Invariant: other code recognises it by `fetched`, never by its name.
import { defineConnector } from '../contract.ts';
import { composePull, sendPull, testPull } from './send.ts';
import { keptReason, leaseMsOf, pullSettings, type PullSettings } from './settings.ts';
import { pullDrafting, pullWords } from './shown.ts';

export const pull = defineConnector<PullSettings>({
  type: 'pull',
  label: 'Pull (HTTPS)',
  ...pullSettings,
  settingsKey: 'send',
  addressKey: 'fetchedBy',
  actions: ['create', 'update', 'erase'],
  maxItems: 1,
  makesCalls: false,
  formats: ['json'],
  sheet: false,
  answers: 'connector',
  protocol: 'http',
  targetKind: () => 'hosts',
  fetched: { leaseMs: leaseMsOf, reasonOf: keptReason },
  words: pullWords,
  drafting: pullDrafting,
  standIn: () =>
    Promise.resolve('Nothing is sent by this connector: the client fetches. A key tries it: docs/pull.md.'),
  compose: composePull,
  send: (_parcel, settings, context) => Promise.resolve(sendPull(settings, context)),
  test: (settings, context) => Promise.resolve(testPull(settings, context)),
});
