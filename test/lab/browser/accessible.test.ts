// Each page in a real Chromium, light and dark, wide and narrow: axe-core finds nothing, nothing touches or stands beside its
// row (looks.ts), and no page complains.
import { readFileSync } from 'node:fs';
import type { Browser as Chromium, Page } from 'playwright-core';
import { style as docsStyle } from '../../../src/api/docs/page.ts';
import { refusal } from '../../../src/intake/refusals.ts';
import { raiseAlerts } from '../../../src/store/alerts/alerts.ts';
import { findingsInAllViews, openChromium, watchedPage } from '../../console/chromium.ts';
import type { Browser } from '../../console/desk.ts';
import { openFilledDesk, type FilledDesk } from '../../console/filled.ts';
import { looksOf } from '../../console/looks.ts';
import { mappingPages, tryOnPage } from '../../console/mapping-pages.ts';

let desk: FilledDesk;
let pages: readonly string[];
let chromium: Chromium;
let person: Browser;
let client: Browser;
let ofTheClient: readonly string[];
beforeAll(async () => {
  desk = await openFilledDesk();
  chromium = await openChromium();
  person = await desk.signedIn('support', 'integrator', 'dpo', 'admin');
  const failed = await desk.idOf('KO-0');
  await person.post('/destinations/essai-crm/suspend', { reason: 'ticket 1' });
  const filter = { destination: 'essai-crm', state: 'delivered' };
  const run = await person.post('/replay', { ...filter, again: 'yes', reason: 'ticket 2', number: '2' });
  // Replayed before a right is exercised, they wait with the content they had: their page offers to write them anew.
  await desk.gateway.until('replayed', async () =>
    (await desk.gateway.states("l.reference LIKE 'OK-%'")).every(({ state }) => state === 'waiting'),
  );
  const [noted, carriedOut] = [await request('access', 'OK-1'), await request('restriction', 'OK-2')];
  await person.post(`${noted}/answer`, { subject: 'lead:OK-1' });
  const withdrawn = await request('withdrawal', 'OK-1');
  client = await desk.signedIn('viewer');
  ofTheClient = ['/my/requests', `/my${noted}`, '/'];
  await person.post(`${carriedOut}/apply`, { subject: 'lead:OK-2', number: carriedOut.split('/')[2] ?? '' });
  // Overdue, so that the calendar has a line.
  await desk.gateway.owner.run("UPDATE leads SET collected_at = '2022-02-01' WHERE reference = 'KO-1'", []);
  await desk.gateway.owner.run(
    `INSERT INTO lead_intake (client_id, kind, reference, status, settled_at, refusal)
     VALUES ('essai', 'lead', 'R-1', 'refused', UTC_TIMESTAMP(3), ?), ('essai', 'lead', 'R-2', 'refused', UTC_TIMESTAMP(3), ?)`,
    [
      JSON.stringify([refusal('mobile', 'BAD_FORMAT'), refusal('consents[0].state', 'NOT_ALLOWED_VALUE')]),
      JSON.stringify([refusal('row', 'SET_ASIDE')]),
    ],
  );
  await person.post('/api-keys', { name: 'Formulaires', scope: 'lead.post', days: '30' });
  await person.post('/views', { list: 'deliveries', state: 'failed', name: 'Échecs' });
  await person.post('/views', { list: 'live', state: 'failed', name: 'Échecs en direct' });
  await desk.gateway.until(
    'hours counted',
    async () => (await desk.gateway.owner.all('SELECT 1 FROM destination_hours LIMIT 1')).length === 1,
  );
  await raiseAlerts(desk.gateway.owner, [
    ...['notice_missing', 'question_not_asked', 'other_entity'].map((reason) => ({
      ...{ kind: 'anomalies_pile_up' as const, clientId: 'essai', reason },
    })),
    {
      kind: 'opt_in_not_kept',
      clientId: 'essai',
      destinationId: 'essai-crm',
      deliveryId: failed,
      reason: '',
    },
    { kind: 'go_live_incomplete', clientId: 'essai', reason: 'C49' },
    { kind: 'intake_failed', clientId: 'essai', reason: 'PLANNING:SET_ASIDE' },
  ]);
  const alerts = await desk.gateway.owner.all<{ id: number }>(
    "SELECT id FROM alerts WHERE kind IN ('opt_in_not_kept', 'go_live_incomplete', 'intake_failed')",
    [],
  );
  const verified = (await person.post('/audit/verifications')).to;
  pages = [
    ...['/requests', '/requests/new', noted, carriedOut, withdrawn, '/proofs', '/proofs/1', '/retention'],
    ...[
      '/audit',
      '/audit/lookups',
      '/audit/pack',
      verified,
      '/anomalies?client=essai',
      '/refused-rows',
      '/accounts',
      '/accounts/1',
    ],
    ...['/sign-ins', '/api-keys', '/authorisations', '/exports?list=deliveries'],
    ...['/', '/account', '/search', '/sign-in/second-factor', '/nulle-part', '/deliveries', '/causes'],
    ...['/destinations', '/destinations/essai-crm', '/tasks', '/runs', run.to, '/replay?state=failed'],
    ...['/destinations/essai-crm/test-lead', '/destinations/essai-crm/secret', '/cancel?state=failed'],
    ...[`/deliveries/${failed}`, `/deliveries/${await desk.idOf('OK-2')}`, '/leads/essai/OK-2'],
    ...[
      '/deliveries?state=planned',
      '/deliveries?lead=NULLE-PART&state=failed',
      '/live',
      '/live?state=failed&lead=KO-1',
      '/tasks?alert=none&client=essai',
      '/tasks?alert=anomalies_pile_up&client=essai',
      ...alerts.map(({ id }) => `/tasks/alerts/${id}`),
    ],
    ...(await mappingPages(desk, person)),
  ];
});
afterAll(async () => {
  await chromium.close();
  await desk.close();
});

