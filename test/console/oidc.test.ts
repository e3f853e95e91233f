// Signing in by an OpenID Connect provider on this machine: who is let in, what is asked besides, and every way of cheating refused.
import { OAuth2Server } from 'oauth2-mock-server';
import { signIn } from '../../src/access/sign-in.ts';
import type { Role } from '../../src/access/permissions.ts';
import { browserOf, enrol, password, type Answer, type Browser, type TestDesk } from './desk.ts';
import { isIn, openOidcDesk, type OidcDesk } from './oidc-desk.ts';

let opened: OidcDesk;
let desk: TestDesk;
let admin: Browser;
beforeAll(async () => {
  opened = await openOidcDesk();
  ({ desk, admin } = opened);
});
beforeEach(() => opened.says({ sub: 'sujet-1' }));
afterAll(() => opened.close());

const comesBack = (...asked: Parameters<OidcDesk['comesBack']>): Promise<Answer> =>
  opened.comesBack(...asked);
const idOf = (login: string): Promise<number> => opened.idOf(login);
const linked = (roles: readonly Role[], subject: string): Promise<string> => opened.linked(roles, subject);
const entries = (kind: string): Promise<readonly { actor: string; reason: string }[]> =>
  opened.gateway.owner.all('SELECT actor, reason FROM handovers WHERE entry = ? ORDER BY id', [kind]);

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
    opened.says(over);
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
  expect(
    await opened.gateway.owner.all("SELECT 1 FROM account_identities WHERE subject = 'sujet-ended'"),
  ).toEqual([]);
});

test('C38: of dpo and admin a second factor is asked, ours where the provider has asked for none', async () => {
  await linked(['dpo'], 'sujet-dpo');
  opened.says({ sub: 'sujet-dpo', amr: ['pwd'] });
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
    opened.says({ sub: 'sujet-dpo', ...factor });
    const proved = browserOf(desk.console.port);
    expect([factor, (await comesBack(proved)).to]).toEqual([factor, '/']);
    expect((await proved.get('/requests')).status).toBe(200);
  }
});

describe('what does not fit is refused, and opens nothing', () => {
  // Of somebody who would come in by it, whichever of these tests runs alone.
  beforeAll(() => linked(['support'], 'sujet-juste'));
  beforeEach(() => opened.says({ sub: 'sujet-juste' }));
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
    opened.says({ sub: 'sujet-juste', ...over });
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
    forger.issuer.url = opened.provider.issuer.url;
    const browser = browserOf(desk.console.port);
    const forge = (answer: { body: Record<string, unknown> | '' }): void => {
      const body = answer.body as Record<string, unknown>;
      const [, payload = ''] = String(body['id_token']).split('.');
      const [head = '', , signature = ''] = forged.split('.');
      body['id_token'] = `${head}.${payload}.${signature}`;
    };
    const forged = await forger.issuer.buildToken();
    opened.provider.service.once('beforeResponse', forge);
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
  const place = { ...opened.gateway.app.access, passwords: 'admins' as const };
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
