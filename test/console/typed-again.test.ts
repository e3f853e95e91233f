// A form that was refused keeps what was typed, in that form and in no other of its page; names are chosen, not guessed.
import type { Browser } from './desk.ts';
import { openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let person: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 2 });
  person = await desk.signedIn('support', 'dpo', 'admin');
});
afterAll(() => desk.close());

/** The forms of a page by where they are sent. */
const formsIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/<form[^>]*action="([^"]+)"[\s\S]*?<\/form>/g)].map(([form, action = '']) => [
      action,
      form,
    ]),
  );

test.each([
  ['a delivery that failed', '/deliveries/KO-0', 'close', 'evidence'],
  ['a destination', '/destinations/essai-crm', 'suspend', 'reason'],
  ['a lead in clear', '/leads/essai/OK-1', 'reveal', 'reason'],
] as const)('what was typed stands again: %s', async (_, place, act, name) => {
  const path = place.replace('KO-0', String(await desk.idOf('KO-0')));
  const typed = 'appel de +33 6 39 98 00 01';
  const { status, text } = await person.post(`${path}/${act}`, { [name]: typed, reason: typed });
  expect(status).toBe(422);
  const forms = formsIn(text);
  expect(forms.get(`${path}/${act}`)).toMatch(new RegExp(`name="${name}"[^>]*value="appel de \\+33`));
  const others = [...forms].filter(([action]) => action !== `${path}/${act}`);
  expect(others.filter(([, form]) => form.includes('appel de +33'))).toEqual([]);
});

test('what was typed stands again in a row of a list, which is open', async () => {
  await person.post('/api-keys', { name: 'Formulaires', scope: 'lead.post', days: '30' });
  const { text } = await person.post('/api-keys/1/end', { name: 'Formulair' });
  expect(text).toMatch(/<details\s+open>\s*<summary>Révoquer/);
  expect(formsIn(text).get('/api-keys/1/end')).toContain('value="Formulair"');
  expect(formsIn(text).get('/api-keys')).not.toContain('Formulair');
});

test('resuming what sends already says so in words', async () => {
  const { status, text } = await person.post('/destinations/essai-crm/resume', { reason: 'ticket 5' });
  expect([status, text.includes('Elle l’est déjà, ou elle est archivée')]).toEqual([422, true]);
});

test('roles that were ticked stay ticked where they are refused', async () => {
  const login = await desk.account(['support']);
  const list = (await person.get('/accounts')).text;
  const [, path = ''] = new RegExp(`href="(/accounts/\\d+)">${login}<`).exec(list) ?? [];
  const { status, text } = await person.post(`${path}/roles`);
  expect(status).toBe(422);
  expect(formsIn(text).get(`${path}/roles`)).not.toContain('checked');
});

test('clients, destinations and causes are chosen; what an address names stays chosen', async () => {
  const { text } = await person.get('/deliveries?state=failed&cause=refused%3ABAD');
  expect(text).toMatch(/<select name="client"\s*>[\s\S]*<option value="essai"/);
  expect(text).toMatch(/<select name="destination"\s*>[\s\S]*<option value="essai-crm"/);
  expect(text).toMatch(/<option value="refused:BAD"\s+selected>refusé par le destinataire \(BAD\)/);
  const viewer = await desk.signedIn('viewer');
  expect((await viewer.get('/deliveries')).text).not.toContain('name="client"');
});

test('each page below a line of the navigation leads back to it, and marks it', async () => {
  for (const [path, up] of [
    [`/deliveries/${await desk.idOf('OK-1')}`, '/deliveries'],
    ['/destinations/essai-crm', '/destinations'],
    ['/leads/essai/OK-1', '/search'],
    ['/mappings/essai-crm', '/mappings'],
    ['/requests/new', '/requests'],
    ['/audit/pack', '/audit'],
    ['/replay?state=failed', '/deliveries'],
  ] as const) {
    const { text } = await person.get(path);
    const main = /<main[\s\S]*/.exec(text)?.[0] ?? '';
    expect([path, main.includes(`<p class="up">`), main.indexOf(`<a href="${up}">`) >= 0]).toEqual([
      path,
      true,
      true,
    ]);
    expect([path, new RegExp(`<a href="${up}"\\s+aria-current="true"`).test(text)]).toEqual([path, true]);
  }
});
