// What somebody hostile makes of signing in by a provider: forged tokens, borrowed codes, a provider that is away or talks without end.
import { createHmac } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createOidc } from '../../src/access/oidc.ts';
import { silentLog } from '../../src/log.ts';
import { freePort } from '../../sandbox/ports.ts';
import { browserOf, deskOver, enrol, password, type Browser } from './desk.ts';
import { clientSecret, isIn, openOidcDesk, type OidcDesk } from './oidc-desk.ts';

let opened: OidcDesk;
beforeAll(async () => {
  opened = await openOidcDesk();
  await opened.linked(['support'], 'sujet-1');
});
beforeEach(() => opened.says({ sub: 'sujet-1' }));
afterAll(() => opened.close());
const visitor = (): Browser => browserOf(opened.desk.console.port);
const refused = '/sign-in?say=identity';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
interface Token {
  readonly head: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signature: string;
}
const readToken = (text: string): Token => {
  const [head = '', payload = '', signature = ''] = text.split('.');
  const json = (one: string) => JSON.parse(String(Buffer.from(one, 'base64url'))) as Token['head'];
  return { head: json(head), payload: json(payload), signature };
};
/** The next answer of the provider to our question for a token is altered on its way. */
const onTheWay = (alter: (body: Record<string, unknown>) => void): void =>
  void opened.provider.service.once('beforeResponse', (answer: { body: Record<string, unknown> | '' }) => {
    if (answer.body !== '') alter(answer.body);
  });
const forged = (forge: (token: Token) => string): void =>
  onTheWay((body) => {
    body['id_token'] = forge(readToken(String(body['id_token'])));
  });

const forgeries: readonly (readonly [string, (token: Token) => string])[] = [
  [
    'whose subject was changed after it was signed',
    ({ head, payload, signature }) =>
      `${part(head)}.${part({ ...payload, sub: 'sujet-1', name: 'x' })}.${signature}`,
  ],
  [
    'without a signature (alg none)',
    ({ payload }) => `${part({ alg: 'none', typ: 'JWT' })}.${part(payload)}.`,
  ],
  [
    'signed with the secret we share (HS256)',
    ({ head, payload }) => {
      const text = `${part({ ...head, alg: 'HS256' })}.${part(payload)}`;
      return `${text}.${createHmac('sha256', clientSecret).update(text).digest('base64url')}`;
    },
  ],
  ['with no part but the first', ({ head }) => part(head)],
];
test.each(forgeries)('a token %s is refused', async (_, forge) => {
  const browser = visitor();
  forged(forge);
  expect((await opened.comesBack(browser)).to).toBe(refused);
  expect(await isIn(browser)).toBe(false);
  // The same browser comes in by what the provider did say.
  expect((await opened.comesBack(browser)).to).toBe('/');
});

test.each([
  ['made for another program beside ours', { aud: ['relais', 'autre'], azp: 'autre' }],
  ['without a subject', { sub: undefined }],
  ['with an empty subject', { sub: '' }],
  ['with a subject that only begins like one that is linked', { sub: 'sujet-1 ' }],
  ['with the subject in other capitals', { sub: 'SUJET-1' }],
  ['made an hour ahead', { nbf: 4_000_000_000 }],
])('a token %s is refused', async (_, over) => {
  opened.says({ sub: 'sujet-1', ...over });
  const browser = visitor();
  expect((await opened.comesBack(browser)).to).toBe(refused);
  expect(await isIn(browser)).toBe(false);
});

test('an answer without a token of identity, and one that names another provider (mix-up), are refused', async () => {
  const browser = visitor();
  onTheWay((body) => delete body['id_token']);
  expect((await opened.comesBack(browser)).to).toBe(refused);
  const alter = (address: URL): string => {
    address.searchParams.set('iss', 'https://autre.example');
    return address.href;
  };
  expect((await opened.comesBack(browser, { alter })).to).toBe(refused);
  expect(await isIn(browser)).toBe(false);
});

test('a code that was given in another round is worth nothing in this one (PKCE, nonce)', async () => {
  const other = await visitor().get('/sign-in/oidc');
  const given = new URL((await fetch(other.to, { redirect: 'manual' })).headers.get('location') ?? '');
  const alter = (address: URL): string => {
    address.searchParams.set('code', given.searchParams.get('code') ?? '');
    return address.href;
  };
  const browser = visitor();
  expect((await opened.comesBack(browser, { alter })).to).toBe(refused);
  expect(await isIn(browser)).toBe(false);
});

