// The administrator at the desk: accounts, keys, sign-ins, authorisations, exports; and the second factor that asks for the password.
import { holderOfKey } from '../../src/access/api-keys.ts';
import { keyScopes } from '../../src/access/permissions.ts';
import { civilDate } from '../../src/domain/civil-date.ts';
import { scopeWords } from '../../src/console/words/admin.ts';
import { accessEntriesBefore } from '../../src/store/access/accounts.ts';
import { browserOf, enrol, password, type Answer, type Browser } from './desk.ts';
import { openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let admin: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 1 });
  admin = await desk.signedIn('admin');
});
afterAll(() => desk.close());

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
interface Entry {
  readonly entry: string;
  readonly actor: string;
  readonly reason: string;
  readonly purpose: string;
}
const entries = (kind: string): Promise<readonly Entry[]> =>
  desk.gateway.owner.all<Entry>(
    'SELECT entry, actor, reason, purpose FROM handovers WHERE entry = ? ORDER BY id',
    [kind],
  );
const idOf = async (login: string): Promise<number> => {
  const [row] = await desk.gateway.owner.all<{ id: number }>('SELECT id FROM accounts WHERE login = ?', [
    login,
  ]);
  return row?.id ?? 0;
};
const secretIn = ({ text }: Answer): string => /<code>([\w-]+)<\/code>/.exec(text)?.[1] ?? '';
const form = (...pairs: readonly (readonly [string, string])[]): URLSearchParams =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value]));

test('C38: an account is made with its roles; its code is shown once and opens the first access', async () => {
  for (const wrong of [
    form(['login', 'a.martin']),
    form(['login', 'a'], ['role', 'support']),
    form(['login', 'a.martin'], ['role', 'viewer']),
    form(['login', 'a.martin'], ['role', 'support'], ['client', 'essai']),
    form(['login', 'a.martin'], ['role', 'viewer'], ['client', 'inconnu']),
    form(['login', 'a.martin'], ['role', 'owner']),
  ])
    expect([wrong.toString(), (await admin.post('/accounts', wrong)).status]).toEqual([
      wrong.toString(),
      422,
    ]);
  expect(await idOf('a.martin')).toBe(0);
  const made = await admin.post(
    '/accounts',
    form(['login', 'A.Martin'], ['role', 'support'], ['role', 'integrator']),
  );
  const code = secretIn(made);
  expect([made.status, code.length]).toEqual([200, 43]);
  for (const path of ['/accounts', `/accounts/${await idOf('a.martin')}`])
    expect((await admin.get(path)).text).not.toContain(code);
  const person = browserOf(desk.console.port);
  expect((await person.post('/first-access', { code, password, again: password })).status).toBe(303);
  expect((await person.post('/sign-in', { login: 'a.martin', password })).status).toBe(303);
  expect((await admin.post('/accounts', form(['login', 'a.martin'], ['role', 'support']))).status).toBe(422);
});

test('a changed role, ended sessions, an access given again and an end each sign the person out at once, with an entry', async () => {
  const login = await desk.account(['support']);
  const path = `/accounts/${await idOf(login)}`;
  const person = browserOf(desk.console.port);
  const enter = async (): Promise<void> => {
    await person.post('/sign-in', { login, password });
    expect((await person.get('/account')).status).toBe(200);
  };
  const isOut = async (): Promise<boolean> => (await person.get('/account')).to.startsWith('/sign-in');
  await enter();
  expect((await admin.get(path)).text).toContain('127.0.0.1');
  expect((await admin.post(`${path}/roles`, form(['role', 'integrator']))).status).toBe(303);
  expect(await isOut()).toBe(true);
  await enter();
  expect((await person.get('/search')).status).toBe(403);
  expect((await admin.post(`${path}/roles`)).status).toBe(422);
  expect((await admin.post(`${path}/end-sessions`)).status).toBe(303);
  expect(await isOut()).toBe(true);
  await enter();
  expect((await admin.post(`${path}/reset`, { login: 'un.autre' })).status).toBe(422);
  expect(await isOut()).toBe(false);
  expect(secretIn(await admin.post(`${path}/reset`, { login }))).toHaveLength(43);
  expect(await isOut()).toBe(true);
  expect((await admin.post(`${path}/end`, { login: '' })).status).toBe(422);
  expect((await admin.post(`${path}/end`, { login })).status).toBe(303);
  expect((await admin.post(`${path}/end`, { login })).status).toBe(422);
  expect(plain((await admin.get(path)).text)).toMatch(
    /terminé .*fin .*accès rétabli .*sessions fermées .*rôles/,
  );
  expect((await admin.get('/accounts/999999')).status).toBe(404);
});

