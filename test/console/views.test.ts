// Saved views: kept under a name by their owner, listed at the head of their list, and nobody else's.
import { closeAccount } from '../../src/access/accounts.ts';
import { browserOf, openDesk, password, type Browser, type TestDesk } from './desk.ts';

let desk: TestDesk;
let login: string;
let own: Browser;
beforeAll(async () => {
  desk = await openDesk();
  login = await desk.account(['support']);
  own = browserOf(desk.console.port);
  await own.post('/sign-in', { login, password });
});
afterAll(() => desk.close());

const view = { list: 'deliveries', destination: 'essai-crm', state: 'failed' };
const address = '/deliveries?destination=essai-crm&state=failed';
const kept = async (): Promise<number> => (await desk.gateway.owner.all('SELECT 1 FROM saved_views')).length;

test('a filter is kept under a name, stands at the head of its list alone, and is removed by its owner', async () => {
  const saved = await own.post('/views', { ...view, name: ' Échecs d’Essai ' });
  expect([saved.status, saved.to]).toEqual([303, address]);
  const list = await own.get('/deliveries');
  expect(list.text).toContain(`href="${address.replace('&', '&amp;')}"`);
  expect(list.text).toContain('Échecs d’Essai');
  expect((await own.get('/live')).text).not.toContain('Échecs d’Essai');
  expect((await own.get(address)).text).toMatch(/aria-current="page"\s*>Échecs d’Essai/);
  const other = await desk.signedIn('support');
  expect((await other.get('/deliveries')).text).not.toContain('Échecs d’Essai');
  const [row] = await desk.gateway.owner.all<{ id: number }>('SELECT id FROM saved_views');
  const id = row?.id ?? 0;
  expect((await other.post(`/views/${id}/remove`, { list: 'deliveries' })).status).toBe(404);
  expect(await kept()).toBe(1);
  const removed = await own.post(`/views/${id}/remove`, { list: 'deliveries', state: 'failed' });
  expect([removed.status, removed.to]).toEqual([303, '/deliveries?state=failed']);
  expect((await own.post(`/views/${id}/remove`, { list: 'deliveries' })).status).toBe(404);
  expect(await kept()).toBe(0);
});

test('the same name again replaces the filter; there are twenty at most, of whatever list', async () => {
  await own.post('/views', { ...view, name: 'A' });
  await own.post('/views', { ...view, state: 'waiting', name: 'A' });
  expect((await own.get('/deliveries')).text).toMatch(/state=waiting"\s*>A</);
  for (let number = 1; number < 20; number += 1)
    await own.post('/views', {
      ...view,
      list: number % 2 === 0 ? 'live' : 'deliveries',
      name: `vue ${number}`,
    });
  expect(await kept()).toBe(20);
  const one = await own.post('/views', { ...view, name: 'une de plus' });
  expect([one.status, one.text.includes('vingt vues')]).toEqual([422, true]);
  // The name and the filter stand in the form again.
  expect(one.text).toContain('value="une de plus"');
  expect(one.text).toMatch(/name="state" value="failed"/);
  expect((await own.post('/views', { ...view, name: 'A' })).status).toBe(303);
  expect(await kept()).toBe(20);
});

test.each([
  ['without a name', { ...view, name: '  ' }, 'un nom', 422],
  ['with a name too long', { ...view, name: 'n'.repeat(61) }, '60 caractères', 422],
  ['with a name that names somebody', { ...view, name: 'zoe@courriel.example' }, 'n’oublie jamais', 422],
  ['without a filter', { list: 'deliveries', name: 'B' }, 'pas de filtre', 400],
  ['of one lead', { list: 'deliveries', lead: 'OK-1', name: 'B' }, 'pas de filtre', 400],
  ['of a list that does not exist', { ...view, list: '//boutique.example', name: 'B' }, 'pas de filtre', 400],
  ['that no list could show', { ...view, state: 'nulle', name: 'B' }, 'pas un état', 400],
] as const)('a view %s is not kept', async (_what, fields, words, status) => {
  const before = await kept();
  const answer = await own.post('/views', fields);
  expect([answer.status, answer.text.includes(words), await kept()]).toEqual([status, true, before]);
});

test('a hostile name is shown as it was typed, in no page as a tag or an attribute', async () => {
  const browser = await desk.signedIn('support');
  const name = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
  expect((await browser.post('/views', { ...view, name })).status).toBe(303);
  const { text } = await browser.get('/deliveries');
  expect(text).toContain('&lt;img src=x');
  expect(text).not.toMatch(/<script>|<img src=x/);
});

test('the views of an account go with it', async () => {
  expect(await kept()).toBeGreaterThan(0);
  await closeAccount(desk.gateway.app.access, login, 'tester');
  expect(await kept()).toBe(1);
});
