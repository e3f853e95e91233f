// A day at the desk: looking somebody up, reading a delivery, replaying one and forty, suspending, closing; and a client who looks.
import { viewerOfAnother, type Browser } from './desk.ts';
import { openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let support: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 8 });
  support = await desk.signedIn('support');
});
afterAll(() => desk.close());

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const entries = (): Promise<readonly { entry: string; actor: string; purpose: string }[]> =>
  desk.gateway.owner.all('SELECT entry, actor, purpose FROM handovers ORDER BY id');

test('the first page says what needs somebody, and leads to it', async () => {
  const { text } = await support.get('/');
  expect(plain(text)).toContain('Échecs et décisions, par cause');
  const link = /href="(\/deliveries\?[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const listed = await support.get(link);
  expect(listed.text.match(/href="\/deliveries\/\d+"/g)).toHaveLength(8);
});

test('a list is filtered by its address, goes on page by page, and tells a filter that cannot be', async () => {
  expect(
    (await support.get('/deliveries?state=delivered')).text.match(/href="\/deliveries\/\d+"/g),
  ).toHaveLength(2);
  expect((await support.get('/deliveries?state=nulle')).status).toBe(400);
  expect((await support.get('/deliveries?from=2026-02-30')).status).toBe(400);
  expect((await support.get('/deliveries?destination=inconnue')).status).toBe(404);
  expect(plain((await support.get('/deliveries?from=2099-01-01')).text)).toContain('Aucune livraison');
  for (const path of ['/deliveries', '/replay'])
    expect((await support.get(`${path}?destination=essai-crm&state=failed&state=delivered`)).status).toBe(
      400,
    );
});

test.each([
  ['from=2026-11-28&to=2026-11-27', 400],
  ['from=2026-11-28&to=2026-11-28', 200],
])('a period that ends before it begins is refused, and is no empty list: %s', async (period, status) => {
  for (const path of [`/deliveries?${period}`, `/replay?destination=essai-crm&${period}`]) {
    const { status: answered, text } = await support.get(path);
    expect([path, answered]).toEqual([path, status]);
    expect(plain(text).includes('La période est vide')).toBe(status === 400);
    if (path.startsWith('/deliveries')) expect(text).toMatch(/name="from"[^>]*value="2026-11-28"/);
    else if (status === 200) expect(text).toContain('2026');
  }
});

test('a reference that nobody knows keeps the filter, says so, and leads to the search of refused rows', async () => {
  for (const list of ['/deliveries', '/live']) {
    const unknown = await support.get(`${list}?lead=NULLE-PART&state=failed`);
    expect([list, unknown.status]).toEqual([list, 404]);
    expect(unknown.text).toContain('value="NULLE-PART"');
    expect(unknown.text).toMatch(/<option value="failed" +selected/);
    expect(plain(unknown.text)).toContain('Rien n’existe sous ce nom.');
    expect(plain(unknown.text)).not.toContain('Page introuvable');
    const link = /href="(\/search\?[^"]+)"/.exec(unknown.text)?.[1] ?? '';
    expect((await support.get(link)).text).toMatch(/name="reference"[^>]*value="NULLE-PART"/);
    const client = await (await desk.signedIn('viewer')).get(`${list}?lead=NULLE-PART`);
    expect([
      client.status,
      client.text.includes('value="NULLE-PART"'),
      client.text.includes('/search'),
    ]).toEqual([404, true, false]);
  }
});

test('the page of a lead that nobody knows keeps the reference, and leads to its search, refused rows and deliveries', async () => {
  const unknown = await support.get('/leads/essai/NULLE%20PART%26%3Cb%3E');
  expect(unknown.status).toBe(404);
  expect(plain(unknown.text)).toContain('Lead introuvable');
  expect(plain(unknown.text)).toContain('Le client essai n’a aucun lead de référence NULLE PART&');
  expect(unknown.text).not.toContain('<b>');
  expect(unknown.text).toMatch(
    /action="\/search"[\s\S]*name="reference"[^>]*value="NULLE PART&amp;&lt;b&gt;"/,
  );
  expect(unknown.text).toContain('href="/deliveries?lead=NULLE+PART%26%3Cb%3E"');
  const viewer = await desk.signedIn('viewer');
  const [theirs, ofOthers] = [
    await viewer.get('/leads/essai/NULLE-PART'),
    await viewer.get('/leads/autre/A-1'),
  ];
  expect([theirs.status, theirs.text.includes('action="/search"'), ofOthers.status]).toEqual([
    404,
    false,
    404,
  ]);
  expect(theirs.text).toContain('href="/deliveries?lead=NULLE-PART"');
});

