// What waits when a mapping is published: nothing ends unasked, what ended comes back, old content is named and can be renewed.
import { cancel, replay } from '../support/replay.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { actionsOf, environmentOf, terminalOf } from '../cli/terminal.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let text: string;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  const files = webhookFiles(crm.port);
  text = (files['essai/crm.yaml'] ?? '').replace('retry: [1s, 1s, 2s]', 'retry: [10m, 10m, 10m]');
  gateway = await openGateway({ files: { ...files, 'essai/crm.yaml': text } });
  await publish('first');
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const publish = (note: string, mayEnd?: () => Promise<boolean>) =>
  gateway.app.publishing.publish({
    ...{ destinationId: 'essai-crm', author: 'tester', note },
    ...(mayEnd === undefined ? {} : { mayEnd }),
  });
const withAccepts = (accepts: string): void =>
  gateway.file('essai/crm.yaml', text.replace('\nconsent:', `\naccepts: ${accepts}\nconsent:`));

test('a typo in accepts ends no waiting lead unasked, and what was ended comes back with the repair', async () => {
  const [planner] = await gateway.start('planner');
  await gateway.send(...['W-1', 'W-2', 'W-3'].map((one) => leadRow(one)));
  await gateway.until('planned', async () => (await gateway.states()).length === 3);
  await planner?.stop();

  withAccepts('{ programme: [NOWHERE-*] }');
  await expect(publish('typo')).rejects.toMatchObject({
    code: 'MAPPING-004',
    message: expect.stringContaining('3 leads') as string,
  });
  const relais = terminalOf(environmentOf(gateway));
  const asked = await relais('mapping', 'publish', 'essai-crm', '--note', 'typo');
  expect(asked).toMatchObject({ code: 64, out: '' });
  expect(asked.err).toMatch(/3 deliveries wait for essai-crm whose leads this accepts does not take/);
  expect(await gateway.app.publishing.history('essai-crm')).toHaveLength(1);

  expect((await relais('mapping', 'publish', 'essai-crm', '--note', 'typo', '--yes')).code).toBe(0);
  const started = await gateway.start('planner', 'worker');
  await gateway.until('ended', async () => {
    const ended = await gateway.states("d.state = 'cancelled' AND d.reason LIKE 'not_accepted%'");
    return ended.length === 3;
  });
  for (const one of started) await one.stop();
  expect(crm.received).toEqual([]);

  gateway.file('essai/crm.yaml', text);
  const repaired = await relais('mapping', 'publish', 'essai-crm', '--note', 'repaired');
  expect(repaired.out).toContain(
    '3 deliveries an earlier version had ended (not_accepted) are planned again.',
  );
  expect(await actionsOf(gateway, 'reopened')).toHaveLength(3);
  await gateway.start('planner', 'worker');
  await gateway.until('delivered', async () => (await gateway.states("d.state = 'delivered'")).length === 3);
  expect(crm.received).toHaveLength(3);
  expect((await publish('again')).acceptedAgain).toBe(0);
});

test('a typo ends nothing unasked either where the version in force no longer passes the check of a newer program', async () => {
  const [planner] = await gateway.start('planner');
  await gateway.send(...['N-1', 'N-2'].map((one) => leadRow(one)));
  await gateway.until('planned', async () => (await gateway.states()).length === 2);
  await planner?.stop();
  await gateway.owner.run(
    "UPDATE mapping_versions SET sources = REPLACE(sources, 'connector: webhook', 'connector: pigeon')",
  );
  withAccepts('{ programme: [NOWHERE-*] }');
  await expect(publish('repair with a typo')).rejects.toMatchObject({
    code: 'MAPPING-004',
    message: expect.stringContaining('2 leads') as string,
  });
  expect((await publish('repair with a typo', () => Promise.resolve(true))).changed).toBe(true);
});

test('what was cancelled, and may have arrived with another content, is sent under a new key only where doubles are accepted', async () => {
  crm.answer = (_request, response) => void response.writeHead(500).end();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('D-1'));
  await gateway.until('waiting', async () => (await gateway.states("d.state = 'waiting'")).length === 1);
  gateway.file('essai/crm.yaml', text.replace('to: nom', 'to: name'));
  const { keeping } = await publish('name');
  const by = { actor: 'tester', reason: 'ticket 1' };
  expect((await cancel(gateway.app.database, keeping, by)).ended).toEqual(keeping);
  expect(await replay(gateway.app, keeping, by)).toMatchObject([{ done: 'refused', why: 'undecided' }]);
  expect(await replay(gateway.app, keeping, { ...by, acceptDoubles: true })).toMatchObject([
    { done: 'new_run', newKey: true },
  ]);
});

test('a waiting lead that keeps the old content is named, and written anew under a new key when support asks', async () => {
  crm.answer = (_request, response) => void response.writeHead(500).end();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('K-1'));
  await gateway.until('waiting', async () => (await gateway.states("d.state = 'waiting'")).length === 1);
  gateway.file('essai/crm.yaml', text.replace('to: nom', 'to: name'));
  const { keeping } = await publish('name');
  const [row] = await gateway.states();
  expect(keeping).toEqual([row?.['id']]);

  crm.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  const before = crm.received.length;
  const answers = await replay(gateway.app, keeping, { actor: 'tester', reason: 'ticket 1', anew: true });
  expect(answers).toMatchObject([{ done: 'new_run', newKey: true }]);
  await gateway.until('delivered', async () => (await gateway.states("d.state = 'delivered'")).length === 1);
  const [old, anew] = [crm.received[0], crm.received.slice(before).at(-1)];
  expect(old?.body.toString()).toContain('"nom"');
  expect(anew?.body.toString()).toContain('"name"');
  expect(anew?.headers['webhook-id']).toBe(old?.headers['webhook-id']);
  expect(anew?.headers['idempotency-key']).toBe(`${String(old?.headers['idempotency-key'])}.r2`);
});
