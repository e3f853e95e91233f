// Backing off belongs to the destination: quiet times that grow, a key that is wrong once, and leads that keep failing at the back.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let secrets: string;

beforeEach(async () => {
  crm = await startHttpRecipient();
  secrets = mkdtempSync(join(tmpdir(), 'relais-secrets-'));
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
  rmSync(secrets, { recursive: true, force: true });
});

async function open(lines: { readonly concurrency: number; readonly retry?: string }): Promise<void> {
  const files = webhookFiles(crm.port, { extra: `limits: { concurrency: ${lines.concurrency} }` });
  gateway = await openGateway({
    environment: { RELAIS_SECRETS_DIR: secrets },
    files: {
      ...files,
      'essai/crm.yaml': (files['essai/crm.yaml'] ?? '')
        .replace("/leads' }", "/leads', headers: { X-Token: secret:TOKEN } }")
        .replace(/^retry: .*$/m, `retry: ${lines.retry ?? '[1s, 1s, 2s]'}`),
    },
  });
  writeFileSync(join(secrets, 'TOKEN'), 'right');
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
}
const leads = (from: number, count: number): ReturnType<typeof leadRow>[] =>
  Array.from({ length: count }, (_, index) => leadRow(`B-${from + index}`));
const isDelivered = async (count: number): Promise<boolean> =>
  (await gateway.states("d.state = 'delivered'")).length === count;
const delivered = async (count: number): Promise<void> =>
  gateway.until(`${count} delivered`, () => isDelivered(count));
/** The same; a probe is due at once. */
const deliveredSoon = async (count: number): Promise<void> =>
  gateway.until(`${count} delivered`, async () => {
    if (await isDelivered(count)) return true;
    await gateway.owner.run(
      "UPDATE destination_states SET circuit = JSON_SET(circuit, '$.nextProbeAt', 0) WHERE JSON_EXTRACT(circuit, '$.nextProbeAt') > 0",
    );
    return false;
  });
const refusals = (): number => crm.received.filter((one) => one.headers['x-token'] !== 'right').length;
const ok = '{"success":true,"id":"C-1"}';

test('a storm of 429 without Retry-After over ten leads: the pauses of the destination grow, and one asks at a time', async () => {
  await open({ concurrency: 8 });
  const asked: number[] = [];
  let busy = true;
  crm.answer = (_request, response) => {
    asked.push(performance.now());
    response.writeHead(busy ? 429 : 200).end(busy ? '' : ok);
  };
  await gateway.start('planner', 'worker');
  await gateway.send(...leads(1, 10));
  await gateway.until('asked three times', () => asked.length >= 3);
  const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  // 1 s, 2 s: each at least as long as promised, which ten leads on their own would not keep.
  expect(pauses.slice(0, 2).map((ms, index) => ms >= 1_000 * 2 ** index)).toEqual([true, true]);
  busy = false;
  const before = asked.length;
  // Support knows that the recipient is free again.
  await gateway.owner.run(
    `UPDATE destination_states SET circuit = JSON_REMOVE(circuit, '$.quietUntil') WHERE destination_id = 'essai-crm'`,
  );
  await delivered(10);
  expect(asked).toHaveLength(before + 10);
});

test('a key that is wrong leaves once: at a start, after another secret, and for all workers together', async () => {
  await open({ concurrency: 8 });
  const keys = new Set(['right']);
  crm.answer = (request, response) =>
    void response.writeHead(keys.has(String(request.headers['x-token'])) ? 200 : 401).end(ok);
  const wrong = (): number => crm.received.length;
  writeFileSync(join(secrets, 'TOKEN'), 'wrong');
  const [planner, ...workers] = await gateway.start('planner', 'worker', 'worker');
  await gateway.send(...leads(1, 20));
  const held = (): Promise<void> =>
    gateway.until('held', async () => {
      const [row] = await gateway.owner.all<{ circuit: string }>('SELECT circuit FROM destination_states');
      return row?.circuit.includes('"state":"open"') === true;
    });
  await held();
  expect(wrong()).toBe(1);
  writeFileSync(join(secrets, 'TOKEN'), 'right');
  await delivered(20);
  expect(refusals()).toBeLessThanOrEqual(2);

  // The recipient takes another key from now on, and ours was changed to one that it does not know.
  crm.received.splice(0);
  await Promise.all(workers.map((role) => role.stop()));
  keys.clear();
  await gateway.send(...leads(21, 20));
  await gateway.until('planned', async () => (await gateway.states()).length === 40);
  await gateway.start('worker', 'worker');
  await held();
  expect(wrong()).toBe(1);
  await planner?.stop();
});

test.each([1, 8])(
  'eight leads that the recipient cannot digest do not hold up twenty good ones behind them, %i at once',
  async (concurrency) => {
    await open({ concurrency });
    const poisoned = /"ref":"B-[1-8]"/;
    crm.answer = (request, response) =>
      void response.writeHead(poisoned.test(request.body.toString()) ? 500 : 200).end(ok);
    await gateway.send(...leads(1, 8));
    await gateway.start('planner');
    await gateway.until('planned', async () => (await gateway.states()).length === 8);
    await gateway.send(...leads(9, 20));
    await gateway.until('planned', async () => (await gateway.states()).length === 28);
    await gateway.start('worker');
    await deliveredSoon(20);
    const spent = await gateway.owner.all<{ n: number }>(
      "SELECT MAX(spent) AS n FROM deliveries WHERE state = 'delivered'",
    );
    expect(spent).toEqual([{ n: 1 }]);
  },
);

test('a held destination whose leads all wait for an hour still gets its probe when that is due', async () => {
  await open({ concurrency: 1, retry: '[1h, 1h]' });
  let down = true;
  crm.answer = (_request, response) => void response.writeHead(down ? 503 : 200).end(ok);
  await gateway.start('planner', 'worker');
  await gateway.send(...leads(1, 5));
  await gateway.until(
    'all wait',
    async () => (await gateway.states("d.state = 'waiting' AND d.reason LIKE 'retry%'")).length === 5,
  );
  down = false;
  await deliveredSoon(5);
});
