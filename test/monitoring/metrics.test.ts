// /metrics of a whole gateway: what waits, what left and how long it took; and what it says while MySQL is away.
import { startHealth } from '../../src/monitoring/health.ts';
import { createMeters, type Meters } from '../../src/monitoring/meters.ts';
import { silentLog } from '../../src/log.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let meters: Meters;
let health: Awaited<ReturnType<typeof startHealth>>;
const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${health.port}/metrics`)).text();
/** Value of a series, or undefined when there is none. */
const valueIn = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

beforeEach(async () => {
  crm = await startHttpRecipient();
  meters = createMeters({ destinations: 10 });
  gateway = await openGateway({ files: webhookFiles(crm.port), log: meters.counted(silentLog) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await health.close();
  await gateway.close();
  await crm.close();
});
const listen = async (): Promise<void> => {
  health = await startHealth({
    app: gateway.app.database,
    roles: [],
    meters,
    backlog: true,
    host: '127.0.0.1',
    port: 0,
  });
};

test('attempts, trips, breakers, refusals and what waits are told, and no person', async () => {
  await listen();
  crm.answer = (request, response) =>
    request.body.toString().includes('M-bad')
      ? response.writeHead(422).end()
      : response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  await gateway.start('planner', 'worker');
  const begun = performance.now();
  await gateway.send(
    ...['M-1', 'M-2', 'M-bad'].map((reference) => leadRow(reference)),
    leadRow('M-refused', { channel: 'pigeon' }),
  );
  await gateway.until(
    'settled',
    async () =>
      (await gateway.states()).filter((one) => ['delivered', 'failed'].includes(one.state)).length >= 3,
  );
  // What has ended is counted behind its commit, each kind by itself.
  await gateway.until('all counted', async () => {
    const told = await scrape();
    return [
      'relais_lead_delivered_seconds_count{connector="webhook"} 2',
      'relais_settled_total{connector="webhook",state="failed"} 1',
      'relais_intake_rows_total{result="refused"} 1',
    ].every((line) => told.includes(line));
  });
  const text = await scrape();
  const webhook = 'connector="webhook",destination="essai-crm"';
  expect(valueIn(text, `relais_attempts_total{${webhook},outcome="accepted"}`)).toBeGreaterThanOrEqual(2);
  expect(valueIn(text, `relais_attempts_total{${webhook},outcome="refused"}`)).toBe(1);
  expect(valueIn(text, 'relais_settled_total{connector="webhook",state="failed"}')).toBe(1);
  expect(valueIn(text, 'relais_lead_departed_seconds_count{connector="webhook"}')).toBeGreaterThanOrEqual(3);
  const spent = valueIn(text, 'relais_lead_delivered_seconds_sum{connector="webhook"}') ?? 0;
  expect(spent).toBeGreaterThan(0);
  // Two leads, in seconds.
  expect(spent).toBeLessThan(((performance.now() - begun) / 1_000) * 2 + 1);
  expect(valueIn(text, 'relais_intake_rows_total{result="refused"}')).toBe(1);
  expect(valueIn(text, 'relais_destinations{status="active"}')).toBe(1);
  expect(valueIn(text, 'relais_ready')).toBe(1);
  expect(text).not.toMatch(/Lef|Zo|zoe|639980|M-1|M-bad/);
});

test('depth and the oldest lead are told by state and destination; an open breaker by its cause', async () => {
  // A lead is planned as it is taken in, but within a second of the moment from which leads are taken.
  await gateway.owner.run("UPDATE destinations SET leads_from = '2026-01-01'");
  const correction = { client_id: 'essai', kind: 'correction', last_name: 'Martin' };
  for (const rows of [
    ['D-1', 'D-2'].map((reference) => leadRow(reference)),
    ['D-1', 'D-2'].map((reference) => ({ ...correction, reference, row_reference: `${reference}-k` })),
  ]) {
    await gateway.send(...rows);
    while ((await gateway.app.intake.acceptBatch(10)).taken > 0);
  }
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'waiting', created_at = TIMESTAMPADD(SECOND, -90, UTC_TIMESTAMP(3))",
  );
  await gateway.owner.run(
    `UPDATE destination_states SET held = 1, circuit = '{"state":"open","cause":"unauthorized","failing":[],"rejected":[],"probes":1,"allowance":0}'`,
  );
  await listen();
  const text = await scrape();
  const place = '{state="waiting",connector="webhook",destination="essai-crm"}';
  expect(valueIn(text, `relais_deliveries${place}`)).toBe(2);
  expect(valueIn(text, `relais_oldest_delivery_seconds${place}`)).toBeGreaterThanOrEqual(89);
  expect(valueIn(text, 'relais_circuits{state="open",cause="unauthorized"}')).toBe(1);
  expect(valueIn(text, 'relais_changes_waiting')).toBe(2);
  expect(valueIn(text, 'relais_alerts_waiting')).toBe(0);
});

test('what cannot be read of the log’s seal is no zero', async () => {
  const gone = (): Promise<never> => Promise.reject(new Error('refused'));
  health = await startHealth({
    app: { all: gone, run: gone, now: () => new Date(0) },
    roles: [],
    meters,
    backlog: true,
    host: '127.0.0.1',
    port: 0,
  });
  const answer = await fetch(`http://127.0.0.1:${health.port}/ready`);
  expect(await answer.json()).toEqual({ status: 'degraded', troubles: [], unsealedSeconds: null });
});

test('while MySQL is away the page still answers, with the counters and without stale figures', async () => {
  const gone = (): Promise<never> => Promise.reject(new Error('away'));
  const away = { all: gone, run: gone, now: () => new Date(0) };
  health = await startHealth({
    app: away,
    roles: [{ trouble: () => Promise.resolve('mysql cannot be reached') }],
    meters,
    backlog: true,
    host: '127.0.0.1',
    port: 0,
  });
  meters.counted(silentLog).error('service.away', { code: 'mysql' });
  const text = await scrape();
  expect(valueIn(text, 'relais_ready')).toBe(0);
  expect(valueIn(text, 'relais_outages_total{service="mysql"}')).toBe(1);
  expect(text).not.toMatch(/^relais_(deliveries|intake_waiting|figures)/m);
});
