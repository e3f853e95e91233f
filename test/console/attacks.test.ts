// What another site, another person or a crafted request may try: forged forms, open redirects, script in what is shown, old pages.
import { browserOf, openDesk, password, type TestDesk } from './desk.ts';

let desk: TestDesk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.close());
const visitor = () => browserOf(desk.console.port);

test.each([
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['a sister site', { 'sec-fetch-site': 'same-site' }],
  ['an address that was typed', { 'sec-fetch-site': 'none' }],
  ['nobody knows where', {}],
  ['a strange origin', { origin: 'https://boutique.example' }],
  ['no origin', { origin: 'null' }],
] as const)('a form from %s changes nothing', async (_from, headers) => {
  const browser = await desk.signedIn('support');
  for (const path of ['/sign-out', '/account/sessions/end-others', '/language', '/sign-in'])
    expect([path, (await browser.post(path, { language: 'en' }, headers)).status]).toEqual([path, 403]);
  expect((await browser.get('/account')).status).toBe(200);
});

test('an older browser that names its origin only is heard', async () => {
  const browser = await desk.signedIn('support');
  const origin = `http://127.0.0.1:${desk.console.port}`;
  expect((await browser.post('/sign-out', {}, { origin })).status).toBe(303);
});

test.each([
  'https://boutique.example/',
  '//boutique.example/',
  '/\\boutique.example',
  '/.//boutique.example/',
  '/%2e%2e//boutique.example/',
  '/account/..//boutique.example/',
  '\\\\boutique.example',
  '/\t/boutique.example',
  'javascript:alert(1)',
  'account',
  '/%0d%0aset-cookie:x=1\r\n',
  '/sign-out',
])('after signing in nobody is led to %j', async (to) => {
  const login = await desk.account(['support']);
  expect((await visitor().post('/sign-in', { login, password, to })).to).toBe('/');
  const changed = await visitor().post('/language', { language: 'en', to });
  expect(changed.to).toBe('/');
});

test('what was typed comes back as text, in no page as a tag or an attribute', async () => {
  const typed = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
  const refused = await visitor().post('/sign-in', {
    login: typed,
    password: 'une phrase fausse',
    to: `/${typed}`,
  });
  const asked = await visitor().get(`/sign-in?to=${encodeURIComponent(`/x?${typed}`)}&say=${typed}`);
  const lost = await visitor().get(`/nulle-part?${encodeURIComponent(typed)}`);
  for (const { text } of [refused, asked, lost]) {
    expect(text).not.toMatch(/<script>|<img src=x|"><script/);
    expect(text).toContain('<html lang="fr">');
  }
});

test('each answer has its headers: nothing kept, nothing framed, no script but ours', async () => {
  const browser = await desk.signedIn('support');
  for (const path of ['/', '/account', '/sign-in', '/nulle-part']) {
    const { headers } = await browser.get(path);
    expect({
      cache: headers.get('cache-control'),
      policy: headers.get('content-security-policy'),
      frame: headers.get('x-frame-options'),
      sniff: headers.get('x-content-type-options'),
      referrer: headers.get('referrer-policy'),
      opener: headers.get('cross-origin-opener-policy'),
    }).toEqual({
      cache: 'no-store',
      policy:
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
      frame: 'DENY',
      sniff: 'nosniff',
      referrer: 'same-origin',
      opener: 'same-origin',
    });
  }
});

test('a page has no inline style, no inline script and no handler, and what it loads is kept under its content’s name', async () => {
  const browser = await desk.signedIn('support');
  const { text } = await browser.get('/account');
  expect(text).not.toMatch(/\sstyle=|<style|\son[a-z]+=|<script(?![^>]* src="\/assets\/)/);
  const [address = ''] = /\/assets\/[0-9a-f]{16}\/console\.css/.exec(text) ?? [];
  const style = await visitor().get(address);
  expect([style.status, style.headers.get('cache-control')]).toEqual([
    200,
    'public, max-age=31536000, immutable',
  ]);
});

test('the cookie is out of reach of scripts and of other sites', async () => {
  const login = await desk.account(['support']);
  const signed = await visitor().post('/sign-in', { login, password });
  expect(signed.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^relais=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/),
    expect.stringMatching(/^relais-known=[\w-]{43}; Max-Age=15552000; Path=\/; HttpOnly; SameSite=Lax$/),
  ]);
});

test('a body that is too long, of another kind or with a field twice is refused or read as nothing', async () => {
  const browser = visitor();
  const ask = (body: string, type: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${desk.console.port}/sign-in`, {
      method: 'POST',
      headers: { 'content-type': type, 'sec-fetch-site': 'same-origin' },
      body,
    });
  const form = 'application/x-www-form-urlencoded';
  expect((await ask(`login=${'a'.repeat(70_000)}`, form)).status).toBe(413);
  expect((await ask('{"login":"a"}', 'application/json')).status).toBe(415);
  expect((await ask('login=a&login=b&password=x&__proto__=y', form)).status).toBe(401);
  expect((await browser.get('/sign-in')).status).toBe(200);
});
