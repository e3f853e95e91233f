// Running for long: SIGTERM drains, a wrong configuration starts nothing, alerts get through, health says what is wrong.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { startHealth } from '../../src/monitoring/health.ts';
import { createMeters } from '../../src/monitoring/meters.ts';
import { freePort } from '../../sandbox/ports.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { leadRow, openGateway, patient, webhookFiles, type Gateway } from './gateway.ts';
import { startProcess } from './process.ts';

let crm: HttpRecipient;
let support: HttpRecipient;
let mailbox: SmtpRecipient;
let gateway: Gateway;

beforeEach(async () => {
  [crm, support, mailbox] = [
    await startHttpRecipient(),
    await startHttpRecipient(),
    await startSmtpRecipient(undefined),
  ];
  gateway = await openGateway({
    files: webhookFiles(crm.port),
    environment: {
      RELAIS_ALERT_WEBHOOK: `http://localhost:${support.port}/alerts`,
      RELAIS_ALERT_SMTP_URL: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${mailbox.port}`,
      RELAIS_ALERT_MAIL_TO: 'support@centre.example',
      RELAIS_ALERT_MAIL_FROM: 'relais@centre.example',
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await Promise.all([crm.close(), support.close(), mailbox.close()]);
});

test('SIGTERM lets what is being sent end, logs its outcome, and exits 0', async () => {
  let held: ServerResponse | undefined;
  crm.answer = (_request, response) => {
    held = response;
  };
  gateway.file('essai/crm.yaml', patient(webhookFiles(crm.port))['essai/crm.yaml'] ?? '');
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'patient' });
  const running = startProcess(gateway, 'all', { RELAIS_HTTP_PORT: '0', RELAIS_LOG_LEVEL: 'debug' });
  await gateway.send(leadRow('T-1'));
  await gateway.until('being sent', () => held !== undefined);
  const portOf = (): string => /"port":(\d+)/.exec(running.output())?.[1] ?? '';
  await gateway.until('listening', () => portOf() !== '');
  const port = portOf();
  const ready = async (): Promise<readonly [number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${port}/ready`);
    return [response.status, ((await response.json()) as { status: unknown }).status];
  };
  await gateway.until('ready', async () => (await ready()).join() === '200,ready');
  running.child.kill('SIGTERM');
  await gateway.until('stopping', () => running.output().includes('process.stopping'));
  // Whoever asks is sent elsewhere while the last sends end; the process lives.
  expect(await ready()).toEqual([503, 'draining']);
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  held?.writeHead(200).end('{"success":true,"id":"C-1"}');
  expect(await running.exit).toBe(0);
  expect((await gateway.states())[0]).toMatchObject({ state: 'delivered' });
  expect((await gateway.entries()).filter((one) => one.delivery > 0).map((one) => one.entry)).toEqual([
    'departed',
    'outcome',
  ]);
  for (const line of running.output().trim().split('\n'))
    expect(() => JSON.parse(line) as unknown).not.toThrow();
  // At debug the steps of the trip are lines of their own.
  for (const step of ['claimed', 'written', 'departed', 'sent', 'settled'])
    expect(running.output()).toMatch(new RegExp(`"level":20.*"code":"${step}","msg":"delivery\\.step"`));
});

test('a gateway whose parent is killed lets what is being sent end, leaves its port and ends', async () => {
  let held: ServerResponse | undefined;
  crm.answer = (_request, response) => {
    held = response;
  };
  gateway.file('essai/crm.yaml', patient(webhookFiles(crm.port))['essai/crm.yaml'] ?? '');
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'patient' });
  // As an older Node starts the pinned one.
  const handsOver = `const { run } = await import('./bin/bootstrap.mjs');
    process.exit(await run(process.argv[1], process.argv.slice(2), { bound: true }));`;
  const port = await freePort();
  const parent = startProcess(gateway, 'all', { RELAIS_HTTP_PORT: String(port) }, [
    process.execPath,
    '--eval',
    handsOver,
    '--',
  ]);
  const outputClosed = once(parent.child, 'close');
  await gateway.until('started', () => parent.output().includes('process.started'));
  await gateway.send(leadRow('T-1'));
  await gateway.until('being sent', () => held !== undefined);
  parent.child.kill('SIGKILL');
  await gateway.until('stopping', () => parent.output().includes('process.stopping'));
  held?.writeHead(200).end('{"success":true,"id":"C-1"}');
  await outputClosed;
  expect(parent.output()).toContain('process.stopped');
  expect((await gateway.states())[0]).toMatchObject({ state: 'delivered' });
  const next = createServer().listen(port, '127.0.0.1');
  await once(next, 'listening');
  next.close();
});

test.each(['planner', 'worker'] as const)(
  'a wrong Redis password ends a %s at once, with its code and what to correct, and without the password',
  async (role) => {
    const user = gateway.config.redis.prefix;
    await gateway.redis.call('ACL', 'SETUSER', user, 'on', '>right', '~*', '&*', '+@all');
    const url = new URL(gateway.config.redis.url);
    [url.username, url.password] = [user, 'wr0ng'];
    try {
      const refused = startProcess(gateway, role, { RELAIS_REDIS_URL: url.href });
      expect(await refused.exit).toBe(78);
      expect(refused.output()).toMatch(
        /^REDIS-002 Redis at \S+:\d+ refuses the account \(WRONGPASS\)\.\n→ .*RELAIS_REDIS_URL/m,
      );
      expect(refused.output()).not.toContain('wr0ng');
      // The same with the password in a file of its own, the right one this time.
      url.password = '';
      const right = join(gateway.config.mappingsDir, 'redis-password');
      writeFileSync(right, 'right\n');
      const taken = startProcess(gateway, role, {
        RELAIS_REDIS_URL: url.href,
        RELAIS_REDIS_PASSWORD_FILE: right,
      });
      await gateway.until('started', () => taken.output().includes('process.started'));
      taken.child.kill('SIGTERM');
      expect(await taken.exit).toBe(0);
    } finally {
      await gateway.redis.call('ACL', 'DELUSER', user);
    }
  },
);

