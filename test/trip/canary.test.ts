// Guarantee 7, the canary: a prospect with unique markers goes through success, echoing refusals, outages, timeouts and a crash;
// afterwards no Redis command, log line, metric or table outside the lead tables holds a marker, raw, encoded or plainly hashed.
import { connect } from 'node:net';
import { replay } from '../support/replay.ts';
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { startHealth } from '../../src/monitoring/health.ts';
import { createMeters } from '../../src/monitoring/meters.ts';
import { createLog } from '../../src/log.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { hasty, leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';
import { markersIn, tablesText } from './markers.ts';
import { lapse } from './process.ts';

const markers = {
  last_name: 'Canarinézumque',
  first_name: 'Zéphyrandre',
  email: 'canari.zephyr7491@courriel.example',
  mobile: '+33639987491',
  comment: 'Phrase-témoin 88231 « appartement »',
  address_line1: '17 rue du Marqueur-7491',
};
/** Tables that may hold the person (guarantee 7), and the reference a CRM gave. */
const leadTables = [
  'lead_intake',
  'leads',
  'prospects',
  'lead_projects',
  'lead_origins',
  'lead_finances',
  'consents',
  'interactions',
  'lead_revisions',
];

let crm: HttpRecipient;
let gateway: Gateway;
const meters = createMeters({ destinations: 10 });
const lines: string[] = [];
let commands = '';

beforeAll(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({
    files: hasty(webhookFiles(crm.port)),
    log: meters.counted(createLog({ level: 'info', stream: { write: (line) => void lines.push(line) } })),
  });
  // A plain connection: ioredis breaks where a command of another client arrives in the same packet as MONITOR's OK.
  const { host, port, password } = gateway.redis.options;
  const monitor = connect(port ?? 6379, host);
  monitor.setEncoding('utf8').on('data', (text: string) => void (commands += text));
  monitor.write(`${password ? `AUTH ${password}\r\n` : ''}MONITOR\r\n`);
  stopMonitor = () => void monitor.destroy();
  await gateway.until('Redis is watched', () => commands.includes('OK'));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner');
  // This worker breaks once between departure and sending, with an error that quotes the person.
  worker = await startWorker(gateway.app, {
    step: (name) => {
      if (name !== 'departed' || broken) return;
      broken = true;
      throw new Error(`cannot send ${Object.values(markers).join(' ')}`);
    },
  });
});
let broken = false;
let stopMonitor: () => void = () => undefined;
let worker: Role | undefined;
afterAll(async () => {
  stopMonitor();
  await worker?.stop();
  await gateway.close();
  await crm.close();
});

const findMarkers = (where: string, text: string): readonly string[] => markersIn(markers, where, text);

const tables = (): Promise<string> => tablesText(gateway, leadTables);

async function redisContents(): Promise<string> {
  let text = '';
  for (const key of await gateway.redis.keys(`${gateway.config.redis.prefix}:*`)) {
    text += `${key} `;
    const type = await gateway.redis.type(key);
    if (type === 'string') text += await gateway.redis.get(key);
    else if (type === 'hash') text += JSON.stringify(await gateway.redis.hgetall(key));
    else if (type === 'list') text += (await gateway.redis.lrange(key, 0, -1)).join(' ');
    else if (type === 'zset') text += (await gateway.redis.zrange(key, 0, -1)).join(' ');
    else if (type === 'set') text += (await gateway.redis.smembers(key)).join(' ');
    else if (type === 'stream') text += JSON.stringify(await gateway.redis.xrange(key, '-', '+'));
    text += '\n';
  }
  return text;
}

