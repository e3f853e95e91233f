// A Redis that became a replica refuses writes and keeps the connection: the gateway looks for the new master by itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedis } from '../../sandbox/binaries.ts';
import { freePort } from '../../sandbox/ports.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { startProxy, type Proxy } from '../lab/faults/proxy.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let proxy: Proxy;
let folder: string;
const servers: ChildProcess[] = [];
const clients: Redis[] = [];

async function redis(): Promise<{ readonly port: number; readonly client: Redis }> {
  const port = await freePort();
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  servers.push(
    spawn(findRedis() ?? 'redis-server', [...words, '--dbfilename', `${port}.rdb`], { stdio: 'ignore' }),
  );
  const client = new Redis(port, '127.0.0.1');
  client.on('error', () => undefined);
  clients.push(client);
  await client.ping();
  return { port, client };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-redis-'));
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
});
afterEach(async () => {
  await gateway.close();
  for (const client of clients.splice(0)) client.disconnect();
  for (const server of servers.splice(0)) server.kill('SIGKILL');
  await Promise.all([proxy.close(), crm.close()]);
  rmSync(folder, { recursive: true, force: true });
});

test('after a fail-over leads leave through the new master, though no connection to the old one ended', async () => {
  const [first, second] = [await redis(), await redis()];
  proxy = await startProxy({ host: '127.0.0.1', port: first.port });
  gateway = await openGateway({
    files: webhookFiles(crm.port),
    environment: { RELAIS_REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('R-1'));
  const delivered = async (count: number): Promise<boolean> =>
    (await gateway.states("d.state = 'delivered'")).length === count;
  await gateway.until('before', () => delivered(1));

  proxy.aim({ host: '127.0.0.1', port: second.port });
  await first.client.call('REPLICAOF', '127.0.0.1', String(second.port));
  await gateway.send(leadRow('R-2'));
  await gateway.until('after', () => delivered(2));
  await gateway.until('the worker waits at the new master', async () =>
    String(await second.client.client('LIST')).includes('cmd=bzpopmin'),
  );
});
