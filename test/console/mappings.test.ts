// A day of an integrator: looking, trying, publishing, rolling back; each agreed to, noted, and never what was not looked at.
import { createTrials } from '../../src/support/mappings/trial-thread.ts';
import type { Browser } from './desk.ts';
import { hostile, openFilledDesk, type FilledDesk } from './filled.ts';
import { hostileText, mappingText } from './mapping-pages.ts';

let desk: FilledDesk;
let integrator: Browser;
let text: string;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 1 });
  integrator = await desk.signedIn('integrator');
  text = mappingText(desk);
});
afterAll(() => desk.close());

const plain = (page: string): string =>
  page
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"');
const fieldOf = (page: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
const entries = (): Promise<readonly { entry: string; actor: string; purpose: string }[]> =>
  desk.gateway.owner.all(
    "SELECT entry, actor, purpose FROM handovers WHERE entry IN ('published', 'rolled_back') ORDER BY id",
  );
const inForce = async (): Promise<number | undefined> =>
  (await desk.gateway.app.publishing.history('essai-crm')).find((version) => version.inForce)?.version;
/** What the page of a draft or a version asks to agree to. */
const agreedOn = (page: string, over: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  fingerprint: fieldOf(page, 'fingerprint'),
  before: fieldOf(page, 'before'),
  note: 'ticket 41',
  agree: 'yes',
  ...over,
});
const renamed = (name: string): string => text.replace('to: nom,', `to: ${name},`);

test('the list says what is in force, by whom and why, and whether the file is the same', async () => {
  const { text: page } = await integrator.get('/mappings');
  expect(plain(page)).toMatch(/essai essai-crm 1 .* tester first identique à la version en vigueur/);
  desk.gateway.file('essai/crm.yaml', renamed('nom_de_famille'));
  expect(plain((await integrator.get('/mappings')).text)).toContain('différent de la version en vigueur');
});

test('C49 C52: the page of a destination shows what is missing before its client goes live', async () => {
  const { text: page } = await integrator.get('/mappings/essai-crm');
  expect(plain(page)).toContain('C49 : message d’accueil');
  expect(plain(page)).toContain('client.yaml ne donne aucune preuve sous goLive.greeting');
});

test('a client sees its versions and its document, and neither the file of the disk nor who published', async () => {
  const viewer = await desk.signedIn('viewer');
  const page = await viewer.get('/mappings/essai-crm');
  expect(page.status).toBe(200);
  expect(page.text).not.toMatch(/tester|différent de la version/);
  const version = await viewer.get('/mappings/essai-crm/versions/1');
  expect(version.status).toBe(200);
  expect(version.text).not.toMatch(/tester|>first</);
  const document = await viewer.get('/mappings/essai-crm/document');
  expect(plain(document.text)).toContain('Transmission des leads à Essai Promotion');
  expect(document.text).not.toContain('tester');
  for (const path of ['/mappings/essai-crm/draft', '/try', '/try?destination=essai-crm'])
    expect([path, (await viewer.get(path)).status]).toEqual([path, 403]);
});

test('the document is handed over as a file, never as a page of this address', async () => {
  const file = await integrator.post('/mappings/essai-crm/document', { centre: hostile });
  expect(file.headers.get('content-disposition')).toBe('attachment; filename="essai-crm-v1.html"');
  expect(file.headers.get('content-type')).toBe('application/octet-stream');
  expect(file.text).not.toMatch(/<script>|<img src=x/);
});

test('C39: the difference of a file is said over the leads that came, and of a person only the form is shown', async () => {
  const { text: page } = await integrator.get('/mappings/essai-crm/draft');
  const seen = plain(page);
  expect(seen).toMatch(/3 sur 3 écrits ou routés autrement/);
  expect(seen).toContain('nom_de_famille');
  expect(seen).toContain('Xx…');
  expect(page).not.toContain('Lefèvre');
});

test('publishing needs a note that names nobody and a tick, and puts the file in force that was looked at', async () => {
  const { text: page } = await integrator.get('/mappings/essai-crm/draft');
  expect(plain(page)).toContain('Champs écrits différemment : nom, nom_de_famille');
  const address = '/mappings/essai-crm/publish';
  expect((await integrator.post(address, agreedOn(page, { note: '' }))).status).toBe(422);
  expect((await integrator.post(address, agreedOn(page, { note: 'zoe@courriel.example' }))).status).toBe(422);
  expect((await integrator.post(address, agreedOn(page, { agree: '' }))).status).toBe(422);
  desk.gateway.file('essai/crm.yaml', renamed('autre_nom'));
  const changed = await integrator.post(address, agreedOn(page));
  expect([changed.status, plain(changed.text).includes('changé entre-temps')]).toEqual([422, true]);
  expect(await inForce()).toBe(1);
  const done = await integrator.post(address, agreedOn(changed.text));
  expect([done.status, done.to]).toEqual([303, '/mappings/essai-crm?say=published']);
  expect(await inForce()).toBe(2);
  expect((await entries()).at(-1)).toEqual({
    entry: 'published',
    actor: expect.stringMatching(/^account:\d+$/) as string,
    purpose: 'ticket 41',
  });
});

