// Read-only by one variable: a process plans and sends nothing, says so, and every door of the terminal refuses a change.
import { freePort } from '../../sandbox/ports.ts';
import { createApiKey } from '../../src/access/api-keys.ts';
import { openApp } from '../../src/app.ts';
import { silentLog } from '../../src/log.ts';
import { openInterface } from '../api/interface.ts';
import { postedLead } from '../intake/posts.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';
import { startProcess } from './process.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

test('a process that reads only starts no role, and says so on /ready', async () => {
  await gateway.send(strangerRow('RO-1'));
  const port = await freePort();
  const process = startProcess(gateway, 'all', { RELAIS_READ_ONLY: 'yes', RELAIS_HTTP_PORT: String(port) });
  await gateway.until('started', () => process.output().includes('process.started'));
  expect(process.output()).toContain('process.read_only');
  const ready = await fetch(`http://127.0.0.1:${port}/ready`);
  expect([ready.status, await ready.json()]).toEqual([
    200,
    expect.objectContaining({ status: 'degraded', readOnly: true }),
  ]);
  // No role has registered, and the row waits.
  expect(await gateway.owner.all('SELECT 1 FROM processes')).toEqual([]);
  expect(await gateway.owner.all('SELECT status FROM lead_intake')).toEqual([{ status: 'new' }]);
  process.child.kill('SIGTERM');
  expect(await process.exit).toBe(0);
});

test('a key that was not used for a while goes on reading, and hands in nothing', async () => {
  const { access, config } = gateway.app;
  const asked = { name: 'reads', scopes: ['delivery.read', 'lead.post'] as const, clientId: 'essai' };
  const { key } = await createApiKey(access, { ...asked, addresses: [], days: 1 }, 'tester');
  const reading = await openApp({ ...config, readOnly: true }, { log: silentLog });
  const api = await openInterface(reading);
  try {
    const ask = (path: string, more: RequestInit = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${api.port}/v1/${path}`, {
        ...more,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      });
    expect((await ask('deliveries')).status).toBe(200);
    const posted = await ask('leads', {
      method: 'POST',
      body: JSON.stringify({ items: [postedLead('RO-2', { client_id: 'essai' })] }),
    });
    expect([posted.status, await posted.json()]).toEqual([503, expect.objectContaining({ code: 'DB-007' })]);
  } finally {
    await api.close();
    await reading.close();
  }
});

test('every change at the terminal is refused as DB-007, and reading works', async () => {
  const relais = terminalOf(environmentOf(gateway, { RELAIS_READ_ONLY: 'yes' }));
  const reason = ['--reason', 'ticket 7'];
  for (const argv of [
    ['destination', 'suspend', 'essai-crm', ...reason],
    ['redis', 'adopt', ...reason],
    ['destination', 'test', 'essai-crm', '--lead'],
    ['mapping', 'publish', 'essai-crm', '--note', 'ticket 7', '--yes'],
  ])
    expect([argv[0], await relais(...argv)]).toEqual([
      argv[0],
      expect.objectContaining({ code: 1, err: expect.stringMatching(/DB-007/) as string }),
    ]);
  for (const argv of [['status'], ['destination', 'list'], ['delivery', 'list'], ['log', 'verify']])
    expect([argv, (await relais(...argv)).code]).toEqual([argv, 0]);
});
