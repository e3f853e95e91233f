// Guards that nobody sees while all is well: an old session, a lost role, a journal that cannot be written, what is masked.
import { changeRoles } from '../../src/access/accounts.ts';
import { raiseAlerts } from '../../src/store/alerts/alerts.ts';
import { strangerRow } from '../trip/gateway.ts';
import { browserOf, enrol, password, type Browser } from './desk.ts';
import { openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let support: Browser;
const said = 'je cherche pour ma mère';
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 1 });
  support = await desk.signedIn('support');
  await desk.gateway.send(
    strangerRow('OK-3', { comment: said, reference_tax_income: 43210 }),
    strangerRow('BAD-1', {
      last_name: 'Quimper',
      mobile: '06 39 98 00 77',
      email: 'quimper@courriel.example',
    }),
  );
  await desk.gateway.until(
    'taken and refused',
    async () =>
      (await desk.gateway.states("l.reference = 'OK-3' AND d.state = 'delivered'")).length === 1 &&
      (await desk.gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'refused'")).length === 1,
  );
});
afterAll(() => desk.close());

/** Of the newest session. */
const age = (column: 'seen_at' | 'ends_at', minutes: number): Promise<unknown> =>
  desk.gateway.owner.run(
    `UPDATE sessions SET ${column} = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)) ORDER BY id DESC LIMIT 1`,
    [minutes],
  );

test('C38: half an hour without a request, or twelve hours, end a session; a form that was open in it changes nothing', async () => {
  for (const [column, minutes] of [
    ['seen_at', -31],
    ['ends_at', -1],
  ] as const) {
    const browser = await desk.signedIn('support');
    expect((await browser.get('/account')).status).toBe(200);
    await age(column, minutes);
    const sent = await browser.post('/destinations/essai-crm/suspend', { reason: 'ticket 30' });
    expect([column, sent.status, sent.to]).toEqual([column, 303, '/sign-in?say=undone']);
    expect((await browser.get('/account')).to).toContain('/sign-in?say=ended');
  }
  const [row] = await desk.gateway.owner.all<{ status: string }>(
    "SELECT status FROM destinations WHERE id = 'essai-crm'",
  );
  expect(row?.status).toBe('active');
});

test('C38: codes of the second factor are counted as passwords are: who tries too often waits, with the right one too', async () => {
  const login = await desk.account(['admin']);
  const first = browserOf(desk.console.port);
  await first.post('/sign-in', { login, password });
  const { codes } = await enrol(first);
  const guesser = browserOf(desk.console.port);
  await guesser.post('/sign-in', { login, password });
  const statuses: number[] = [];
  for (let tried = 0; tried < 6; tried += 1)
    statuses.push((await guesser.post('/sign-in/code', { code: '000000' })).status);
  expect(statuses.slice(-2)).toEqual([429, 429]);
  expect((await guesser.post('/sign-in/code', { code: codes[0] ?? '' })).status).toBe(429);
  expect((await guesser.get('/account')).to).toBe('/sign-in/code');
});

test('a sign that turns the reading direction is shown as a sign, so that no value passes for another', async () => {
  await desk.gateway.owner.run(
    "UPDATE deliveries SET reason = CONCAT('refused:', ?) WHERE state = 'failed'",
    ['A\u202eB'],
  );
  const { text } = await support.get('/deliveries?state=failed');
  await desk.gateway.owner.run("UPDATE deliveries SET reason = 'refused:OTHER' WHERE state = 'failed'", []);
  expect(text).toContain('A\ufffdB');
  expect(text).not.toContain('\u202e');
});

test('C39: who loses a role loses it at the next click; an account that has ended opens nothing, whatever sessions stand', async () => {
  const browser = browserOf(desk.console.port);
  const login = await desk.account(['support', 'integrator']);
  await browser.post('/sign-in', { login, password });
  expect((await browser.get('/search')).status).toBe(200);
  await changeRoles(desk.gateway.app.access, login, ['integrator'], 'tester');
  expect((await browser.get('/search')).to).toContain('/sign-in?');
  await browser.post('/sign-in', { login, password });
  expect([(await browser.get('/account')).status, (await browser.get('/search')).status]).toEqual([200, 403]);
  await desk.gateway.owner.run('UPDATE accounts SET ended_at = UTC_TIMESTAMP(3) WHERE login = ?', [login]);
  expect((await browser.get('/account')).to).toContain('/sign-in?');
});

