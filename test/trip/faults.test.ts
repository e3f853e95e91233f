// Redis forgetting, destinations failing, support suspending, a worker killed: every delivery still reaches its end state.
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { epochKey } from '../../src/queue/jobs.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';
import { lapse, startProcess } from './process.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const keysReceived = (): string[] => crm.received.map((one) => String(one.headers['idempotency-key']));
const by = { actor: 'tester', reason: 'test' };

beforeEach(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const allDelivered = async (count: number): Promise<boolean> =>
  (await gateway.states()).filter((row) => row.state === 'delivered').length === count;

async function forgetEverything(): Promise<void> {
  // What FLUSHALL does to this gateway, without harming the tests beside it.
  const keys = await gateway.redis.keys(`${gateway.config.redis.prefix}:*`);
  if (keys.length > 0) await gateway.redis.del(...keys);
}

test('with Redis emptied again and again every lead arrives, none twice, and the limit still holds', async () => {
  let open = 0;
  let most = 0;
  crm.answer = (_request, response) => {
    open += 1;
    most = Math.max(most, open);
    setTimeout(() => {
      open -= 1;
      response.writeHead(200).end('{"success":true,"id":"C-1"}');
    }, 20);
  };
  gateway.file(
    'essai/crm.yaml',
    webhookFiles(crm.port, { extra: 'limits: { concurrency: 3 }' })['essai/crm.yaml'] ?? '',
  );
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'limit' });
  await gateway.start('planner', 'worker', 'worker');
  await gateway.send(...Array.from({ length: 60 }, (_, index) => leadRow(`F-${index}`)));
  for (let round = 0; round < 6; round += 1) {
    await new Promise((done) => setTimeout(done, 150));
    await forgetEverything();
  }
  await gateway.until('all delivered', () => allDelivered(60));
  expect(new Set(keysReceived()).size).toBe(60);
  expect(crm.received).toHaveLength(60);
  expect(most).toBeLessThanOrEqual(3);
});

test('a suspended destination receives nothing, even when Redis forgets, and its leads say why', async () => {
  await gateway.start('planner', 'worker');
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'suspended', by);
  await gateway.send(leadRow('S-1'), leadRow('S-2'));
  await gateway.until(
    'shown as waiting',
    async () =>
      (await gateway.states()).filter(
        (row) => row.state === 'waiting' && row.reason === 'destination_suspended',
      ).length === 2,
  );
  await forgetEverything();
  // One that comes afterwards has been through all of it, and what was forgotten has been noticed.
  await gateway.send(leadRow('S-3'));
  await gateway.until(
    'the last one is held back too',
    async () => (await gateway.states("d.reason = 'destination_suspended'")).length === 3,
  );
  await gateway.until(
    'noticed',
    async () => (await gateway.redis.exists(epochKey(gateway.config.redis.prefix))) === 1,
  );
  expect(crm.received).toHaveLength(0);
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'active', by);
  await gateway.until('delivered', () => allDelivered(3));
});

test('an outage opens the circuit, burns no attempts of the leads behind it, and ends by itself', async () => {
  crm.answer = (_request, response) => response.writeHead(503).end();
  await gateway.start('planner', 'worker');
  await gateway.send(...Array.from({ length: 30 }, (_, index) => leadRow(`B-${index}`)));
  await gateway.until('held', async () => {
    const [state] = await gateway.owner.all<{ circuit: string }>('SELECT circuit FROM destination_states');
    return (JSON.parse(state?.circuit ?? '{}') as { state?: string }).state === 'open';
  });
  await gateway.until(
    'the others wait',
    async () => (await gateway.states()).filter((row) => row.reason === 'destination_held').length >= 15,
  );
  const [spent] = await gateway.owner.all<{ n: number }>(
    'SELECT COUNT(*) AS n FROM deliveries WHERE spent = 0',
  );
  expect(spent?.n).toBeGreaterThanOrEqual(15);
  crm.answer = (_request, response) => response.writeHead(200).end('{"success":true,"id":"C-1"}');
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'active', by);
  await gateway.until('delivered', () => allDelivered(30));
  const entries = (await gateway.entries()).map((one) => one.entry);
  expect(entries).toContain('circuit_opened');
  expect(entries).toContain('circuit_closed');
  const alerts = await gateway.owner.all<{ kind: string }>('SELECT DISTINCT kind FROM alerts ORDER BY kind');
  expect(alerts.map((one) => one.kind)).toEqual(['destination_held', 'destination_reopened']);
});

test('wrong credentials hold the destination at once and burn nothing', async () => {
  crm.answer = (_request, response) => response.writeHead(401).end();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-1'));
  await gateway.until(
    'held',
    async () => (await gateway.states())[0]?.reason.startsWith('destination_held') === true,
  );
  const [row] = await gateway.owner.all<{ spent: number; held: number }>(
    'SELECT d.spent, s.held FROM deliveries d JOIN destination_states s ON s.destination_id = d.destination_id',
  );
  expect(row).toEqual({ spent: 0, held: 1 });
});

test('a worker killed between departure and outcome leaves outcome_unknown, and the lead is sent again under the same key', async () => {
  crm.answer = () => undefined;
  await gateway.start('planner');
  const first = startProcess(gateway, 'worker').child;
  try {
    await gateway.send(leadRow('K-1'));
    await gateway.until('received', () => crm.received.length === 1);
    await gateway.until('departed is in the log', async () =>
      (await gateway.entries()).some((one) => one.entry === 'departed'),
    );
    first.kill('SIGKILL');
    await lapse(gateway);
    crm.answer = (_request, response) => response.writeHead(200).end('{"success":true,"id":"C-1"}');
    await gateway.start('worker');
    await gateway.until('delivered', () => allDelivered(1));
  } finally {
    first.kill('SIGKILL');
  }
  expect((await gateway.entries()).filter((one) => one.delivery > 0).map((one) => one.entry)).toEqual([
    'departed',
    'outcome_unknown',
    'departed',
    'outcome',
  ]);
  expect(new Set(keysReceived()).size).toBe(1);
  expect(crm.received[1]?.body.toString()).toBe(crm.received[0]?.body.toString());
});
