// Signing in by an OpenID Connect provider on this machine: who is let in, what is asked besides, and every way of cheating refused.
import { createServer, type AddressInfo } from 'node:net';
import { OAuth2Server } from 'oauth2-mock-server';
import { signIn } from '../../src/access/sign-in.ts';
import type { Role } from '../../src/access/permissions.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { findingsOfAll } from './chromium.ts';
import { browserOf, deskOver, enrol, password, type Answer, type Browser, type TestDesk } from './desk.ts';

let provider: OAuth2Server;
let gateway: Gateway;
let desk: TestDesk;
let admin: Browser;
/** What the provider says of whoever comes. */
let said: Record<string, unknown>;

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
};

beforeAll(async () => {
  provider = new OAuth2Server();
  await provider.issuer.keys.generate('RS256');
  await provider.start(0, '127.0.0.1');
  provider.service.on('beforeTokenSigning', (token: { payload: Record<string, unknown> }) => {
    Object.assign(token.payload, said);
  });
  gateway = await openGateway({ files: webhookFiles(9) });
  const port = await freePort();
  desk = await deskOver(gateway, {
    port,
    oidc: {
      ...{ issuer: provider.issuer.url ?? '', clientId: 'relais', clientSecret: 'secret-du-fournisseur' },
      ...{ consoleUrl: `http://127.0.0.1:${port}`, mfa: ['mfa', 'otp'], allowHttp: true },
    },
  });
  admin = await desk.signedIn('admin');
});
beforeEach(() => {
  said = { sub: 'sujet-1' };
});
afterAll(async () => {
  await desk.close();
  await provider.stop();
});

/** Through the provider and back; the address it sends the browser to may be altered on the way. */
async function comesBack(
  browser: Browser,
  { to = '', alter = (address: URL) => address.href }: { to?: string; alter?: (address: URL) => string } = {},
): Promise<Answer> {
  const away = await browser.get(`/sign-in/oidc?to=${encodeURIComponent(to)}`);
  expect([away.status, away.to.startsWith(provider.issuer.url ?? '-')]).toEqual([303, true]);
  const answer = await fetch(away.to, { redirect: 'manual' });
  const back = new URL(alter(new URL(answer.headers.get('location') ?? '')));
  return browser.get(back.pathname + back.search);
}
const idOf = async (login: string): Promise<number> =>
  (await gateway.owner.all<{ id: number }>('SELECT id FROM accounts WHERE login = ?', [login]))[0]?.id ?? 0;
async function linked(roles: readonly Role[], subject: string): Promise<string> {
  const login = await desk.account(roles, `${roles.join('-')}-${subject}`);
  const answer = await admin.post(`/accounts/${await idOf(login)}/identity`, { subject });
  expect(answer.status).toBe(303);
  return login;
}
const isIn = async (browser: Browser): Promise<boolean> => (await browser.get('/account')).status === 200;
const entries = (kind: string): Promise<readonly { actor: string; reason: string }[]> =>
  gateway.owner.all('SELECT actor, reason FROM handovers WHERE entry = ? ORDER BY id', [kind]);

test('who is linked comes in, to the page that was asked for, with a session as for passwords and an entry', async () => {
  const login = await linked(['support'], 'sujet-1');
  const browser = browserOf(desk.console.port);
  expect((await browser.get('/sign-in')).text).toContain('/sign-in/oidc');
  const back = await comesBack(browser, { to: '/deliveries?state=failed' });
  expect([back.status, back.to]).toEqual([303, '/deliveries?state=failed']);
  expect(await isIn(browser)).toBe(true);
  expect((await entries('signed_in')).at(-1)).toEqual({
    actor: `account:${await idOf(login)}`,
    reason: 'IDENTITY',
  });
  const cookie = back.headers.getSetCookie().find((line) => line.startsWith('relais='));
  expect(cookie).toMatch(/HttpOnly.*SameSite=Lax/i);
});

