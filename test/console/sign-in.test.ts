// Signing in as a browser does it, and what somebody tries who should not come in.
import { createAccount } from '../../src/access/accounts.ts';
import { browserOf, enrol, openDesk, password, type TestDesk } from './desk.ts';

let desk: TestDesk;
beforeAll(async () => {
  desk = await openDesk();
  await desk.account(['admin'], 'root.admin');
});
afterAll(() => desk.close());
const visitor = () => browserOf(desk.console.port);

test('a new person sets a password by the code, signs in, and signs out; the cookie opens nothing then', async () => {
  const { setupCode } = await createAccount(
    desk.gateway.app.access,
    { login: 'a.dupont', roles: ['support'] },
    'tester',
  );
  const browser = visitor();
  const short = await browser.post('/first-access', { code: setupCode, password: 'court', again: 'court' });
  expect([short.status, short.text.includes('au moins 15 caractères')]).toEqual([422, true]);
  const set = await browser.post('/first-access', { code: setupCode, password, again: password });
  expect([set.status, set.to]).toEqual([303, '/sign-in?say=password']);
  const used = await browser.post('/first-access', { code: setupCode, password, again: password });
  expect([used.status, used.text.includes('Ce code a servi')]).toEqual([422, true]);
  const signed = await browser.post('/sign-in', { login: 'A.Dupont', password, to: '/account' });
  expect([signed.status, signed.to]).toEqual([303, '/account']);
  const cookies = new Map(browser.cookies);
  const page = await browser.get('/account');
  expect([page.status, page.text.includes('a.dupont')]).toEqual([200, true]);
  expect((await browser.post('/sign-out')).to).toBe('/sign-in?say=out');
  for (const [name, value] of cookies) browser.cookies.set(name, value);
  expect((await browser.get('/account')).to).toBe('/sign-in?say=ended&to=%2Faccount');
  // A button that is pressed then does nothing, which is said, and leads back to the page of its form.
  const pressed = (referer: string) =>
    browser.post(
      '/deliveries/7/replay',
      { reason: 'ticket 1' },
      { 'sec-fetch-site': 'same-origin', referer },
    );
  const origin = `http://127.0.0.1:${desk.console.port}`;
  const undone = await pressed(`${origin}/deliveries/7?say=done`);
  expect([undone.status, undone.to]).toEqual([303, '/sign-in?say=undone&to=%2Fdeliveries%2F7%3Fsay%3Ddone']);
  expect((await browser.get(undone.to)).text).toContain('ce que vous veniez d’envoyer n’a pas été fait');
  expect((await pressed('https://ailleurs.example/deliveries/7')).to).toBe('/sign-in?say=undone');
  expect((await visitor().post('/sign-out')).to).toBe('/sign-in');
});

test('C38: an administrator comes no further than the second factor, by the app or by a recovery code used once', async () => {
  const login = await desk.account(['admin']);
  const browser = visitor();
  const first = await browser.post('/sign-in', { login, password });
  expect(first.to).toBe('/sign-in/second-factor?to=%2F');
  expect([(await browser.get('/')).to, (await browser.get('/account')).to]).toEqual([
    '/sign-in/second-factor',
    '/sign-in/second-factor',
  ]);
  const { codes } = await enrol(browser);
  expect(codes).toHaveLength(10);
  expect((await browser.get('/account')).status).toBe(200);
  const again = visitor();
  expect((await again.post('/sign-in', { login, password, to: '/account' })).to).toBe(
    '/sign-in/code?to=%2Faccount',
  );
  expect((await again.get('/account')).to).toBe('/sign-in/code');
  expect((await again.get('/sign-in/second-factor')).to).toBe('/sign-in/code');
  const wrong = await again.post('/sign-in/code', { code: '000000' });
  expect([wrong.status, wrong.text.includes('Code refusé')]).toEqual([401, true]);
  const halfway = again.cookies.get('relais');
  const [code = ''] = codes;
  expect((await again.post('/sign-in/code', { code, to: '/account' })).to).toBe('/account');
  expect((await again.get('/account')).status).toBe(200);
  // The token of before the second factor opens nothing after it.
  const planted = visitor();
  planted.cookies.set('relais', halfway ?? '');
  expect((await planted.get('/account')).to).toContain('/sign-in?');
  const third = visitor();
  await third.post('/sign-in', { login, password });
  expect((await third.post('/sign-in/code', { code })).status).toBe(401);
});

test('a login nobody has, a wrong password and an account that has none are answered by the same page', async () => {
  const login = await desk.account(['support']);
  await createAccount(desk.gateway.app.access, { login: 'sans.mot', roles: ['support'] }, 'tester');
  const pages = [];
  for (const tried of [login, 'personne.ici', 'sans.mot']) {
    const { status, text } = await visitor().post('/sign-in', {
      login: tried,
      password: 'une phrase fausse',
    });
    pages.push([status, text.replaceAll(tried, 'LOGIN')]);
  }
  expect(pages[1]).toEqual(pages[0]);
  expect(pages[2]).toEqual(pages[0]);
  expect(pages[0]?.[0]).toBe(401);
});

test('after five wrong tries the right password has to wait too', async () => {
  const login = await desk.account(['support']);
  const browser = visitor();
  for (let tried = 0; tried < 5; tried += 1)
    expect((await browser.post('/sign-in', { login, password: 'une phrase fausse' })).status).toBe(401);
  const waits = await browser.post('/sign-in', { login, password });
  expect([waits.status, /Réessayez dans \d+ min/.test(waits.text)]).toEqual([429, true]);
  expect(browser.cookies.has('relais')).toBe(false);
});

test('a token planted before the sign-in is another one after it, and signing in over a session ends that one', async () => {
  const login = await desk.account(['support']);
  const browser = visitor();
  browser.cookies.set('relais', 'A'.repeat(43));
  await browser.post('/sign-in', { login, password });
  const former = browser.cookies.get('relais') ?? '';
  expect(former).not.toBe('A'.repeat(43));
  await browser.post('/sign-in', { login, password });
  const old = visitor();
  old.cookies.set('relais', former);
  expect((await old.get('/account')).status).toBe(303);
  expect((await browser.get('/account')).status).toBe(200);
});

test('sessions are listed to their owner, who ends one or all others; a number of somebody else’s ends nothing', async () => {
  const login = await desk.account(['support']);
  const [here, there, third] = [visitor(), visitor(), visitor()];
  for (const browser of [here, there, third]) await browser.post('/sign-in', { login, password });
  const stranger = await desk.signedIn('support');
  const listed = await here.get('/account');
  const ids = [...listed.text.matchAll(/sessions\/(\d+)\/end/g)].map(([, id = '']) => id);
  expect(ids).toHaveLength(2);
  for (const id of ids) await stranger.post(`/account/sessions/${id}/end`);
  expect([(await there.get('/account')).status, (await third.get('/account')).status]).toEqual([200, 200]);
  await here.post(`/account/sessions/${ids[0] ?? ''}/end`);
  const left = [(await there.get('/account')).status, (await third.get('/account')).status];
  expect(left.toSorted((a, b) => a - b)).toEqual([200, 303]);
  await here.post('/account/sessions/end-others');
  expect([(await there.get('/account')).status, (await third.get('/account')).status]).toEqual([303, 303]);
  expect((await here.get('/account')).status).toBe(200);
});