test('an unknown name in a filter keeps the filter, or leads back to it', async () => {
  const plan = await support.get('/replay?lead=NULLE-PART&state=failed');
  expect([plan.status, plain(plan.text).includes('Page introuvable')]).toEqual([404, false]);
  expect(plan.text).toContain('href="/deliveries?lead=NULLE-PART&amp;state=failed"');
  const anomalies = await support.get('/anomalies?client=inconnu');
  expect(anomalies.status).toBe(404);
  expect(plain(anomalies.text)).toContain('Aucun client ne s’appelle inconnu');
  expect(anomalies.text).toMatch(/<option value="inconnu" +selected/);
});

test.each([
  ['/deliveries/99999', 'support', 'Aucune livraison n’a le numéro ou la clé 99999.', '/deliveries'],
  ['/destinations/inconnue', 'support', 'Aucune destination ne s’appelle inconnue.', '/destinations'],
  ['/runs/99999', 'support', 'Aucun traitement groupé n’a le numéro 99999.', '/runs'],
  ['/tasks/alerts/99999', 'support', 'Aucune alerte n’a le numéro « 99999 ».', '/tasks'],
  ['/mappings/inconnue', 'integrator', 'inconnue', '/mappings'],
  ['/requests/99999', 'dpo', 'Il n’y a pas de demande de droits 99999.', '/requests'],
  ['/proofs/99999', 'dpo', 'Aucune preuve n’a le numéro « 99999 ».', '/proofs'],
  ['/my/requests/99999', 'viewer', 'Il n’y a pas de demande de droits 99999.', '/my/requests'],
  ['/accounts/99999', 'admin', 'Aucun compte n’a le numéro « 99999 ».', '/accounts'],
] as const)('%s says what is unknown and leads to the list', async (path, role, words, list) => {
  const page = await (await desk.signedIn(role)).get(path);
  expect(page.status).toBe(404);
  expect(plain(page.text)).toContain(words);
  expect(plain(page.text)).not.toContain('Page introuvable');
  expect(page.text).toContain(`<a href="${list}">Voir la liste</a>`);
});

test('the page of a delivery that is replayed follows it to its end', async () => {
  const id = await desk.idOf('KO-7');
  const still = await support.get(`/deliveries/${id}`);
  expect(still.text).not.toContain('hx-trigger');
  // Leased to nobody: no worker takes it up between the act and the look.
  await desk.gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', lease_until = '2099-01-01' WHERE id = ?",
    [id],
  );
  const moving = await support.get(`/deliveries/${id}`);
  expect(moving.text).toMatch(new RegExp(`id="progress"[^>]*hx-get="/deliveries/${id}"[^>]*every 2s`));
  const byItself = { 'x-relais-by-itself': 'run' };
  expect((await support.get(`/deliveries/${id}`, byItself)).headers.get('hx-refresh')).toBe(null);
  await desk.gateway.owner.run("UPDATE deliveries SET state = 'failed', lease_until = NULL WHERE id = ?", [
    id,
  ]);
  const ended = await support.get(`/deliveries/${id}`, byItself);
  expect([ended.headers.get('hx-refresh'), ended.text.includes('hx-trigger')]).toEqual(['true', false]);
});

test('C39: a look-up asks for a reason that names nobody, and is in the log, as the person’s, before it is shown', async () => {
  const asked = { name: 'Dup', reason: '' };
  expect((await support.post('/search', asked)).status).toBe(422);
  const personal = await support.post('/search', {
    ...asked,
    reason: 'elle a écrit de zoe@courriel.example',
  });
  expect([personal.status, plain(personal.text).includes('Le journal n’oublie jamais')]).toEqual([422, true]);
  expect((await support.post('/search', { reason: 'ticket 12' })).status).toBe(422);
  expect((await entries()).filter(({ entry }) => entry === 'looked_up')).toEqual([]);
  const fresh = (await support.get('/search')).text;
  const found = await support.post('/search', { reference: 'OK-1', reason: 'ticket 12' });
  expect(found.text).toContain('href="/leads/essai/OK-1"');
  // Typed at once where the page is opened; where something was found, that is what is read first.
  expect([fresh, found.text].map((text) => /<input[^>]*name="reference"[^>]*>/.exec(text)?.[0])).toEqual([
    expect.stringContaining(' autofocus') as string,
    expect.not.stringContaining('autofocus') as string,
  ]);
  expect((await entries()).filter(({ entry }) => entry === 'looked_up')).toEqual([
    { entry: 'looked_up', actor: expect.stringMatching(/^account:\d+$/) as string, purpose: 'ticket 12' },
  ]);
  expect(found.text).not.toMatch(/ok-1@courriel\.example|\+3363998\d{4}/);
});