test('the last administrator can neither end themselves nor lose the role', async () => {
  const login = (
    await desk.gateway.owner.all<{ login: string }>("SELECT login FROM accounts WHERE roles = 'admin'", [])
  )
    .map((row) => row.login)
    .at(0);
  const path = `/accounts/${await idOf(login ?? '')}`;
  expect((await admin.post(`${path}/end`, { login: login ?? '' })).status).toBe(422);
  expect((await admin.post(`${path}/roles`, form(['role', 'support']))).status).toBe(422);
  expect((await admin.get('/accounts')).status).toBe(200);
});

test('sign-ins and refusals are listed with who, page by page, of one account alone where it is asked for', async () => {
  const login = await desk.account(['support']);
  await browserOf(desk.console.port).post('/sign-in', { login, password: 'une phrase fausse' });
  const listed = plain((await admin.get(`/sign-ins?account=${await idOf(login)}`)).text);
  expect(listed).toMatch(new RegExp(`connexion refusée mot de passe ${login}`));
  expect(listed).not.toContain('a.martin');
  await browserOf(desk.console.port).post(
    '/sign-in',
    { login, password },
    { 'sec-fetch-site': 'same-origin', 'user-agent': '"><script>alert(1)</script><img src=x>' },
  );
  const shown = (await admin.get(`/accounts/${await idOf(login)}`)).text;
  expect([shown.includes('&lt;script&gt;'), /<script>|<img src=x/.test(shown)]).toEqual([true, false]);
  expect(plain((await admin.get('/sign-ins')).text)).toContain('a.martin');
  expect((await admin.get('/sign-ins?account=x&after=-1')).status).toBe(200);
});

test('entries are looked for a bounded number at a time, and the rest is gone on with', async () => {
  const { database } = desk.gateway.app;
  const seen: number[] = [];
  for (let before: number | undefined; ;) {
    const asked = { actor: 'account:1', limit: 3, ...(before === undefined ? {} : { before }) };
    const page = await accessEntriesBefore(database, asked, 5);
    seen.push(...page.items.map(({ id }) => id));
    before = page.next;
    if (before === undefined) break;
  }
  const whole = await accessEntriesBefore(database, { actor: 'account:1', limit: 1_000 });
  expect(seen.length).toBeGreaterThan(1);
  expect(seen).toEqual(whole.items.map(({ id }) => id));
});