async function request(kind: string, reference: string): Promise<string> {
  const form = new FormData();
  const fields = { client: 'essai', kind, reference, identity: 'ticket 3' };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('document', new File(['Bonjour.'], 'demande.txt'));
  return (await person.post('/requests', form)).to;
}

const open = ['/sign-in', '/first-access'];

/** Of somebody with every role of the centre. */
const navigationLines = (page: Page): Promise<number> =>
  page.evaluate<number>(
    'new Set([...document.querySelectorAll(".top nav li")].map((item) => item.offsetTop)).size',
  );

test('the dark style changes colours alone', () => {
  for (const css of [readFileSync('src/console/assets/console.css', 'utf8'), docsStyle]) {
    const dark = [...css.matchAll(/@media \(prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}\s*\}/g)];
    expect(dark).toHaveLength([...css.matchAll(/prefers-color-scheme/g)].length);
    for (const [, rules = ''] of dark)
      for (const rule of rules.split(';').map((one) => one.trim()))
        expect(rule).toMatch(/^(--[a-z-]+: (#[0-9a-f]{3,8}|rgb[^;]*|none)|color-scheme: dark|)$/);
  }
});

test('axe-core finds nothing on any page, light and dark, wide and narrow', async () => {
  const context = await chromium.newContext({
    locale: 'fr-FR',
    baseURL: `http://127.0.0.1:${desk.console.port}`,
  });
  const found: string[] = [];
  const { page, complaints } = await watchedPage(context);
  const look = async (path: string): Promise<void> => {
    // What is folded away is looked at too.
    await page.evaluate('for (const part of document.querySelectorAll("details")) part.open = true');
    const shapes = async (width: number): Promise<readonly string[]> => [
      ...(await looksOf(page)),
      ...(width === 1280 && (await navigationLines(page)) > 1 ? ['has a navigation of two lines'] : []),
    ];
    found.push(...(await findingsInAllViews(page, path, shapes)));
  };
  for (const path of [...open, ...ofTheClient.map((own) => `${own}?who=client`), ...pages]) {
    const who = path.endsWith('?who=client') ? client : person;
    if (!open.includes(path))
      await context.addCookies(
        [...who.cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
      );
    await page.goto(path);
    await look(path);
  }
  for (const tried of ['sound', 'broken'] as const) {
    await tryOnPage(page, tried);
    await look(`/try ${tried}`);
  }
  await context.close();
  expect(found).toEqual([]);
  expect(complaints).toEqual([]);
}, 480_000);