test('who finds nothing is told what was looked for', async () => {
  const { text } = await support.post('/search', {
    email: 'nobody@courriel.example',
    phone: '06 39 98 77 77',
    reason: 'ticket 13',
  });
  expect(text).toContain('Aucun lead trouvé par adresse e-mail et téléphone.');
});

test('a reference in another case finds its lead, and a filter by it suggests the spelling', async () => {
  const found = await support.post('/search', { reference: 'ok-1', reason: 'ticket 41' });
  expect(found.text).toContain('href="/leads/essai/OK-1"');
  expect(plain((await support.get('/deliveries?lead=ok-1')).text)).toContain('Vouliez-vous dire OK-1 ?');
  const own = await (await desk.signedIn('viewer')).get('/deliveries?lead=ok-1');
  expect([own.status, plain(own.text).includes('Vouliez-vous dire OK-1 ?')]).toEqual([404, true]);
});

test('C39: a person is shown masked to support, and in clear to the data protection officer after an entry', async () => {
  const masked = await support.get('/leads/essai/OK-1');
  expect(masked.status).toBe(200);
  expect(masked.text).not.toMatch(/ok-1@courriel\.example/);
  expect((await support.post('/leads/essai/OK-1/reveal', { reason: 'ticket 13' })).status).toBe(403);
  const dpo = await desk.signedIn('dpo');
  expect((await dpo.post('/leads/essai/OK-1/reveal', { reason: 'x' })).status).toBe(422);
  expect((await entries()).filter(({ entry }) => entry === 'revealed')).toEqual([]);
  const shown = await dpo.post('/leads/essai/OK-1/reveal', { reason: 'ticket 13' });
  expect(shown.text).toContain('ok-1@courriel.example');
  expect((await entries()).filter(({ entry }) => entry === 'revealed')).toHaveLength(1);
});

test('a delivery tells its story, and what was typed by a stranger or answered by a recipient is text on every page', async () => {
  const id = await desk.idOf('OK-2');
  const pages = [`/deliveries/${id}`, '/leads/essai/OK-2', '/deliveries', '/', '/causes', '/destinations'];
  for (const path of pages) {
    const { status, text } = await support.get(path);
    expect([path, status]).toEqual([path, 200]);
    expect(text).not.toMatch(/<script>|<img src=x|<b>/);
  }
  const { text } = await support.get(`/deliveries/${id}`);
  expect(plain(text)).toMatch(/Ce qui s’est passé .*[Tt]entative/);
  expect(plain(text)).toContain('prospection par e-mail');
});

test('one failed delivery is replayed once its recipient takes it, with a reason, and its page says so', async () => {
  const id = await desk.idOf('KO-0');
  expect((await support.post(`/deliveries/${id}/replay`, { reason: '' })).status).toBe(422);
  desk.repair();
  const done = await support.post(`/deliveries/${id}/replay`, { reason: 'ticket 14' });
  expect([done.status, done.to]).toEqual([303, `/deliveries/${id}?say=done`]);
  await desk.gateway.until('delivered', async () =>
    (await desk.gateway.states(`l.reference = 'KO-0'`)).some(({ state }) => state === 'delivered'),
  );
  expect(plain((await support.get(`/deliveries/${id}`)).text)).toContain('ticket 14');
});

test('a failed delivery is closed with its evidence, once', async () => {
  const id = await desk.idOf('KO-1');
  const offersClosing = async () =>
    (await support.get(`/deliveries/${id}`)).text.includes(`action="/deliveries/${id}/close"`);
  expect(await offersClosing()).toBe(true);
  expect((await support.post(`/deliveries/${id}/close`, { reason: 'ticket 15' })).status).toBe(422);
  const closing = { reason: 'ticket 15', evidence: 'courriel du client' };
  expect((await support.post(`/deliveries/${id}/close`, closing)).status).toBe(303);
  expect((await support.post(`/deliveries/${id}/close`, closing)).status).toBe(422);
  // A refused second closing shows the page: nothing is offered there that is done.
  expect(await offersClosing()).toBe(false);
});