test('who is linked to nobody is refused like an ended account: the mail address says nothing, and nothing is told', async () => {
  const login = await desk.account(['support'], 'zoe@centre.example');
  const tellOf = async (over: Record<string, unknown>): Promise<readonly unknown[]> => {
    said = over;
    const browser = browserOf(desk.console.port);
    const { status, to } = await comesBack(browser);
    return [status, to, (await browser.get(to)).text.includes(String(over['sub'])), await isIn(browser)];
  };
  const refused = [303, '/sign-in?say=identity', false, false];
  expect(
    await tellOf({ sub: 'inconnu', email: login, email_verified: true, preferred_username: login }),
  ).toEqual(refused);
  await linked(['support'], 'sujet-ended');
  await admin.post(`/accounts/${await idOf('support-sujet-ended')}/end`, { login: 'support-sujet-ended' });
  expect(await tellOf({ sub: 'sujet-ended' })).toEqual(refused);
  expect((await entries('sign_in_refused')).at(-1)).toMatchObject({ reason: 'IDENTITY' });
  expect(await gateway.owner.all("SELECT 1 FROM account_identities WHERE subject = 'sujet-ended'")).toEqual(
    [],
  );
});

test('C38: of dpo and admin a second factor is asked, ours where the provider has asked for none', async () => {
  await linked(['dpo'], 'sujet-dpo');
  said = { sub: 'sujet-dpo', amr: ['pwd'] };
  const browser = browserOf(desk.console.port);
  expect((await comesBack(browser)).to).toMatch(/^\/sign-in\/second-factor/);
  expect((await browser.get('/requests')).status).toBe(303);
  const { totp } = await enrol(browser);
  expect(totp.secret.hex).not.toBe('');
  expect((await browser.get('/requests')).status).toBe(200);
  const again = browserOf(desk.console.port);
  expect((await comesBack(again)).to).toMatch(/^\/sign-in\/code/);
  expect((await again.get('/requests')).status).toBe(303);
  for (const factor of [{ amr: ['pwd', 'otp'] }, { acr: 'mfa' }]) {
    said = { sub: 'sujet-dpo', ...factor };
    const proved = browserOf(desk.console.port);
    expect([factor, (await comesBack(proved)).to]).toEqual([factor, '/']);
    expect((await proved.get('/requests')).status).toBe(200);
  }
});

