// Sellsy has one list for all channels: what a change of opt-in does to the channels it is not about, on the simulated CRM.
import type { Action, Captured } from '../../connectors/contract.ts';
import type { ConsentChannel, ConsentState, Lead } from '../../src/domain/lead.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { SimulatedCrm } from '../../sandbox/simulators/simulator.ts';
import { readPresetFile } from '../../sandbox/trial/preset-folder.ts';
import { check, lead, mappingsRoot, presetTexts, situation } from './support.ts';

const example = (file: string): string =>
  readPresetFile(mappingsRoot, 'sellsy', `example/${file}`)
    .replace('id: client', 'id: demo')
    .replaceAll('client-crm', 'demo-crm');

function published(): CompiledMapping {
  const result = check(example('crm.yaml'), { ...presetTexts, 'demo/client.yaml': example('client.yaml') });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.mapping;
}

const mapping = published();
const identity = { lastName: 'Durand', email: 'e.durand@courriel.example', mobile: '+33639980001' };

/** @param answers each with the revision that brought it */
const person = (answers: Partial<Record<ConsentChannel, readonly [ConsentState, number]>>): Lead =>
  lead({
    identity,
    consents: Object.entries(answers).map(([channel, [state, leadRevision]]) => ({
      ...{ purpose: 'marketing' as const, channel: channel as ConsentChannel, state, leadRevision },
      ...{ recordedAt: new Date('2026-11-20T09:15:00Z'), wordingVersion: 'w3' },
      legalEntity: 'CLIENT EXEMPLE SAS',
    })),
  });

let crm: SimulatedCrm;
let bearer: string;
let captured: Captured;

const request = (
  method: string,
  address: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
) => {
  const url = new URL(address, 'https://api.sellsy.com');
  const { pathname: path, searchParams: query } = url;
  return crm.answer({ method, path, query, headers, body: Buffer.from(body), beside: 0 });
};

beforeEach(() => {
  const secrets = { SELLSY_CLIENT_ID: 'nous', SELLSY_CLIENT_SECRET: 'cle' };
  const opened = simulatorOf('sellsy')?.open({ secrets, strangers: [], now: () => 0 });
  if (opened === undefined) throw new Error('no simulator');
  crm = opened;
  captured = {};
  const form = 'grant_type=client_credentials&client_id=nous&client_secret=cle';
  const { body = '{}' } = request('POST', '/oauth2/access-tokens', {}, Buffer.from(form));
  bearer = (JSON.parse(body) as { readonly access_token: string }).access_token;
});

/** Makes the calls of one delivery, one after the other. @param told revision up to which the recipient has accepted each answer */
function deliver(whose: Lead, action: Action, told = 0): readonly string[] {
  const known = new Map(whose.consents.map(({ purpose, channel }) => [`${purpose}.${channel}`, told]));
  const made: string[] = [];
  for (const { name, settings, applies } of mapping.actions[action]?.calls ?? []) {
    const own = situation({ action, call: name, captured, ...(told === 0 ? {} : { told: known }) });
    if (!applies(whose, own)) continue;
    const result = mapping.apply(whose, own);
    if (!result.ok) throw new Error(`${name}: ${JSON.stringify(result)}`);
    const { bytes } = mapping.write([result.record], action, undefined, name);
    const { method = 'POST', url } = settings as { readonly method?: string; readonly url: string };
    const address = url.replace('{individual.id}', String(captured['individual.id']));
    const {
      status,
      headers = {},
      body = '',
    } = request(method, address, { authorization: `Bearer ${bearer}` }, bytes);
    const answer = { status, headers, mediaType: 'application/json', text: body, truncated: false };
    const outcome = mapping.classify(answer, action, { action, name });
    if (outcome.kind !== 'accepted') throw new Error(`${name}: ${JSON.stringify(outcome)}`);
    captured = { ...captured, ...('captures' in outcome ? outcome.captures : {}) };
    made.push(name);
  }
  return made;
}

const may = (): unknown => crm.records().at(-1)?.mayContact;
const unsubscribed = (): void => crm.unsubscribes?.(crm.records().at(-1)?.id ?? '');

test('a channel that was taken off there does not come back with a later yes for another one', () => {
  deliver(person({ email: ['granted', 1], phone: ['refused', 1] }), 'create');
  expect(may()).toEqual({ email: true, phone: false });
  unsubscribed();
  const made = deliver(person({ email: ['granted', 1], phone: ['granted', 2] }), 'update', 1);
  expect(made).toEqual(['before_email', 'before_phone', 'phone_on', 'proof', 'individual']);
  expect(may()).toEqual({ email: false, phone: true });
});

test('our no takes our channel off, and leaves the others as they are, even where none is left', () => {
  deliver(person({ email: ['granted', 1], phone: ['granted', 1] }), 'create');
  deliver(person({ email: ['granted', 1], phone: ['withdrawn', 2] }), 'update', 1);
  expect(may()).toEqual({ email: true, phone: false });
  deliver(person({ email: ['withdrawn', 3], phone: ['withdrawn', 2] }), 'update', 2);
  expect(may()).toEqual({ email: false, phone: false });
});

test('a channel that the client put in by hand stays', () => {
  deliver(person({ email: ['granted', 1], phone: ['refused', 1] }), 'create');
  const list = JSON.stringify({
    ...{ type: 'prospect', last_name: 'Durand' },
    marketing_campaigns_subscriptions: ['postal_mail', 'email', 'sms'],
  });
  const address = `/v2/individuals/${String(captured['individual.id'])}`;
  const headers = { authorization: `Bearer ${bearer}` };
  request('PUT', address, headers, Buffer.from(list));
  deliver(person({ email: ['withdrawn', 2], phone: ['granted', 2] }), 'update', 1);
  const { body = '' } = request('GET', address, headers, Buffer.alloc(0));
  expect(JSON.parse(body)).toMatchObject({
    marketing_campaigns_subscriptions: ['postal_mail', 'sms', 'phone'],
  });
});

test('a channel taken off there comes back with a new yes for itself alone', () => {
  deliver(person({ email: ['granted', 1], phone: ['granted', 1] }), 'create');
  unsubscribed();
  deliver(person({ email: ['granted', 2], phone: ['granted', 1] }), 'update', 1);
  expect(may()).toEqual({ email: true, phone: true });
});
