// A test lead is asked for by our reference, compared with what was sent, and removed: against simulated CRMs.
import { join } from 'node:path';
import type { Connector, Parcel, SendContext } from '../../connectors/contract.ts';
import { connectors } from '../../connectors/index.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { checkSources } from '../../src/mapping/check.ts';
import { readPresetFile } from '../../sandbox/trial/preset-folder.ts';
import { espocrm } from '../../sandbox/simulators/espocrm.ts';
import { tryton } from '../../sandbox/simulators/tryton.ts';
import { bodyOf, type CrmRequest, type SimulatedCrm } from '../../sandbox/simulators/simulator.ts';
import { notKept, readBackAndRemove } from '../../src/support/test-leads/came-back.ts';
import { testLead } from '../../src/support/test-leads/recipient.ts';
import { sendTrial, wentWell, type TrialInput } from '../../src/support/test-leads/trial.ts';
import { mappingsRoot, presetTexts } from '../mapping/support.ts';

/** @param more is added to its crm.yaml */
function exampleOf(preset: string, more = ''): CompiledMapping {
  const example = (file: string): string => readPresetFile(mappingsRoot, preset, join('example', file));
  const files = {
    ...presetTexts,
    'client/client.yaml': example('client.yaml').replace(/^hosts: \[/m, 'hosts: [essai.client.example, '),
    'client/crm.yaml': `${example('crm.yaml')}${more}`,
  };
  const sources = { clientId: 'client', destinationId: 'client-crm', main: 'client/crm.yaml', files };
  const checked = checkSources(sources, { connectors });
  if (!checked.ok) throw new Error(`the preset does not compile: ${JSON.stringify(checked.problems)}`);
  return checked.mapping;
}

/** Carries to a simulated EspoCRM that drops these fields, as the real one drops those that are read-only. */
function carrierTo(crm: SimulatedCrm, dropped: readonly string[]): Connector {
  const ask = async (
    request: Partial<CrmRequest>,
    stage: Parcel['action'] | 'lookup',
    context: SendContext,
  ) => {
    const headers = { 'x-api-key': 'cle', 'x-skip-duplicate-check': 'true' };
    const body = Buffer.alloc(0);
    const query = new URLSearchParams();
    const all = { method: 'GET', path: '/api/v1/Lead', query, headers, body, beside: 0, ...request };
    const data = Object.entries(bodyOf(all) ?? {}).filter(([name]) => !dropped.includes(name));
    const kept =
      data.length === 0 ? all : { ...all, body: Buffer.from(JSON.stringify(Object.fromEntries(data))) };
    const { status, headers: said = {}, body: text = '' } = crm.answer(kept);
    const answer = { status, headers: said, mediaType: said['content-type'] ?? '', text, truncated: false };
    return await context.classify(stage === 'lookup' ? { ...answer, asked: 'TEST-1' } : answer, stage);
  };
  const search = new URLSearchParams({
    'where[0][type]': 'equals',
    'where[0][attribute]': 'cRelaisReference',
    'where[0][value]': 'TEST-1',
  });
  return {
    compose: () => ({ target: '', head: [], attachments: [] }),
    lookup: (_parcel: Parcel, _settings: unknown, context: SendContext) =>
      ask({ query: search }, 'lookup', context),
    send: ({ action, items, body }: Parcel, _settings: unknown, context: SendContext) =>
      action === 'create'
        ? ask({ method: 'POST', body: Buffer.from(body.bytes) }, action, context)
        : ask(
            { method: 'DELETE', path: `/api/v1/Lead/${items[0]?.recipientReference ?? ''}` },
            action,
            context,
          ),
  } as unknown as Connector;
}

const openEspo = () => espocrm.open({ secrets: { ESPO_KEY: 'cle' }, strangers: [], now: () => 0 });

async function tried(dropped: readonly string[]) {
  const crm = openEspo();
  return { crm, ...(await triedBy(exampleOf('espocrm'), carrierTo(crm, dropped))) };
}

async function triedBy(mapping: CompiledMapping, connector: Connector) {
  const now = new Date('2026-11-28T10:00:00Z');
  const lead = testLead(mapping, { files: {} }, { reference: 'TEST-1', now });
  if (lead === undefined) throw new Error('no lead');
  const input: TrialInput = {
    ...{ mapping, lead, whole: {}, connector, now: () => now },
    categories: mapping.client.categories,
    place: {
      ...{ kind: 'client', settingsOf: () => ({}), secrets: () => [], allowedTargets: [] },
      network: { mode: 'test' } as unknown as SendContext['network'],
      close: () => Promise.resolve(),
    },
  };
  const sent = await sendTrial(input);
  return { isTaken: wentWell(sent), ...(await readBackAndRemove(input, sent, { removes: true })) };
}

test('one that was kept whole is found, and removed', async () => {
  const { crm, isTaken, isWhole, notes } = await tried([]);
  expect({ isTaken, isWhole, notes: notes.map(([, note]) => note) }).toEqual({
    ...{ isTaken: true, isWhole: true, notes: ['The test lead was removed.'] },
  });
  expect(crm.records()).toEqual([]);
});

test('a field that did not come back is named, and the lead is removed all the same', async () => {
  const { crm, isWhole, notes } = await tried(['cRelaisOptIn', 'doNotCall']);
  expect(isWhole).toBe(false);
  expect(notes.map(([, note]) => /field (\w+)/.exec(note)?.[1])).toEqual([
    'doNotCall',
    'cRelaisOptIn',
    undefined,
  ]);
  expect(crm.records()).toEqual([]);
});

test('without our reference it is not taken, and the destination would be held', async () => {
  expect(await tried(['cRelaisReference'])).toMatchObject({ isTaken: false });
});

test('one whose erasure takes several calls is removed: a later call names what an earlier one was answered', async () => {
  const secrets = { TRYTON_USER: 'relais', TRYTON_PASSWORD: 'mot' };
  const crm = tryton.open({ secrets, strangers: [], now: () => 0 });
  const authorization = `Basic ${Buffer.from('relais:mot').toString('base64')}`;
  const headers = { authorization, accept: 'application/json' };
  const ask = async ({ body }: Parcel, context: SendContext, stage: Parcel['action'] | 'lookup') => {
    const asked = { method: 'POST', path: '/client/', query: new URLSearchParams(), headers, beside: 0 };
    const { status, body: text = '' } = crm.answer({ ...asked, body: Buffer.from(body.bytes) });
    const answer = { status, headers: {}, mediaType: 'application/json', text, truncated: false };
    return await context.classify({ ...answer, asked: 'TEST-1' }, stage);
  };
  const connector = {
    compose: () => ({ target: '', head: [], attachments: [] }),
    lookup: (parcel: Parcel, _settings: unknown, context: SendContext) => ask(parcel, context, 'lookup'),
    send: (parcel: Parcel, _settings: unknown, context: SendContext) => ask(parcel, context, parcel.action),
  } as unknown as Connector;
  const { isTaken, isWhole, notes } = await triedBy(exampleOf('tryton'), connector);
  expect({ isTaken, isWhole, notes: notes.map(([, note]) => note) }).toEqual({
    ...{ isTaken: true, isWhole: true, notes: ['The test lead was removed.'] },
  });
  expect([crm.records(), crm.complaints()]).toEqual([[], []]);
});

test('one that went to the client’s sandbox is not erased by its number at production', async () => {
  const sandbox = 'sandbox: { send: { url: https://essai.client.example/api/v1/Lead } }\n';
  const connector = carrierTo(openEspo(), []);
  const sent: string[] = [];
  const noting = {
    ...connector,
    send: (parcel: Parcel, settings: unknown, context: SendContext) => {
      sent.push(parcel.action);
      return connector.send(parcel, settings, context);
    },
  };
  const { isTaken, notes } = await triedBy(exampleOf('espocrm', sandbox), noting);
  expect({ isTaken, sent }).toEqual({ isTaken: true, sent: ['create'] });
  expect(notes.map(([, note]) => note)).toEqual([
    'The test lead stays with the recipient: delete it by hand.',
  ]);
});

test('an answer that shows a few fields, or none, tells nothing of the others', () => {
  const text = JSON.stringify({ a: 1, b: 2, c: 'x', ref: 'T' });
  const answer = (body: unknown) => ({
    ...{ status: 200, headers: {}, mediaType: 'application/json', truncated: false },
    text: JSON.stringify(body),
  });
  expect(notKept({ text }, answer({ list: [{ ref: 'T' }] }), 'T')).toEqual([]);
  expect(notKept({ text }, answer({ list: [{ ref: 'T', a: '1', b: 2 }] }), 'T')).toEqual(['c']);
  expect(notKept({ text: '<lead/>' }, answer({ ref: 'T' }), 'T')).toEqual([]);
});
