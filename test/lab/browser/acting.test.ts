// Pages in the middle of an act, in a real Chromium: axe-core finds nothing, light and dark, wide and narrow. accessible.test.ts looks
// at every page at rest.
import { findingsOfAll } from '../../console/chromium.ts';
import { deskOver, type Browser, type TestDesk } from '../../console/desk.ts';
import { openOidcDesk } from '../../console/oidc-desk.ts';
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { openDropGateway } from '../../trip/drop.ts';
import { openGateway, strangerRow, webhookFiles } from '../../trip/gateway.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A desk with a running gateway, whose recipient answers so. */
async function deskWith(answer: HttpRecipient['answer'], extra = ''): Promise<TestDesk> {
  const crm = await startHttpRecipient();
  crm.answer = answer;
  const desk = await deskOver(await openGateway({ files: webhookFiles(crm.port, { extra }) }));
  closing.push(desk.close, crm.close);
  await desk.gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  return desk;
}
const looked = async (desk: TestDesk, browser: Browser, pages: readonly string[]): Promise<void> =>
  expect(await findingsOfAll(desk.console.port, browser.cookies, pages)).toEqual([]);

test('a file that is held back, and what is said once it was let go', async () => {
  const desk = await deskOver(await openDropGateway({ file: '  mode: full' }));
  closing.push(desk.close);
  const { gateway } = desk;
  const support = await desk.signedIn('support');
  const path = '/destinations/essai-csv';
  const names = ['A-1', 'A-2', 'A-3', 'A-4', 'A-5', 'A-6'];
  await gateway.start('planner', 'worker');
  await gateway.send(...names.map((name) => strangerRow(name)));
  await gateway.collectable(6);
  await gateway.ask();
  await gateway.until('it arrived', async () => (await gateway.counts())['delivered:accepted'] === 6);
  for (const reference of names.slice(0, 4))
    await gateway.app.rights.erase({ clientId: 'essai', reference, actor: 'tester', reason: 'ticket 9' });
  await gateway.until('told', async () => (await gateway.states("d.action = 'erase'")).length === 4);
  await gateway.ask();
  await gateway.until(
    'held',
    async () => (await gateway.owner.all('SELECT 1 FROM full_files WHERE held_at IS NOT NULL')).length === 1,
  );
  await looked(desk, support, [path]);
  await gateway.decide('essai-csv', 'release');
  await gateway.until('it left', () => gateway.drops().length === 2);
  await looked(desk, support, [path, `${path}?say=released`]);
});

test('a delivery of unknown outcome that waits for an answer, and what is said after', async () => {
  const desk = await deskWith((_request, response) => void response.destroy(), 'onUnknown: hold');
  const { gateway } = desk;
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('U-1'));
  await gateway.until('held', async () =>
    (await gateway.states()).some(({ reason }) => reason.startsWith('unknown_hold')),
  );
  const path = `/deliveries/${(await gateway.states())[0]?.id}`;
  await looked(desk, await desk.signedIn('support'), [path, `${path}?say=sent_again`]);
});

test('a run that rests, and what it was counted from', async () => {
  const desk = await deskWith((_request, response) => void response.writeHead(422).end('{}'));
  const { gateway } = desk;
  const support = await desk.signedIn('support');
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('F-1'));
  await gateway.until('failed', async () => (await gateway.states("d.state = 'failed'")).length === 1);
  await support.post('/destinations/essai-crm/suspend', { reason: 'ticket 60' });
  await gateway.send(strangerRow('W-1'));
  await gateway.until('planned', async () => (await gateway.states()).length === 2);
  // Nobody works the run.
  for (const role of roles) await role.stop();
  const form = { destination: 'essai-crm', reason: 'ticket 61', number: '1' };
  const run = (await support.post('/cancel', form)).to;
  expect((await support.post(`${run}/pause`)).to).toBe(run);
  await looked(desk, support, [run, '/cancel?destination=essai-crm', '/deliveries?destination=essai-crm']);
});

test('a test lead that was sent, and a signing secret that was renewed', async () => {
  const crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  const files = webhookFiles(crm.port);
  const signed = (files['essai/crm.yaml'] ?? '').replace(
    "/leads' }\ntimeouts",
    `/leads', signature: { standard: "secret:SIGNING" } }\ntimeouts`,
  );
  const environment = { RELAIS_SECRET_SIGNING: `whsec_${Buffer.alloc(32, 7).toString('base64')}` };
  const desk = await deskOver(
    await openGateway({ files: { ...files, 'essai/crm.yaml': signed }, environment }),
  );
  closing.push(desk.close, crm.close);
  await desk.gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const viewer = await desk.signedIn('viewer');
  const pages = ['/destinations/essai-crm/test-lead', '/destinations/essai-crm/secret'];
  for (const page of pages) expect((await viewer.post(page)).status).toBe(200);
  await looked(desk, viewer, pages);
});

test('the way in by a provider, and an account that an administrator links to an identity', async () => {
  const { desk, admin, idOf, linked, close } = await openOidcDesk();
  closing.push(close);
  const account = await idOf(await linked(['integrator'], 'sujet-axe'));
  expect(await findingsOfAll(desk.console.port, new Map(), ['/sign-in', '/sign-in?say=identity'])).toEqual(
    [],
  );
  await looked(desk, admin, [`/accounts/${account}`]);
});
