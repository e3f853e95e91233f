// Requests that no page of ours makes: addresses that are none, forms of every page sent from elsewhere, fields that no form has.
import { request } from 'node:http';
import { roles } from '../../src/access/permissions.ts';
import { browserOf, password, type Browser } from './desk.ts';
import { openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let support: Browser;
let admin: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 2 });
  support = await desk.signedIn('support');
  admin = await desk.signedIn('admin');
});
afterAll(() => desk.close());

/** As it stands on the wire: fetch would tidy it. */
const raw = (
  path: string,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }> =>
  new Promise((done, fail) => {
    request({ host: '127.0.0.1', port: desk.console.port, path }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
    })
      .on('error', fail)
      .end();
  });

test.each(['/%zz<b>boutique', '/deliveries/%ff%fe', `/destinations/${'x'.repeat(300)}/secret`])(
  'an address that is none is answered with the headers of a page, and is not said again: %j',
  async (path) => {
    const { status, headers, text } = await raw(path);
    expect(status).toBe(path.length > 300 ? 414 : 400);
    expect(text).not.toMatch(/boutique|xxx|%ff|FST_/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
  },
);

test('every page, of whatever role, is kept nowhere, framed nowhere, and runs nothing but ours', async () => {
  for (const role of roles) {
    const browser = await desk.signedIn(role);
    for (const { method, url } of desk.console.routes) {
      if (method !== 'GET' || url.startsWith('/assets/')) continue;
      const { headers } = await browser.get(url.replaceAll(/:(\w+)/g, '1'));
      const said = ['cache-control', 'x-frame-options', 'x-content-type-options'].map((name) =>
        headers.get(name),
      );
      expect([role, url, ...said]).toEqual([role, url, 'no-store', 'DENY', 'nosniff']);
      expect([role, url, headers.get('content-security-policy')]).toEqual([
        role,
        url,
        expect.stringMatching(/^default-src 'none'/) as string,
      ]);
    }
  }
});

test('a name with a blank behind it names nothing, whatever the database takes it for', async () => {
  for (const path of ['/destinations/essai-crm%20', '/mappings/essai-crm%20'])
    expect([path, (await admin.get(path)).status]).toEqual([path, 404]);
});

test('what a stranger typed into every field of a lead is text where it is shown in clear', async () => {
  const dpo = await desk.signedIn('dpo');
  const shown = await dpo.post('/leads/essai/OK-2/reveal', { reason: 'ticket 91' });
  expect(shown.status).toBe(200);
  expect(shown.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(shown.text).not.toMatch(/<script>|<img src=x/);
});

const standing = (): Promise<readonly unknown[]> =>
  desk.gateway.owner.all(
    `SELECT (SELECT GROUP_CONCAT(CONCAT(id, state, run) ORDER BY id) FROM deliveries) AS deliveries,
            (SELECT GROUP_CONCAT(CONCAT(id, status)) FROM destinations) AS destinations,
            (SELECT GROUP_CONCAT(CONCAT(id, roles, COALESCE(ended_at, '')) ORDER BY id) FROM accounts) AS accounts,
            (SELECT COUNT(*) FROM handovers WHERE actor LIKE 'account:%' OR actor = 'unknown') AS entries, (SELECT COUNT(*) FROM sessions) AS sessions,
            (SELECT COUNT(*) FROM saved_views) AS views, (SELECT COUNT(*) FROM api_keys) AS apiKeys`,
  );

test('no form of any page is heard when another site sends it, whoever is signed in', async () => {
  const posts = desk.console.routes.filter(({ method }) => method === 'POST');
  expect(posts.length).toBeGreaterThan(40);
  const before = await standing();
  const fields = {
    reason: 'ticket 1',
    login: 'x',
    name: 'x',
    list: 'deliveries',
    state: 'failed',
    language: 'en',
  };
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'https://boutique.example' },
  ];
  for (const browser of [support, admin])
    for (const { url } of posts)
      for (const headers of foreign) {
        const path = url.replaceAll(/:(\w+)/g, '1');
        expect([url, headers, (await browser.post(path, fields, headers)).status]).toEqual([
          url,
          headers,
          403,
        ]);
      }
  expect(await standing()).toEqual(before);
});

describe('a field that the form does not have is not read', () => {
  const last = async (entry: string): Promise<Record<string, unknown> | undefined> =>
    (
      await desk.gateway.owner.all<Record<string, unknown>>(
        'SELECT actor, client_id AS client, destination_id AS destination, purpose FROM handovers WHERE entry = ? ORDER BY id DESC LIMIT 1',
        [entry],
      )
    )[0];
  const more = {
    actor: 'account:1',
    account: '1',
    scope: 'x',
    clientId: 'autre',
    client_id: 'autre',
    id: '1',
  };

  test('who acts, on what, is neither of them said by the form', async () => {
    const reason = 'ticket 90';
    await support.post('/destinations/essai-crm/suspend', { ...more, reason, destination: 'autre-crm' });
    const suspended = await last('suspended');
    expect(suspended).toMatchObject({ destination: 'essai-crm', client: 'essai', purpose: reason });
    await support.post('/destinations/essai-crm/resume', { reason });
    const login = await desk.account(['support']);
    const browser = browserOf(desk.console.port);
    await browser.post('/sign-in', { login, password, ...more, stage: 'full', roles: 'admin' });
    expect((await browser.get('/accounts')).status).toBe(403);
    const [own] = await desk.gateway.owner.all<{ id: number }>('SELECT id FROM accounts WHERE login = ?', [
      login,
    ]);
    await browser.post(`/deliveries/${await desk.idOf('KO-0')}/replay`, { ...more, reason, anew: 'yes' });
    expect(await last('replayed')).toMatchObject({ actor: `account:${own?.id}` });
  });

  test('a first password gives no role, and a new account has what was ticked', async () => {
    const form = { login: 'cree.par', role: 'support', ...more, roles: 'admin', password, setup_code: 'x' };
    const made = await admin.post('/accounts', form);
    const code = /<code>([\w-]{43})<\/code>/.exec(made.text)?.[1] ?? '';
    const first = { code, password, again: password, role: 'admin', roles: 'admin', login: 'root' };
    expect((await browserOf(desk.console.port).post('/first-access', first)).status).toBe(303);
    const rows = await desk.gateway.owner.all(
      "SELECT roles, client_id AS client FROM accounts WHERE login = 'cree.par'",
    );
    expect(rows).toEqual([{ roles: 'support', client: null }]);
  });

  test('a view is its owner’s, whatever account the form names', async () => {
    const login = await desk.account(['support']);
    const browser = browserOf(desk.console.port);
    await browser.post('/sign-in', { login, password });
    const asked = {
      list: 'live',
      state: 'failed',
      name: 'vue',
      ...more,
      accountId: '1',
      query: '//boutique.example',
    };
    expect((await browser.post('/views', asked)).to).toBe('/live?state=failed');
    const rows = await desk.gateway.owner.all<{ login: string; query: string }>(
      'SELECT a.login, v.query FROM saved_views v JOIN accounts a ON a.id = v.account_id',
    );
    expect(rows).toEqual([{ login, query: 'state=failed' }]);
  });
});
