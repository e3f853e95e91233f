// The earlier public API: a program written from docs/pull.md alone works with it, by the mapping that stands there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { strangerRow } from '../trip/gateway.ts';
import { clientFile, openPullRig, type PullRig } from './pull-rig.ts';

const page = readFileSync(join(__dirname, '../../docs/pull.md'), 'utf8');
const mappings = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, text = '']) =>
  text.replaceAll('horizon', 'essai'),
);
let rig: PullRig;
const open = async (mapping = mappings[1] ?? ''): Promise<void> => {
  rig = await openPullRig({ 'essai/client.yaml': clientFile, 'essai/pull.yaml': mapping });
};
afterEach(() => rig.close());

const handIn = async (count: number): Promise<void> => {
  const rows = Array.from({ length: count }, (_, at) =>
    strangerRow(`C-${at + 1}`, { programme: at % 2 === 0 ? 'HZ-LYON' : 'HZ-NICE' }),
  );
  await rig.gateway.send(...rows);
  await rig.due(count);
};
const contacts = async (operation: string, headers = {}): Promise<readonly Record<string, unknown>[]> => {
  const { status, text, body } = await rig.post(
    '/v1/contacts',
    { operation },
    { key: '', headers: { 'x-api-key': rig.key, ...headers } },
  );
  if (status !== 200) throw new Error(text);
  return body['contacts'] as readonly Record<string, unknown>[];
};
const settled = (count: number): Promise<void> =>
  rig.gateway.until(
    'handed over',
    async () => (await rig.gateway.states("d.state = 'delivered'")).length === count,
  );