test('C39: what cannot be written into the log is not shown: neither a look-up nor a person in clear', async () => {
  const dpo = await desk.signedIn('dpo');
  await desk.gateway.owner.text(
    `CREATE TRIGGER planted BEFORE INSERT ON handovers FOR EACH ROW
       IF NEW.entry IN ('looked_up', 'revealed') THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'planted'; END IF`,
  );
  const found = await support.post('/search', { reference: 'OK-1', reason: 'ticket 31' });
  const shown = await dpo.post('/leads/essai/OK-1/reveal', { reason: 'ticket 31' });
  await desk.gateway.owner.text('DROP TRIGGER planted');
  expect([found.status, shown.status]).toEqual([500, 500]);
  expect(found.text).not.toContain('/leads/essai/OK-1');
  expect(shown.text).not.toMatch(/ok-1@|Lefèvre|Zoé/);
  expect((await dpo.post('/leads/essai/OK-1/reveal', { reason: 'ticket 31' })).text).toContain(
    'ok-1@courriel.example',
  );
});

test('C39: what a person said of their project and their means, and who a refused row names, is masked', async () => {
  const { text } = await support.get('/leads/essai/OK-3');
  expect(text).toContain('***');
  expect(text).not.toMatch(/ma mère|43210|43 210|Lefèvre|Zoé|Lyon 3/);
  const found = await support.post('/search', { email: 'quimper@courriel.example', reason: 'ticket 32' });
  expect(found.status).toBe(200);
  // What was typed comes back in its field; the row that was found shows no more than a mask.
  const [, rows = ''] = /<tbody>([\s\S]*?)<\/tbody>/.exec(found.text) ?? [];
  expect(rows).toContain('BAD-1');
  expect(rows).toContain('Q***');
  // And why nobody called.
  expect(rows).toContain('Téléphone mobile : mal écrit');
  expect(rows).not.toMatch(/Quimper|quimper@|06 39 98 00 77/);
});

test('refused rows are listed in words, without a value, page by page, and the alert about them leads there', async () => {
  const { owner } = desk.gateway;
  const page = await support.get('/refused-rows?client=essai');
  expect((await support.get('/tasks')).text).toContain('href="/refused-rows"');
  const text = page.text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  expect(text).toMatch(/essai Lead BAD-1 Téléphone mobile : mal écrit/);
  expect(page.text).toContain('href="/search?reference=BAD-1"');
  const integrator = (await (await desk.signedIn('integrator')).get('/refused-rows')).text;
  expect([integrator.includes('BAD-1'), integrator.includes('/search?')]).toEqual([true, false]);
  for (const value of ['Quimper', 'quimper', '98 00 77']) expect(page.text).not.toContain(value);
  expect((await support.get('/refused-rows', { 'accept-language': 'en' })).text).toContain(
    'mobile is not written as the contract asks',
  );
  expect((await support.get('/refused-rows?client=inconnu')).status).toBe(404);
  expect((await (await desk.signedIn('viewer')).get('/refused-rows')).status).toBe(403);

  await owner.run(
    `INSERT INTO lead_intake (client_id, kind, reference, status, settled_at, refusal)
     SELECT 'essai', 'consent', CONCAT('AB-', seq), 'refused', UTC_TIMESTAMP(3), '[{"column":"row","code":"SET_ASIDE","message":"row was set aside."}]'
       FROM JSON_TABLE(CONCAT('[', REPEAT('0,', 49), '0]'), '$[*]' COLUMNS (seq FOR ORDINALITY)) AS numbers`,
  );
  const first = (await support.get('/refused-rows?client=essai')).text;
  expect(first.match(/>AB-\d+</g)).toHaveLength(50);
  const next = /href="(\/refused-rows\?[^"]*after[^"]*)"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const last = (await support.get(next)).text;
  expect(last).toContain('>BAD-1<');
  expect(last).not.toMatch(/>AB-|Page suivante/);
  expect(first).toContain('mis de côté par Relais');

  await raiseAlerts(owner, [{ kind: 'right_waits', clientId: 'essai', reason: 'withdrawal_refused' }]);
  const [alert] = await owner.all<{ id: number }>("SELECT id FROM alerts WHERE kind = 'right_waits'");
  expect((await support.get(`/tasks/alerts/${alert?.id}`)).text).toContain(
    'class="button" href="/refused-rows?client=essai"',
  );
});