test('somebody else’s publication meanwhile is not written over', async () => {
  const { text: page } = await integrator.get('/mappings/essai-crm/versions/1');
  const { text: draft } = await integrator.get('/mappings/essai-crm/draft');
  await desk.gateway.app.publishing.rollback({
    destinationId: 'essai-crm',
    version: 1,
    actor: 'tester',
    reason: 'ticket 42',
  });
  expect((await integrator.post('/mappings/essai-crm/versions/1/rollback', agreedOn(page))).status).toBe(422);
  expect((await integrator.post('/mappings/essai-crm/publish', agreedOn(draft))).status).toBe(422);
  expect(await inForce()).toBe(1);
});

test('an earlier version comes back with a reason, and its page says first how it differs', async () => {
  const { text: page } = await integrator.get('/mappings/essai-crm/versions/2');
  expect(plain(page)).toContain('Version en vigueur remplacée : 1');
  expect(plain(page)).toContain('Champs écrits différemment : nom, autre_nom');
  const done = await integrator.post('/mappings/essai-crm/versions/2/rollback', agreedOn(page));
  expect([done.status, await inForce()]).toEqual([303, 2]);
  expect((await entries()).at(-1)).toMatchObject({ entry: 'rolled_back', purpose: 'ticket 41' });
  const support = await desk.signedIn('support');
  expect((await support.get('/mappings/essai-crm/versions/1')).text).not.toContain('name="fingerprint"');
});

test('waiting deliveries that keep the old content are named, with the replay that writes them anew', async () => {
  const id = await desk.idOf('OK-1');
  const { owner } = desk.gateway;
  await owner.run(
    `UPDATE deliveries SET state = 'waiting', reason = 'unknown', maybe_received = 1, settled_at = NULL,
            sent_mapping_id = 999999, due_at = TIMESTAMPADD(DAY, 1, UTC_TIMESTAMP(3)) WHERE id = ?`,
    [id],
  );
  const { text: page } = await integrator.get('/mappings/essai-crm');
  expect(plain(page)).toContain('1 livraison en attente garde l’ancien contenu');
  expect(page).not.toContain('--anew');
  const support = await desk.signedIn('support');
  const link = /href="(\/replay\?[^"]*anew=yes[^"]*)"/.exec(
    (await support.get('/mappings/essai-crm')).text,
  )?.[1];
  const plan = await support.get((link ?? '').replaceAll('&amp;', '&'));
  expect(plain(plan.text)).toMatch(/sous une nouvelle clé oui.* 1 rejouée/);
  expect((await support.get(`/deliveries/${id}`)).text).toContain('name="anew"');
  await owner.run("UPDATE deliveries SET state = 'delivered', settled_at = UTC_TIMESTAMP(3) WHERE id = ?", [
    id,
  ]);
});

test('where waiting deliveries would end, their number is said and must be typed', async () => {
  const { gateway } = desk;
  await gateway.owner.run(
    `UPDATE deliveries d JOIN leads l ON l.id = d.lead_id
        SET d.state = 'withheld', d.reason = 'opt_in_missing', d.departures = 0, d.settled_at = NULL
      WHERE l.reference = 'KO-0'`,
    [],
  );
  gateway.file('essai/crm.yaml', `${renamed('autre_nom')}\naccepts: { programme: [AUTRE-*] }\n`);
  const { text: page } = await integrator.get('/mappings/essai-crm/draft');
  expect(plain(page)).toContain('1 livraison en attente prendrait fin');
  const address = '/mappings/essai-crm/publish';
  expect((await integrator.post(address, agreedOn(page))).status).toBe(422);
  expect((await integrator.post(address, agreedOn(page, { number: '2' }))).status).toBe(422);
  expect(await inForce()).toBe(2);
  expect((await integrator.post(address, agreedOn(page, { number: '1' }))).status).toBe(303);
  expect(await inForce()).toBe(3);
});

test('a text is published as it was typed, and client.yaml stays that of the disk', async () => {
  const typed = renamed('nom_tape').replaceAll('\n', '\r\n');
  const shown = await integrator.post('/mappings/essai-crm/draft', {
    mapping: typed,
    client: 'id: essai\nhosts: [ailleurs.example]\n',
  });
  expect(shown.status).toBe(200);
  const form = agreedOn(shown.text, { typed: 'yes', mapping: typed, client: 'id: essai\n' });
  expect((await integrator.post('/mappings/essai-crm/publish', { ...form, mapping: text })).status).toBe(422);
  expect((await integrator.post('/mappings/essai-crm/publish', form)).status).toBe(303);
  const [version] = await desk.gateway.app.publishing.history('essai-crm');
  const { files } = JSON.parse(version?.sources ?? '{}') as { files: Record<string, string> };
  expect(files['essai/crm.yaml']).toBe(renamed('nom_tape'));
  expect(files['essai/client.yaml']).toContain('hosts: [localhost]');
});