test('everything a filter matches is counted, shown, confirmed by its number, and replayed as a run that is followed', async () => {
  const query = 'destination=essai-crm&state=failed';
  const plan = await support.get(`/replay?${query}`);
  expect(plain(plan.text)).toMatch(/7 rejouées/);
  const form = { destination: 'essai-crm', state: 'failed', reason: 'ticket 16' };
  const wrong = await support.post('/replay', { ...form, number: '6' });
  expect([wrong.status, plain(wrong.text).includes('vérifiez le décompte')]).toEqual([422, true]);
  expect((await support.post('/replay', { ...form, number: '' })).status).toBe(422);
  expect((await support.post('/replay', { reason: 'ticket 16', number: '10' })).status).toBe(400);
  const begun = await support.post('/replay', { ...form, number: '7' });
  expect(begun.to).toMatch(/^\/runs\/\d+$/);
  await desk.gateway.until('replayed', async () =>
    (await desk.gateway.states()).every(({ state }) => state === 'delivered'),
  );
  await desk.gateway.until('the run has ended', async () =>
    plain((await support.get(begun.to)).text).includes('terminé'),
  );
  const ended = (await support.get(begun.to)).text;
  expect(plain(ended)).toContain('7 / 7');
  expect(plain(ended)).toMatch(
    /Où en sont ces livraisons à présent .*Nombre État 7 livrée Toutes ces livraisons/,
  );
  const run = begun.to.split('/')[2] ?? '';
  expect(ended).toContain(`href="/deliveries?run=${run}&state=delivered"`);
  const numbersOn = async (path: string): Promise<number> =>
    ((await support.get(path)).text.match(/href="\/deliveries\/\d+"/g) ?? []).length;
  expect(await numbersOn(`/deliveries?run=${run}&state=delivered`)).toBe(7);
  expect(await numbersOn(`/deliveries?run=${run}&state=failed`)).toBe(0);
  expect((await support.get(`/deliveries?run=${run}`)).text).toMatch(/name="run"[^>]*value="\d+"/);
  expect((await support.get('/deliveries')).text).not.toContain('name="run"');
  for (const [path, status] of [
    ['/deliveries?run=0', 400],
    ['/deliveries?run=x', 400],
    [`/live?run=${run}`, 400],
    ['/deliveries?run=999999', 404],
  ] as const)
    expect([path, (await support.get(path)).status]).toEqual([path, status]);
  expect((await (await desk.signedIn('viewer')).get(`/deliveries?run=${run}`)).status).toBe(404);
  expect((await support.post(`${begun.to}/stop`, { reason: 'trop tard' })).status).toBe(422);
  expect((await support.get('/runs')).text).toContain(`href="${begun.to}"`);
});

test('a destination is suspended and resumed with a reason; what the centre typed is not shown to the client', async () => {
  const viewer = await desk.signedIn('viewer');
  const reason = 'ticket 17 : maintenance';
  expect((await support.post('/destinations/essai-crm/suspend', { reason })).status).toBe(303);
  expect(plain((await support.get('/destinations/essai-crm')).text)).toContain(reason);
  const seen = plain((await viewer.get('/destinations/essai-crm')).text);
  expect([seen.includes('suspendue'), seen.includes(reason)]).toEqual([true, false]);
  expect((await viewer.post('/destinations/essai-crm/resume', { reason })).status).toBe(403);
  expect((await support.post('/destinations/essai-crm/suspend', { reason })).status).toBe(422);
  expect((await support.post('/destinations/essai-crm/resume', { reason })).status).toBe(303);
});

test('a client sees its own deliveries and nothing of another’s, by list, number, filter or lead', async () => {
  const other = await viewerOfAnother(desk);
  const id = await desk.idOf('OK-1');
  expect((await other.get('/deliveries')).text).not.toContain('essai-crm');
  for (const path of [
    `/deliveries/${id}`,
    '/deliveries?client=essai',
    '/deliveries?destination=essai-crm',
    '/deliveries?lead=OK-1',
    '/destinations/essai-crm',
    '/leads/essai/OK-1',
  ])
    expect([path, (await other.get(path)).status]).toEqual([path, 404]);
  expect((await other.get('/deliveries?lead=ok-1')).text).not.toContain('OK-1');
  const own = await desk.signedIn('viewer');
  expect((await own.get(`/deliveries/${id}`)).status).toBe(200);
  expect((await own.get('/leads/essai/OK-1')).text).not.toContain('ok-1@courriel.example');
  expect(plain((await own.get(`/deliveries/${await desk.idOf('KO-0')}`)).text)).not.toContain('ticket 14');
});