test('a marked prospect leaves no trace outside the lead tables and the payload', async () => {
  const echo = Object.values(markers).join(' ');
  let call = 0;
  const answers: ((response: Parameters<HttpRecipient['answer']>[1], body: string) => void)[] = [
    (response) => response.writeHead(500, { 'x-echo': encodeURIComponent(echo) }).end(`boom ${echo}`),
    (response) => response.writeHead(503, { 'retry-after': '1' }).end(JSON.stringify({ error: echo })),
    (response) => response.destroy(),
    () => undefined, // hangs until the timeout
    (response, body) =>
      response
        .writeHead(422)
        .end(`{"error":{"code":"${markers.last_name}","message":"${echo}"},"got":${body}}`),
    (response, body) => response.writeHead(400).end(body),
    (response) =>
      response
        .writeHead(302, { location: `http://localhost:${crm.port}/${encodeURIComponent(markers.email)}` })
        .end(),
    (response, body) =>
      response.writeHead(200).end(`{"success":true,"id":"${markers.last_name}","echo":${body}}`),
  ];
  crm.answer = (request, response) => {
    answers[Math.min(call, answers.length - 1)]?.(response, request.body.toString() || '{}');
    call += 1;
  };
  const consents = JSON.stringify([
    { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' },
  ]);
  await gateway.send(
    leadRow('C-1', { ...markers, consents }),
    leadRow('C-bad', {
      ...markers,
      channel: markers.last_name,
      consents: `[{"purpose":"${markers.last_name}"}]`,
    }),
  );
  await gateway.until('broken', () => broken);
  await lapse(gateway);
  // Replayed until the CRM has given every answer of the list and finally says yes.
  await gateway.soon('delivered', async () => {
    const [row] = await gateway.states("l.reference = 'C-1'");
    if (row !== undefined && ['failed', 'waiting'].includes(row.state))
      await replay(gateway.app, [row.id], { actor: 'tester', reason: 'again', again: true });
    return row?.state === 'delivered' && call >= answers.length;
  });
  // A second key, a unique one, stored twice: the driver's message would quote it.
  await expect(
    gateway.app.database.run(
      'INSERT INTO clients (id, name, legal_entity, facts) VALUES (?, ?, ?, ?), (?, ?, ?, ?)',
      [markers.last_name, 'a', 'a', '{}', markers.last_name, 'b', 'b', '{}'],
    ),
  ).rejects.toThrow(/^SQL failed: ER_DUP_ENTRY$/);
  await gateway.app.rights.withdraw({
    clientId: 'essai',
    reference: 'C-1',
    purpose: 'marketing',
    channels: ['email'],
    actor: 'tester',
    reason: 'asked',
  });
  await gateway.until(
    'refused row is visible',
    async () => (await gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'refused'")).length === 1,
  );
  await gateway.until(
    'sealed',
    async () => (await gateway.owner.all('SELECT 1 FROM handovers_unsealed')).length === 0,
  );
  const health = await startHealth({
    app: gateway.app.database,
    roles: [],
    meters,
    backlog: true,
    host: '127.0.0.1',
    port: 0,
  });
  const metrics = await (await fetch(`http://127.0.0.1:${health.port}/metrics`)).text();
  const ready = await (await fetch(`http://127.0.0.1:${health.port}/ready`)).text();
  await health.close();

  const mine = commands.split('\n').filter((line) => line.includes(gateway.config.redis.prefix));
  // The places were really looked at, the crash among them.
  expect(lines.join('')).toContain('loop.failed');
  expect((await gateway.entries()).map((one) => one.entry)).toContain('outcome_unknown');
  expect(mine.length).toBeGreaterThan(10);
  expect(lines.join('').match(/delivery\.attempted/g)?.length).toBeGreaterThanOrEqual(answers.length);
  expect(metrics).toMatch(/^relais_attempts_total\{.*essai-crm/m);
  expect([
    ...findMarkers('tables', await tables()),
    ...findMarkers('redis', await redisContents()),
    ...findMarkers('redis commands', mine.join('\n')),
    ...findMarkers('log', lines.join('')),
    ...findMarkers('metrics', metrics + ready),
    ...findMarkers('urls', crm.received.map((one) => one.url).join('\n')),
  ]).toEqual([]);
  // And the finder finds: the payload the CRM got does hold the person.
  expect(
    findMarkers('payload', crm.received.map((one) => one.body.toString()).join('')).length,
  ).toBeGreaterThan(0);
});