test('a text that names another destination, or holds a sign that does not show, is refused', async () => {
  const other = text.replace('destination: essai-crm', 'destination: autre-crm');
  const shown = await integrator.post('/mappings/essai-crm/draft', { mapping: other });
  expect(plain(shown.text)).toContain('MAP-409');
  expect(shown.text).not.toContain('name="fingerprint"');
  const hidden = await integrator.post('/try', { destination: 'essai-crm', mapping: `${text}# \u202e\n` });
  expect([hidden.status, plain(hidden.text).includes('caractère invisible')]).toEqual([422, true]);
});

test('trying shows each message at its line and column, and what each action would write', async () => {
  const broken = await integrator.post('/try', {
    destination: 'essai-crm',
    mapping: text.replace('to: nom', 'too: nom'),
    sample: '{}',
    do: 'run',
  });
  const line = text.split('\n').findIndex((one) => one.includes('to: nom')) + 1;
  expect(broken.text).toMatch(new RegExp(`href="#L${line}"[^>]*>ligne ${line}, colonne \\d+<`));
  expect(broken.text).toMatch(new RegExp(`id="L${line}"[^]*?<mark>too:</mark>`));
  const sound = plain(
    (
      await integrator.post('/try', {
        destination: 'essai-crm',
        mapping: text,
        sample: '',
        do: 'example',
        example: 'built-in',
      })
    ).text,
  );
  for (const part of [
    'Aperçu : Création',
    'Aperçu : Mise à jour',
    'Aperçu : Effacement',
    'identity.lastName nom',
  ])
    expect(sound).toContain(part);
});

test('trying stores nothing, logs nothing, and a new client needs nothing on the disk', async () => {
  const counts = (): Promise<unknown> =>
    desk.gateway.owner.all(
      `SELECT (SELECT COUNT(*) FROM mapping_versions) AS versions, (SELECT COUNT(*) FROM clients) AS clients,
              (SELECT COUNT(*) FROM handovers WHERE actor LIKE 'account:%') AS entries`,
    );
  const before = await counts();
  const fresh = {
    destination: '',
    mapping: text.replace('essai-crm', 'neuf-crm').replaceAll('http://localhost', 'http://crm.neuf.example'),
    client:
      'id: neuf\nname: Neuf\nlegalEntity: NEUF SAS\nhosts: [crm.neuf.example]\ncategories: [identity, project]\ncontacts: { rights: dpo@neuf.example }\n',
    sample: '',
    do: 'example',
    example: 'built-in',
  };
  const seen = await integrator.post('/try', fresh);
  expect(plain(seen.text)).toContain('Aperçu : Création');
  expect((await integrator.post('/try', { ...fresh, client: '' })).status).toBe(422);
  for (const id of ['../essai', 'presets', '..', 'a/b'])
    expect([id, (await integrator.post('/try', { ...fresh, client: `id: "${id}"\n` })).status < 500]).toEqual(
      [id, true],
    );
  expect(await counts()).toEqual(before);
});

test('what somebody else typed is text on every page of integrators', async () => {
  desk.gateway.file('essai/crm.yaml', hostileText(text));
  await desk.gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: hostile,
    mayEnd: () => Promise.resolve(true),
  });
  desk.gateway.file('essai/crm.yaml', text);
  const versions = (await desk.gateway.app.publishing.history('essai-crm')).length;
  const pages = ['', '/draft', '/document', `/versions/${versions}`, '/versions/1'].map(
    (end) => `/mappings/essai-crm${end}`,
  );
  for (const path of ['/mappings', ...pages, '/try?destination=essai-crm']) {
    const { status, text: page } = await integrator.get(path);
    expect([path, status]).toEqual([path, 200]);
    expect(page).not.toMatch(/<script>|<img src=x/);
    expect([path, page.length < 100_000]).toEqual([path, true]);
  }
});

test('a check without end is ended in its own thread, and the next one is answered', async () => {
  let patience = 60_000;
  const trials = createTrials(() => patience);
  const now = desk.gateway.app.database.now();
  const files = { 'essai/client.yaml': 'id: essai\n', 'essai/crm.yaml': text };
  const sources = { clientId: 'essai', destinationId: 'essai-crm', main: 'essai/crm.yaml', files };
  expect((await trials.ask({ sources, now })).kind).toBe('tried');
  const many = Array.from({ length: 60_000 }, (_, index) => `  - { to: f${index}, from: identity.lastName }`);
  const long = { ...files, 'essai/crm.yaml': text.replace('fields:', `fields:\n${many.join('\n')}`) };
  patience = 200;
  expect((await trials.ask({ sources: { ...sources, files: long }, now })).kind).toBe('endless');
  patience = 60_000;
  const asked = Array.from({ length: 12 }, () => trials.ask({ sources, now }));
  const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
  expect([
    kinds.filter((kind) => kind === 'tried').length,
    kinds.filter((kind) => kind === 'busy').length,
  ]).toEqual([8, 4]);
  await trials.close();
});