test('a key is made with its scopes, shown once, works from its addresses, and is revoked by its name', async () => {
  const asked: readonly (readonly [string, string])[] = [
    ['name', 'Formulaires web'],
    ['scope', 'delivery.read'],
    ['scope', 'lead.post'],
    ['client', 'essai'],
    ['addresses', '192.0.2.0/24, 2001:db8::/48'],
    ['days', '30'],
  ];
  const without = (name: string): URLSearchParams => form(...asked.filter(([own]) => own !== name));
  for (const wrong of [
    without('scope'),
    without('name'),
    without('days'),
    form(...asked, ['client', 'x']),
    form(...asked.map(([name, value]) => [name, name === 'client' ? 'inconnu' : value] as const)),
    form(...asked.map(([name, value]) => [name, name === 'addresses' ? 'partout' : value] as const)),
    form(...asked.map(([name, value]) => [name, name === 'scope' ? 'account.manage' : value] as const)),
  ].filter((fields) => fields.getAll('client').length === 1))
    expect([wrong.toString(), (await admin.post('/api-keys', wrong)).status]).toEqual([
      wrong.toString(),
      422,
    ]);
  const made = await admin.post('/api-keys', form(...asked));
  const key = secretIn(made);
  expect(key).toMatch(/^relais_/);
  expect((await admin.get('/api-keys')).text).not.toContain(key);
  expect(keyScopes.filter((scope) => scopeWords[scope] === undefined)).toEqual([]);
  const { access } = desk.gateway.app;
  const holder = await holderOfKey(access, key, '192.0.2.7');
  expect(holder?.holder).toEqual({ kind: 'key', scopes: ['delivery.read', 'lead.post'], clientId: 'essai' });
  expect(await holderOfKey(access, key, '203.0.113.1')).toBeUndefined();
  const path = `/api-keys/${holder?.id ?? 0}/end`;
  expect((await admin.post(path, { name: 'autre' })).status).toBe(422);
  expect(await holderOfKey(access, key, '192.0.2.7')).toBeDefined();
  expect((await admin.post(path, { name: 'Formulaires web' })).status).toBe(303);
  expect(await holderOfKey(access, key, '192.0.2.7')).toBeUndefined();
  expect((await entries('api_key_changed')).map(({ reason }) => reason)).toEqual(['CREATED', 'ENDED']);
  // Who reads of it is told which system's key it was, not its number.
  const told = plain((await admin.get('/sign-ins')).text);
  expect(told).toMatch(/clé d’API changée création \S+ Formulaires web \(API\)/);
  expect(told).not.toMatch(/key:\d|account:\d/);
});

test('C18: authorisations are shown as they stand, and one is revoked with a reason, a note to the client and an entry', async () => {
  const page = await admin.get('/authorisations');
  const [, id = ''] = /action="\/authorisations\/(\d+)\/revoke"/.exec(page.text) ?? [];
  expect(plain(page.text)).toMatch(/essai-crm .*en vigueur/);
  expect((await admin.post(`/authorisations/${id}/revoke`, { reason: '' })).status).toBe(422);
  expect((await admin.post('/authorisations/999999/revoke', { reason: 'lettre du 28/11/2026' })).status).toBe(
    404,
  );
  expect(await entries('revoked')).toEqual([]);
  expect((await admin.post(`/authorisations/${id}/revoke`, { reason: 'lettre du 28/11/2026' })).status).toBe(
    303,
  );
  expect((await entries('revoked')).map(({ purpose }) => purpose)).toEqual(['lettre du 28/11/2026']);
  expect(plain((await admin.get('/authorisations')).text)).toContain('retirée');
});

