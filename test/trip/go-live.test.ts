// The go-live gate (C49 to C52), over the whole gateway: what waits for the client's list leaves by itself once it is complete.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { watchGoLive } from '../../src/delivery/background/go-live-alerts.ts';
import { moveMonotonicClock } from '../support/host-clock.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { leadRow, liveClient, openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let gateway: Gateway;
let relais: Relais;
let crm: Server;
let client: string;
const received: string[] = [];
/** Milliseconds by which the clock was moved. */
let passed = 0;
let giveBack = (): void => undefined;

beforeEach(async () => {
  received.length = 0;
  crm = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      received.push((JSON.parse(body) as { ref: string }).ref);
      response.end(JSON.stringify({ success: true, id: `CRM-${received.length}` }));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => crm.once('listening', done));
  const files = webhookFiles((crm.address() as AddressInfo).port);
  client = files['essai/client.yaml'] ?? '';
  gateway = await openGateway({ files, holdsList: true });
  relais = terminalOf(environmentOf(gateway));
});
afterEach(async () => {
  giveBack();
  await gateway.close();
  crm.closeAllConnections();
  await new Promise((done) => crm.close(done));
});

/** And moves the clock until no worker goes by the contract of a moment ago any more. */
const publish = async (goLive: string) => {
  gateway.file('essai/client.yaml', client + goLive);
  const published = await gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'n',
  });
  passed += 600;
  giveBack = moveMonotonicClock(passed);
  return published;
};
const waits = async (): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    (await gateway.states()).map(({ reference, state, reason }) => [reference, `${state} ${reason}`]),
  );
const without = (...items: readonly string[]): string =>
  liveClient
    .split('\n')
    .filter((line) => !items.some((item) => line.trimStart().startsWith(`${item}:`)))
    .join('\n');

test('C49, C50: calls wait for greeting and number, forms leave; what waits leaves by itself, item by item', async () => {
  await publish(without('greeting', 'callerNumber'));
  await gateway.start('planner', 'worker');
  await gateway.send(
    strangerRow('IN-1', { channel: 'inbound_call' }),
    strangerRow('BACK-1', { channel: 'callback' }),
    strangerRow('AGAIN-1', { channel: 'requalification' }),
    leadRow('FORM-1'),
  );
  await gateway.until(
    'each where it belongs',
    async () =>
      Object.keys(await waits()).length === 4 &&
      Object.values(await waits()).every((state) => /^(?:withheld|delivered) /.test(state)),
  );
  expect(await waits()).toEqual({
    'IN-1': 'withheld go_live_incomplete:C49',
    'BACK-1': 'withheld go_live_incomplete:C50',
    'AGAIN-1': 'withheld go_live_incomplete:C50',
    'FORM-1': 'delivered accepted',
  });
  // A week goes by.
  await gateway.owner.run(
    'UPDATE deliveries SET created_at = TIMESTAMPADD(DAY, -7, created_at), expires_at = UTC_TIMESTAMP(3)',
  );
  await publish(without('greeting'));
  await gateway.until('the calls out', async () => (await waits())['BACK-1'] === 'delivered accepted');
  await gateway.until('both', async () => (await waits())['AGAIN-1'] === 'delivered accepted');
  expect((await waits())['IN-1']).toBe('withheld go_live_incomplete:C49');
  await publish(liveClient);
  await gateway.until('the call in', async () => (await waits())['IN-1'] === 'delivered accepted');
  expect(received.toSorted()).toEqual(['AGAIN-1', 'BACK-1', 'FORM-1', 'IN-1']);
});

test('C49, C50: an update of what was received goes on; a greeting dated in the future is none yet', async () => {
  await publish(liveClient);
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('IN-1', { channel: 'inbound_call' }));
  await gateway.until('delivered', async () => (await waits())['IN-1'] === 'delivered accepted');
  await publish(liveClient.replace('date: 2026-01-05', 'date: 2199-01-05'));
  await gateway.send(
    strangerRow('IN-1', { kind: 'correction', row_reference: 'c1', last_name: 'Autre', consents: null }),
    strangerRow('IN-2', { channel: 'inbound_call' }),
  );
  await gateway.until(
    'the second waits',
    async () =>
      (await waits())['IN-2'] !== undefined && (await waits())['IN-2']?.startsWith('withheld') === true,
  );
  await gateway.until('the update', async () =>
    (await gateway.states("d.action = 'update'")).some(({ state }) => state === 'delivered'),
  );
  expect((await waits())['IN-2']).toBe('withheld go_live_incomplete:C49');
});

test('a client that was live before the list was held to is not held up, is told of, and is held to it once complete', async () => {
  await publish('');
  await gateway.owner.run('UPDATE clients SET live_before_list = 1');
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('IN-1', { channel: 'inbound_call' }));
  await gateway.until('delivered', async () => (await waits())['IN-1'] === 'delivered accepted');
  await watchGoLive(gateway.app.database);
  await watchGoLive(gateway.app.database);
  const alerts = () =>
    gateway.owner.all<{ reason: string; open: number }>(
      "SELECT reason, closed_at IS NULL AS open FROM alerts WHERE kind = 'go_live_incomplete' ORDER BY id",
    );
  expect(await alerts()).toEqual([{ reason: 'C49+C50+C51+C52', open: 1 }]);
  await publish(liveClient);
  await watchGoLive(gateway.app.database);
  expect((await alerts()).map(({ open }) => open)).toEqual([0]);
  await publish(without('greeting'));
  await gateway.send(strangerRow('IN-2', { channel: 'inbound_call' }));
  await gateway.until('waits', async () => (await waits())['IN-2'] === 'withheld go_live_incomplete:C49');
});

test('C49 to C52: client check lists each item with evidence, date and what to do; its exit code says whether it is live', async () => {
  const before = await relais('client', 'check', 'essai');
  expect(before.code).toBe(1);
  expect(before.out).toContain('by the files');
  await publish(without('greeting', 'callerNumber'));
  const open = await relais('client', 'check', 'essai');
  expect(open.code).toBe(1);
  expect(open.out).toMatch(/C49 {2}missing[^]*goLive\.greeting[^]*C51 {2}there[^]*2026-01-05 {2}annex 2/);
  await publish(liveClient.replace('RETRAIT', 'NON'));
  const differs = await relais('client', 'check', 'essai');
  expect(differs.code).toBe(1);
  expect(differs.out).toMatch(/C51 {2}differs[^]*OPTIN .* is RETRAIT when withdrawn; agreed: NON/);
  await publish(liveClient);
  const live = await relais('client', 'check', 'essai', '--json');
  expect(live.code).toBe(0);
  const list = JSON.parse(live.out) as { isLive: boolean; items: { clause: string; state: string }[] };
  expect(list.isLive).toBe(true);
  expect(list.items.map(({ clause, state }) => `${clause} ${state}`)).toEqual([
    ...['C49 there', 'C50 there', 'C51 there', 'C52 there'],
  ]);
  expect((await relais('client', 'check', 'nobody')).code).toBe(1);
});