async function runClient(): Promise<Record<string, unknown>> {
  const address = `http://127.0.0.1:${rig.apis[0]?.port ?? 0}/v1/contacts`;
  const child = spawn(process.execPath, [join(__dirname, 'contacts-client.ts'), address, rig.key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  expect(await once(child, 'close')).toEqual([0, null]);
  return JSON.parse(text) as Record<string, unknown>;
}

test('C20: a program written from the page alone has every lead once, with its opt-in, and loses the one that is erased', async () => {
  await open();
  await handIn(230);
  const first = await runClient();
  expect(first).toMatchObject({
    regions: [{ region_nom: 'Auvergne-Rhône-Alpes' }, { region_nom: "Provence-Alpes-Côte d'Azur" }],
    programmes: [
      { programme_id: 'HZ-LYON', programme_nom: 'Les Terrasses du Parc', region_nom: 'Auvergne-Rhône-Alpes' },
      { programme_id: 'HZ-NICE', programme_nom: 'Villa Azur', region_nom: "Provence-Alpes-Côte d'Azur" },
    ],
    seen: 200,
    calls: [200, 30],
  });
  const base = first['base'] as readonly Record<string, unknown>[];
  expect(base).toHaveLength(230);
  expect(base.find((one) => one['prospect_id'] === 'C-1')).toEqual({
    action_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    prospect_id: 'C-1',
    prospect_nom: 'Lefèvre',
    prospect_prenom: 'Zoé',
    prospect_telephone: expect.stringMatching(/^\+33/) as string,
    prospect_email: 'c-1@courriel.example',
    programme_id: 'HZ-LYON',
    programme_nom: 'Les Terrasses du Parc',
    region_nom: 'Auvergne-Rhône-Alpes',
    type_contact_designation: 'Formulaire',
    type_action_designation: 'Nouvelle demande',
    optin_email: 'OUI',
  });
  await settled(230);
  await rig.gateway.app.rights.erase({
    clientId: 'essai',
    actor: 'tester',
    reason: 'request 1',
    reference: 'C-1',
  });
  await rig.due(1);
  expect(await contacts('pullContacts')).toMatchObject([
    { prospect_id: 'C-1', type_action_designation: 'Effacement' },
  ]);
});

test('C09: reading leaves everything as it is, but that it was seen: a departure and its outcome stand in the log', async () => {
  await open();
  await handIn(2);
  const first = await contacts('readContacts');
  const second = await contacts('readContacts');
  expect(second).toEqual(first);
  expect(first).toHaveLength(2);
  expect(await rig.log('C-1')).toEqual([
    'departed',
    'outcome:unconfirmed',
    'departed',
    'outcome:unconfirmed',
  ]);
  const [row] = await rig.gateway.owner.all<{ state: string; spent: number }>(
    'SELECT state, spent FROM deliveries ORDER BY id LIMIT 1',
  );
  expect(row).toEqual({ state: 'waiting', spent: 0 });
  expect(await contacts('pullContacts')).toEqual(first);
  await settled(2);
  expect(await contacts('pullContacts')).toEqual([]);
  expect((await rig.log('C-2')).at(-1)).toBe('outcome:unconfirmed');
});

test('an answer that did not leave does not count: its contacts come again, with the same action_id', async () => {
  await open();
  await handIn(1);
  const { owner } = rig.gateway;
  // The departure waits for the lead, which is held until the caller has gone.
  await owner.transaction(async (tx) => {
    await tx.all("SELECT 1 FROM leads WHERE reference = 'C-1' FOR UPDATE");
    const sent = request({
      host: '127.0.0.1',
      port: rig.apis[0]?.port,
      path: '/v1/contacts',
      method: 'POST',
      headers: { 'x-api-key': rig.key, 'content-type': 'application/json' },
    });
    const gone = new Promise((done) => sent.on('error', () => undefined).on('close', done));
    sent.end(JSON.stringify({ operation: 'pullContacts' }));
    await rig.gateway.until(
      'it is claimed',
      async () => (await rig.gateway.states())[0]?.state === 'sending',
    );
    sent.destroy();
    await gone;
  });
  await rig.gateway.until('it departed', async () => (await rig.log('C-1')).includes('departed'));
  await rig.lapse();
  expect(await rig.log('C-1')).toEqual(['departed', 'outcome_unknown:unknown']);
  const [key] = await rig.gateway.owner.all<{ key: string }>('SELECT delivery_key AS `key` FROM deliveries');
  expect(await contacts('pullContacts')).toMatchObject([{ action_id: key?.key, prospect_id: 'C-1' }]);
});

test('C38: without a key, with a wrong one, or one of a client without such a destination nothing is given', async () => {
  await open();
  await handIn(1);
  const asked = async (headers: Record<string, string>): Promise<number> =>
    (await rig.post('/v1/contacts', { operation: 'pullContacts' }, { key: '', headers })).status;
  expect(await asked({})).toBe(401);
  expect(await asked({ 'x-api-key': 'relais_nobody' })).toBe(401);
  expect(await asked({ 'x-api-key': await rig.keyWith(['lead.pull'], 'autre') })).toBe(404);
  expect(await asked({ 'x-api-key': await rig.keyWith(['delivery.read']) })).toBe(403);
  // Elsewhere a key stands in `Authorization` alone.
  const elsewhere = await rig.post('/v1/pull/essai-pull', {}, { key: '', headers: { 'x-api-key': rig.key } });
  expect(elsewhere.status).toBe(401);
});

test('the first mapping and the calls of the page are answered as it says', async () => {
  await open(mappings[0]);
  await handIn(1);
  const [item] = await rig.fetched();
  expect(item).toMatchObject({ lead: 'C-1', content: { reference: 'C-1', OPTIN: 'OUI' } });
  const given = /^\{"items": \[.*\]\}$/m.exec(page)?.[0] ?? '';
  const sent = given.replace(
    /"key": "[^"]*", "lease": "[^"]*"/,
    `"key": "${item?.key}", "lease": "${item?.lease}"`,
  );
  const { body } = await rig.post('/v1/pull/essai-pull/answers', JSON.parse(sent));
  expect(body).toEqual({ items: [{ key: item?.key, state: 'recorded' }] });
});