test('C39: a list is exported with a reason and an entry before the first byte; no cell of it is a formula', async () => {
  const today = civilDate(desk.gateway.app.database.now());
  expect((await admin.post('/exports', { list: 'deliveries', reason: '' })).status).toBe(422);
  expect((await admin.post('/exports', { list: 'leads', reason: 'ticket 20' })).status).toBe(422);
  expect((await admin.post('/exports', { list: 'log', reason: 'ticket 20' })).status).toBe(422);
  expect(
    (await admin.post('/exports', { list: 'deliveries', client: 'inconnu', reason: 'ticket 20' })).status,
  ).toBe(422);
  expect(await entries('exported')).toEqual([]);
  const reason = '=HYPERLINK("https://boutique.example")';
  const file = await admin.post('/exports', { list: 'deliveries', destination: 'essai-crm', reason });
  expect([file.status, file.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
  const lines = file.text.trim().split('\n');
  expect(lines[0]).toMatch(/^\uFEFF?Numéro;Clé;Client;Destination;Lead;/);
  expect(lines).toHaveLength(4);
  expect(file.text).not.toMatch(/courriel\.example|\+336/);
  const [entry] = await entries('exported');
  expect([entry?.reason, entry?.purpose]).toEqual(['deliveries', reason]);
  const day = { from: today, to: today };
  const log = await admin.post('/exports', { list: 'log', client: '', ...day, reason: 'ticket 21' });
  expect(log.text).toContain(`"'=HYPERLINK(""https://boutique.example"")"`);
  expect(log.text).not.toMatch(/(?:^|;)"?[=@]/m);
  expect(log.text).toContain(';exported;');
  const requests = await admin.post('/exports', { list: 'requests', reason: 'ticket 22' });
  expect(requests.text).toMatch(/^\uFEFF?Numéro;Client;Droit;État/);
  const english = { 'sec-fetch-site': 'same-origin', 'accept-language': 'en' };
  expect((await admin.post('/exports', { list: 'requests', reason: 'ticket 22' }, english)).text).toMatch(
    /^\uFEFF?Number;Client;Right;State/,
  );
  const exported = await entries('exported');
  expect(exported.map(({ reason: list }) => list)).toEqual(['deliveries', 'log', 'requests', 'requests']);
  const linked =
    /href="(\/exports\?[^"]+)"/.exec((await admin.get('/deliveries?state=failed')).text)?.[1] ?? '';
  expect((await admin.get(linked.replaceAll('&amp;', '&'))).text).toMatch(
    /<option value="failed"\s+selected/,
  );
});

test('a new second factor asks a session that is signed in for the password, counted as a try; a code alone changes nothing', async () => {
  const login = await desk.account(['support']);
  const browser = browserOf(desk.console.port);
  await browser.post('/sign-in', { login, password });
  const page = await browser.get('/sign-in/second-factor');
  expect(page.text).not.toMatch(/<svg|<code>/);
  expect(page.text).toContain('name="password"');
  const bare = await browser.post('/sign-in/second-factor', { code: '123456' });
  expect([bare.status, /<svg|<code>/.test(bare.text)]).toEqual([422, false]);
  const wrong = await browser.post('/sign-in/second-factor/renew', { password: 'une phrase fausse' });
  expect([wrong.status, /<svg|<code>/.test(wrong.text)]).toEqual([422, false]);
  expect((await entries('sign_in_refused')).at(-1)?.reason).toBe('PASSWORD');
  const { codes } = await enrol(browser, password);
  expect(codes).toHaveLength(10);
  const stolen = browserOf(desk.console.port);
  await stolen.post('/sign-in', { login, password });
  await stolen.post('/sign-in/code', { code: codes[0] ?? '' });
  for (let tried = 0; tried < 5; tried += 1)
    await stolen.post('/sign-in/second-factor/renew', { password: 'une phrase fausse' });
  const waits = await stolen.post('/sign-in/second-factor/renew', { password });
  expect([/Réessayez dans/.test(plain(waits.text)), /<svg/.test(waits.text)]).toEqual([true, false]);
});

test('what does not conform is shown to the client about its own leads, and another client’s is nowhere', async () => {
  const viewer = await desk.signedIn('viewer');
  const own = await viewer.get('/anomalies');
  expect(own.status).toBe(200);
  expect(own.text).not.toContain('<form class="line');
  expect((await viewer.get('/anomalies?client=essai')).status).toBe(200);
  // What makes two lines of one form and one code: the channel.
  for (const channel of ['web_form', 'callback'])
    await desk.gateway.owner.run(
      `INSERT INTO client_anomalies (client_id, day, kind, channel, source, detail, slot, leads, lead_id)
       VALUES ('essai', DATE_FORMAT(UTC_DATE(), '%Y-%m-%d'), 'notice_unknown', ?, 'form-12', 'n-9', 0, 3, 0)`,
      [channel],
    );
  const two = plain((await viewer.get('/anomalies')).text);
  expect(two).toMatch(/n-9 Formulaire internet form-12/);
  expect(two).toMatch(/n-9 Demande de rappel form-12/);
  await desk.gateway.owner.run(
    `INSERT INTO clients (id, name, legal_entity, facts)
     SELECT 'autre', 'Autre', 'AUTRE SAS', REPLACE(facts, '"essai"', '"autre"') FROM clients WHERE id = 'essai'`,
    [],
  );
  expect((await admin.get('/anomalies?client=autre')).status).toBe(200);
  for (const client of ['autre', 'inconnu'])
    expect([client, (await viewer.get(`/anomalies?client=${client}`)).status]).toEqual([client, 404]);
});