test('SIGTERM while Redis is away still ends within the limit', async () => {
  const door = await openDoor(gateway.config.redis.url);
  const running = startProcess(gateway, 'all', { RELAIS_REDIS_URL: door.url, RELAIS_DRAIN_MS: '3000' });
  try {
    crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-2"}');
    await gateway.send(leadRow('T-2'));
    await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
    await door.shut();
    await gateway.until('noticed', () => running.output().includes('redis.unavailable'));
    running.child.kill('SIGTERM');
    // Within the drain and the second for what is cut off: past its margin the process gives itself up, and exits 1.
    expect(await running.exit).toBe(0);
  } finally {
    running.child.kill('SIGKILL');
    await door.shut();
  }
});

/** A way to Redis that can be shut, as a partition or a stopped server does. */
async function openDoor(
  redisUrl: string,
): Promise<{ readonly url: string; readonly shut: () => Promise<void> }> {
  const target = new URL(redisUrl);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const behind = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = new URL(redisUrl);
  [url.hostname, url.port] = ['127.0.0.1', String((server.address() as AddressInfo).port)];
  return {
    url: url.href,
    shut: async () => {
      for (const one of sockets) one.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

test('a wrong configuration starts nothing, lists every problem and exits 78', () => {
  const result = spawnSync(process.execPath, ['src/main.ts', 'all'], {
    env: { PATH: process.env['PATH'] ?? '', RELAIS_MYSQL_URL: 'http://nowhere', RELAIS_SEAL_KEI: 'x' },
    encoding: 'utf8',
  });
  expect(result.status).toBe(78);
  expect(result.stderr).toMatch(/RELAIS_MYSQL_URL must be a URL/);
  expect(result.stderr).toMatch(/RELAIS_REDIS_URL is missing/);
  expect(result.stderr).toMatch(/RELAIS_SEAL_KEY is missing/);
  expect(result.stderr).toMatch(/RELAIS_SEAL_KEI is set, and nothing reads it\..*RELAIS_SEAL_KEY/);
});

test('a held destination is told once, by webhook and by mail, with codes and no person', async () => {
  crm.answer = (_request, response) => response.writeHead(401).end();
  await gateway.start('planner', 'worker');
  await gateway.send(...Array.from({ length: 6 }, (_, index) => leadRow(`A-${index}`)));
  await gateway.until('webhook', () => support.received.length > 0);
  await gateway.until('mail', () => mailbox.received.length > 0);
  // Every lead has been answered for, and nothing that was raised is left to be told.
  await gateway.until('all wait', async () => (await gateway.states("d.state = 'waiting'")).length === 6);
  await gateway.until(
    'all told',
    async () => (await gateway.owner.all('SELECT 1 FROM alerts WHERE sent_at IS NULL')).length === 0,
  );
  expect(support.received).toHaveLength(1);
  const told = JSON.parse(support.received[0]?.body.toString() ?? '') as Record<string, unknown>;
  expect(told).toMatchObject({
    type: 'relais.destination_held',
    destination: 'essai-crm',
    reason: 'unauthorized:HTTP_401',
  });
  const mail = await simpleParser(mailbox.received[0]?.raw ?? '');
  expect(mail.subject).toContain('Destination en pause');
  expect(`${mail.text ?? ''}${String(mail.html)}${JSON.stringify(told)}`).not.toMatch(/Lef|Zo|zoe/);
});

test('an alert that does not get through is tried again', async () => {
  let calls = 0;
  support.answer = (_request, response) => {
    calls += 1;
    response.writeHead(503).end();
  };
  crm.answer = (_request, response) => response.writeHead(422).end();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('A-1'));
  await gateway.until('first try', () => calls === 1);
  support.answer = (_request, response) => {
    calls += 1;
    response.writeHead(200).end();
  };
  // Its next try is half a minute away; the test brings it forward.
  await gateway.until('second try', async () => {
    await gateway.owner.run('UPDATE alerts SET next_try_at = UTC_TIMESTAMP(3) WHERE sent_at IS NULL');
    return calls === 2;
  });
  await gateway.until(
    'sent',
    async () => (await gateway.owner.all('SELECT 1 FROM alerts WHERE sent_at IS NULL')).length === 0,
  );
});

test('ready says what cannot be reached; health only that the process lives', async () => {
  const health = await startHealth({
    app: gateway.app.database,
    roles: [{ trouble: () => Promise.resolve('redis cannot be reached') }],
    meters: createMeters({ destinations: 10 }),
    backlog: true,
    host: '127.0.0.1',
    port: 0,
  });
  const get = async (path: string): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`http://127.0.0.1:${health.port}${path}`);
    return { status: response.status, body: await response.json() };
  };
  expect(await get('/health')).toEqual({ status: 200, body: { status: 'ok' } });
  expect(await get('/ready')).toMatchObject({
    status: 503,
    body: { status: 'unavailable', troubles: ['redis cannot be reached'] },
  });
  await health.close();
});
