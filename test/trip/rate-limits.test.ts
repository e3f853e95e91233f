// A limit per hour with real services: two workers, a restart, a clock that is the database's; no hour is waited for.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

const refused = 'throttled:RATE_HOUR';
const hourMs = 3_600_000;

let crm: HttpRecipient;
let gateway: Gateway;
let text: string;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  const files = webhookFiles(crm.port);
  text = files['essai/crm.yaml'] ?? '';
  gateway = await openGateway({ files });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

async function publish(limits: string): Promise<void> {
  gateway.file('essai/crm.yaml', `${text.replace('maxAge: 1h', 'maxAge: 30d')}\nlimits: ${limits}\n`);
  const request = { destinationId: 'essai-crm', author: 'tester', note: limits };
  await gateway.app.publishing.publish(request);
}
/** What left has been answered, and everything else has been told to wait for the hour. */
const settled = (sent: number, waiting: number): Promise<void> =>
  gateway.until(`${sent} sent, ${waiting} wait for the hour`, async () => {
    const states = await gateway.states();
    const told = states.filter((one) => one.state === 'waiting' && one.reason === refused);
    return (
      states.filter((one) => one.state === 'delivered').length === sent &&
      told.length === waiting &&
      states.length === sent + waiting
    );
  });
type Windows = Record<string, { startedAt: number; departed: number }>;
async function windowsOf(): Promise<Windows> {
  const [row] = await gateway.owner.all<{ rate_windows: string | null }>(
    'SELECT rate_windows FROM destination_states',
  );
  return JSON.parse(row?.rate_windows ?? '{}') as Windows;
}
/** The hour was begun that much earlier. */
async function passed(ms: number): Promise<void> {
  const aged = Object.entries(await windowsOf()).map(([key, one]) => [
    key,
    { ...one, startedAt: one.startedAt - ms },
  ]);
  await gateway.owner.run('UPDATE destination_states SET rate_windows = ?', [
    JSON.stringify(Object.fromEntries(aged)),
  ]);
}
/** What waits is asked again now, and says so until it has been told. */
const askAgain = (): Promise<unknown> =>
  gateway.owner.run(
    "UPDATE deliveries SET due_at = UTC_TIMESTAMP(3), reason = 'retry:ASKED' WHERE state = 'waiting'",
  );

test('two workers never let more leave in an hour begun than the limit allows, across a restart', async () => {
  await publish('{ perHour: 3 }');
  const first = await gateway.start('planner', 'worker', 'worker');
  await gateway.send(...Array.from({ length: 8 }, (_, index) => leadRow(`H-${index}`)));
  await settled(3, 5);
  const [due] = await gateway.owner.all<{ s: number }>(
    "SELECT MIN(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), due_at)) AS s FROM deliveries WHERE state = 'waiting'",
  );
  expect(due?.s).toBeGreaterThan(3_000);
  expect(due?.s).toBeLessThanOrEqual(3_600);
  for (const role of first) await role.stop();

  await gateway.start('planner', 'worker', 'worker');
  await passed(hourMs - 120_000);
  await askAgain();
  await settled(3, 5);
  expect(crm.received).toHaveLength(3);

  await passed(120_000);
  await askAgain();
  await settled(6, 2);
  expect(crm.received).toHaveLength(6);
  expect((await windowsOf())['perHour']?.departed).toBe(3);

  await passed(hourMs);
  await askAgain();
  await settled(8, 0);
  expect(crm.received).toHaveLength(8);
}, 120_000);

test('a limit that is raised lets go what waits for the old one', async () => {
  await publish('{ perHour: 1 }');
  await gateway.start('planner', 'worker');
  await gateway.send(...['R-1', 'R-2', 'R-3'].map((one) => leadRow(one)));
  await settled(1, 2);
  await publish('{ perHour: 2 }');
  await settled(2, 1);
  await publish('{ concurrency: 8 }');
  await settled(3, 0);
  expect(crm.received).toHaveLength(3);
}, 60_000);

test('a limit per hour counts what left before it was published, while any rate was limited', async () => {
  await publish('{ perMinute: 100 }');
  await gateway.start('planner', 'worker');
  await gateway.send(...['P-1', 'P-2'].map((one) => leadRow(one)));
  await settled(2, 0);
  await publish('{ perHour: 2 }');
  await gateway.send(leadRow('P-3'));
  await settled(2, 1);
  expect(crm.received).toHaveLength(2);
}, 60_000);

test('a destination without a rate writes no windows', async () => {
  await publish('{ concurrency: 8 }');
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('N-1'));
  await settled(1, 0);
  expect(await gateway.owner.all('SELECT rate_windows FROM destination_states')).toEqual([
    { rate_windows: null },
  ]);
}, 60_000);