describe('what does not fit is refused, and opens nothing', () => {
  interface Wrong {
    readonly what: string;
    /** Said by the provider beside the subject. */
    readonly over?: Readonly<Record<string, unknown>>;
    /** Of the address it sends the browser back to. */
    readonly set?: readonly [name: string, value: string];
  }
  const wrong: readonly Wrong[] = [
    { what: 'another state', set: ['state', 'autre'] },
    { what: 'no state', set: ['state', ''] },
    { what: 'a code nobody gave', set: ['code', 'inventé'] },
    { what: 'an error of the provider', set: ['error', 'access_denied'] },
    { what: 'another nonce', over: { nonce: 'autre' } },
    { what: 'another audience', over: { aud: 'un-autre-logiciel' } },
    { what: 'another issuer', over: { iss: 'https://autre.example' } },
    { what: 'a token that has ended', over: { exp: 1_700_000_000 } },
  ];
  test.each(wrong)('$what', async ({ over = {}, set }) => {
    said = { sub: 'sujet-1', ...over };
    const browser = browserOf(desk.console.port);
    const alter = (address: URL): string => {
      if (set !== undefined) address.searchParams.set(...set);
      return address.href;
    };
    expect((await comesBack(browser, { alter })).to).toBe('/sign-in?say=identity');
    expect(await isIn(browser)).toBe(false);
  });

  test('an answer that another browser was sent away for, or that comes twice', async () => {
    const [victim, attacker] = [browserOf(desk.console.port), browserOf(desk.console.port)];
    const away = await attacker.get('/sign-in/oidc');
    const back = new URL((await fetch(away.to, { redirect: 'manual' })).headers.get('location') ?? '');
    expect((await victim.get(back.pathname + back.search)).to).toBe('/sign-in?say=identity');
    expect(await isIn(victim)).toBe(false);
    await victim.get('/sign-in/oidc');
    expect((await victim.get(back.pathname + back.search)).to).toBe('/sign-in?say=identity');
    expect((await attacker.get(back.pathname + back.search)).to).toBe('/');
    expect((await attacker.get(back.pathname + back.search)).to).toBe('/sign-in?say=identity');
  });

  test('a token signed by another key', async () => {
    const forger = new OAuth2Server();
    await forger.issuer.keys.generate('RS256');
    forger.issuer.url = provider.issuer.url;
    const browser = browserOf(desk.console.port);
    const forge = (answer: { body: Record<string, unknown> | '' }): void => {
      const body = answer.body as Record<string, unknown>;
      const [, payload = ''] = String(body['id_token']).split('.');
      const [head = '', , signature = ''] = forged.split('.');
      body['id_token'] = `${head}.${payload}.${signature}`;
    };
    const forged = await forger.issuer.buildToken();
    provider.service.once('beforeResponse', forge);
    expect((await comesBack(browser)).to).toBe('/sign-in?say=identity');
    expect(await isIn(browser)).toBe(false);
  });

  test('a cookie that was altered, and an address elsewhere to go on to', async () => {
    const browser = browserOf(desk.console.port);
    const back = await comesBack(browser, {
      alter: (address) => {
        const kept = browser.cookies.get('relais-oidc') ?? '';
        browser.cookies.set('relais-oidc', `${kept.startsWith('A') ? 'B' : 'A'}${kept.slice(1)}`);
        return address.href;
      },
    });
    expect(back.to).toBe('/sign-in?say=identity');
    expect((await comesBack(browser, { to: '//ailleurs.example' })).to).toBe('/');
  });
});

test('signing in over an open session ends that one; the provider is linked and taken away by an administrator alone', async () => {
  const browser = browserOf(desk.console.port);
  await comesBack(browser);
  const before = browser.cookies.get('relais') ?? '';
  await comesBack(browser);
  expect(browser.cookies.get('relais')).not.toBe(before);
  const old = browserOf(desk.console.port);
  old.cookies.set('relais', before);
  expect(await isIn(old)).toBe(false);
  const path = `/accounts/${await idOf('support-sujet-1')}/identity`;
  expect((await browser.post(path, { subject: 'sujet-2' })).status).toBe(403);
  const other = await desk.account(['support'], 'autre-compte');
  expect((await admin.post(`/accounts/${await idOf(other)}/identity`, { subject: 'sujet-1' })).status).toBe(
    422,
  );
  expect((await admin.post(path, { subject: '' })).status).toBe(303);
  expect(await isIn(browser)).toBe(false);
  expect((await comesBack(browser)).to).toBe('/sign-in?say=identity');
});

test('where passwords are shut but for administrators, a right one is answered as a wrong one', async () => {
  const login = await desk.account(['support'], 'par-mot-de-passe');
  const place = { ...gateway.app.access, passwords: 'admins' as const };
  const caller = { address: '192.0.2.7', agent: 'test' };
  expect(await signIn(place, { login, password }, caller)).toEqual({ kind: 'refused' });
  expect(await signIn(place, { login, password: 'un autre mot de passe' }, caller)).toEqual({
    kind: 'refused',
  });
  const chief = await desk.account(['admin'], 'chef');
  expect(await signIn(place, { login: chief, password }, { ...caller, address: '192.0.2.8' })).toMatchObject({
    kind: 'signed_in',
    stage: 'enrol',
  });
});

test('axe-core finds nothing on the way in, nor where an administrator links an identity', async () => {
  const account = await idOf(await linked(['integrator'], 'sujet-axe'));
  expect(await findingsOfAll(desk.console.port, new Map(), ['/sign-in', '/sign-in?say=identity'])).toEqual(
    [],
  );
  expect(await findingsOfAll(desk.console.port, admin.cookies, [`/accounts/${account}`])).toEqual([]);
}, 240_000);