test('a session that was planted before is another one after, and what a provider says of roles counts for nothing', async () => {
  const browser = visitor();
  browser.cookies.set('relais', 'A'.repeat(43));
  const boast = { roles: ['admin'], groups: ['admin', 'dpo'], role: 'admin', client_id: 'autre' };
  opened.says({ sub: 'sujet-1', ...boast, realm_access: { roles: ['admin'] } });
  expect((await opened.comesBack(browser)).to).toBe('/');
  expect(browser.cookies.get('relais')).not.toBe('A'.repeat(43));
  expect([(await browser.get('/accounts')).status, (await browser.get('/requests')).status]).toEqual([
    403, 403,
  ]);
  expect((await browser.get('/deliveries')).status).toBe(200);
});

test.each(['/.//boutique.example', '/%2e%2e//boutique.example', 'https://boutique.example', '/sign-out'])(
  'nobody is led to %j behind the provider',
  async (to) => {
    expect((await opened.comesBack(visitor(), { to })).to).toBe('/');
  },
);

test('C38: of who has a second factor here it is asked behind the provider, by a code; a session halfway opens nothing', async () => {
  const login = await opened.linked(['support'], 'sujet-facteur');
  const first = visitor();
  await first.post('/sign-in', { login, password });
  await enrol(first, password);
  opened.says({ sub: 'sujet-facteur', amr: ['pwd', 'not-mfa', 'mfa2'], acr: '1' });
  const browser = visitor();
  expect((await opened.comesBack(browser)).to).toMatch(/^\/sign-in\/code/);
  for (const path of ['/', '/deliveries', '/account', '/sign-in/second-factor'])
    expect([path, (await browser.get(path)).to]).toEqual([path, '/sign-in/code']);
  expect((await browser.post('/sign-in/second-factor/renew', { password })).status).not.toBe(200);
  expect((await browser.post('/sign-in/second-factor', { code: '000000' })).to).toBe('/sign-in/code');
});

test('who is ended while they are at the provider does not come back', async () => {
  const login = await opened.linked(['support'], 'sujet-parti');
  opened.says({ sub: 'sujet-parti' });
  const browser = visitor();
  const away = await browser.get('/sign-in/oidc');
  const back = new URL((await fetch(away.to, { redirect: 'manual' })).headers.get('location') ?? '');
  await opened.admin.post(`/accounts/${await opened.idOf(login)}/end`, { login });
  expect((await browser.get(back.pathname + back.search)).to).toBe(refused);
});

test('a provider that talks without end is not listened to', async () => {
  const browser = visitor();
  onTheWay((body) => {
    body['padding'] = 'x'.repeat(3_000_000);
  });
  expect((await opened.comesBack(browser)).to).toBe(refused);
  expect((await opened.comesBack(browser)).to).toBe('/');
});

test('a provider that is away is told as that; who has a password comes in', async () => {
  const consolePort = await freePort();
  const desk = await deskOver(
    { ...opened.gateway, close: () => Promise.resolve() },
    {
      port: consolePort,
      oidc: {
        ...{ issuer: `http://127.0.0.1:${await freePort()}`, clientId: 'relais', clientSecret },
        ...{ consoleUrl: `http://127.0.0.1:${consolePort}`, mfa: [], allowHttp: true },
      },
    },
  );
  const browser = browserOf(consolePort);
  expect((await browser.get('/sign-in/oidc')).to).toBe('/sign-in?say=away');
  expect((await browser.get('/sign-in?say=away')).text).toContain('ne répond pas');
  const login = await desk.account(['support'], 'par-mot-de-passe-seul');
  expect((await browser.post('/sign-in', { login, password })).to).toBe('/');
  await desk.close();
});

test('however many are sent away at once, a slow provider is asked once', async () => {
  const waiting: Socket[] = [];
  let isOver = false;
  const answer = (socket: Socket): unknown =>
    socket.end('HTTP/1.1 503 Away\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  const slow = createServer((socket) => {
    socket.on('error', () => undefined);
    waiting.push(socket);
    if (isOver) answer(socket);
  });
  await new Promise<void>((done) => slow.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
  const options = { issuer, clientId: 'relais', clientSecret, consoleUrl: 'http://127.0.0.1:1', mfa: [] };
  const oidc = createOidc({ ...options, allowHttp: true }, opened.gateway.app.access, silentLog);
  const begun = Promise.all(Array.from({ length: 20 }, () => oidc.begin('/')));
  await opened.gateway.until('the provider is asked', () => waiting.length > 0);
  isOver = true;
  waiting.forEach(answer);
  expect((await begun).every((one) => one === undefined)).toBe(true);
  slow.close();
  expect(waiting).toHaveLength(1);
});
