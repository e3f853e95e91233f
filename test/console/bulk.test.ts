// Runs in the console: one rests and goes on; everything a filter matches is cancelled, counted first and confirmed by its number.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles } from '../trip/gateway.ts';
import { deskOver, type Answer, type Browser, type TestDesk } from './desk.ts';

let crm: HttpRecipient;
let desk: TestDesk;
let support: Browser;
beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(422).end('{}');
  desk = await deskOver(await openGateway({ files: webhookFiles(crm.port) }));
  const { gateway } = desk;
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('F-1'), strangerRow('F-2'));
  await gateway.until('failed', async () => (await gateway.states("d.state = 'failed'")).length === 2);
  support = await desk.signedIn('support');
  await support.post('/destinations/essai-crm/suspend', { reason: 'ticket 60' });
  await gateway.send(strangerRow('W-1'), strangerRow('W-2'), strangerRow('W-3'));
  await gateway.until('planned', async () => (await gateway.states()).length === 5);
  // Nobody works a run until a test starts a planner again.
  for (const role of roles) await role.stop();
});
afterAll(async () => {
  await desk.close();
  await crm.close();
});

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const told = ({ status, text }: Answer, words: string) => [status, plain(text).includes(words)];
const stateOf = async (path: string): Promise<string | undefined> => {
  const id = path.split('/')[2] ?? '';
  const rows = await desk.gateway.owner.all<{ state: string }>('SELECT state FROM bulk_runs WHERE id = ?', [
    id,
  ]);
  return rows[0]?.state;
};
const filter = { destination: 'essai-crm' };

test('what a filter matches is counted, refused where the number differs, and cancelled as a run that rests and goes on', async () => {
  const { gateway } = desk;
  expect((await support.get('/deliveries?destination=essai-crm')).text).toContain(
    '/cancel?destination=essai-crm',
  );
  const plan = plain((await support.get('/cancel?destination=essai-crm')).text);
  expect(plan).toMatch(/3 annulées/);
  expect(plan).toMatch(/2 Refusé : en cours d’envoi ou déjà terminées/);
  const form = { ...filter, reason: 'ticket 61', number: '3' };
  expect(told(await support.post('/cancel', { ...form, reason: '' }), 'Dites pourquoi')).toEqual([422, true]);
  expect(told(await support.post('/cancel', { ...form, number: '5' }), 'vérifiez le décompte')).toEqual([
    422,
    true,
  ]);
  expect((await support.post('/cancel', { reason: 'ticket 61', number: '3' })).status).toBe(400);
  const run = (await support.post('/cancel', form)).to;
  expect(run).toMatch(/^\/runs\/\d+$/);

  expect((await support.post(`${run}/pause`)).to).toBe(run);
  expect((await support.post(`${run}/pause`)).status).toBe(303);
  const resting = await support.get(run);
  expect(plain(resting.text)).toContain('en pause');
  expect(plain(resting.text)).toContain('Continuer');
  expect(await stateOf(run)).toBe('paused');
  for (const role of ['viewer', 'integrator'] as const) {
    const browser = await desk.signedIn(role);
    expect([role, (await browser.post(`${run}/resume`)).status]).toEqual([role, 403]);
    expect([role, (await browser.post('/cancel', form)).status]).toEqual([role, 403]);
  }
  expect(await stateOf(run)).toBe('paused');
  expect((await support.post(`${run}/resume`)).to).toBe(run);
  await gateway.start('planner');
  await gateway.until('the run has ended', async () => (await stateOf(run)) === 'done');
  expect(
    (await gateway.states("d.state = 'cancelled'")).map(({ reference }) => reference).toSorted(),
  ).toEqual(['W-1', 'W-2', 'W-3']);
  const log = await gateway.owner.all<{ actor: string; purpose: string }>(
    "SELECT actor, purpose FROM handovers WHERE entry = 'cancelled'",
  );
  const actor = expect.stringMatching(/^account:\d+$/) as string;
  expect(log).toEqual([1, 2, 3].map(() => ({ actor, purpose: 'ticket 61' })));
  // Nothing is left of it: a second press of the same form ends nothing, and an ended run neither rests nor goes on.
  expect((await support.post('/cancel', form)).status).toBe(422);
  for (const act of ['pause', 'resume'])
    expect(told(await support.post(`${run}/${act}`), 'Ce traitement est déjà terminé')).toEqual([422, true]);
});
