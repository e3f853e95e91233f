// For clients without an endpoint: they come for their leads, and say what they took. Nothing is sent.
// Invariant: what does not fit a connector that sends is said by `fetched`, and nowhere by its name.
import { defineConnector } from '../contract.ts';
import { composePull, sendPull, testPull } from './send.ts';
import {
  checkPullSettings,
  keptReason,
  leaseMsOf,
  pullPlaces,
  pullSettingsSchema,
  pullTargets,
  type PullSettings,
} from './settings.ts';
import { pullDrafting, pullWords } from './shown.ts';

export const pull = defineConnector<PullSettings>({
  type: 'pull',
  label: 'Pull (HTTPS)',
  settingsSchema: pullSettingsSchema,
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
  check: checkPullSettings,
  targets: pullTargets,
  places: pullPlaces,
  secretNames: () => [],
  words: pullWords,
  drafting: pullDrafting,
  standIn: () =>
    Promise.resolve('Nothing is sent by this connector: the client fetches. A key tries it: docs/pull.md.'),
  compose: composePull,
  send: (_parcel, settings, context) => Promise.resolve(sendPull(settings, context)),
  test: (settings, context) => Promise.resolve(testPull(settings, context)),
});
