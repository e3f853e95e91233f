// Many hosts: workers and planners with nothing between them but MySQL and Redis share the work; each takes a bounded number
// of connections; one that is killed is followed by the others.
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { openGateway, type Gateway } from '../../trip/gateway.ts';
import { startProcess, type GatewayProcess } from '../../trip/process.ts';
import { makeHosts, type Hosts } from './hosts.ts';
import { attemptsOf, deliveredOf, leads, manyDestinations, publishAll } from './many-destinations.ts';
import { processesTable } from '../../support/processes.ts';

const destinations = 4;
const connections = 5;
let hosts: Hosts | undefined;
let crm: HttpRecipient;
let gateway: Gateway;
let doors: TcpProxy[] = [];
let processes: GatewayProcess[] = [];

beforeAll(() => {
  hosts = makeHosts(4);
  if (hosts === undefined)
    console.warn(
      'test/lab/scale/hosts: no network namespaces here (needs root and iproute2): processes of one host instead',
    );
});
afterAll(() => hosts?.remove());

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void setTimeout(
      () =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}'),
      30,
    );
  gateway = await openGateway({ files: manyDestinations(crm.port, destinations) });
  await publishAll(gateway, destinations);
});
afterEach(async () => {
  for (const one of processes) one.child.kill('SIGKILL');
  processes = [];
  await gateway.close();
  await Promise.all([crm.close(), ...doors.map((one) => one.close())]);
  doors = [];
});

/** The address of a loopback service as a host sees it. */
async function seenFromHosts(url: string): Promise<string> {
  if (hosts === undefined) return url;
  const [own, seen] = [new URL(url), new URL(url)];
  const door = await startTcpProxy({ host: own.hostname, port: Number(own.port) }, hosts.address);
  doors.push(door);
  [seen.hostname, seen.port] = [hosts.address, String(door.port)];
  return seen.href;
}

async function startOn(
  host: number,
  role: 'planner' | 'worker',
  urls: Readonly<Record<string, string>>,
): Promise<void> {
  const { hostname, port } = new URL(urls['crm'] ?? '');
  processes.push(
    startProcess(
      gateway,
      role,
      {
        RELAIS_MYSQL_URL: urls['mysql'] ?? '',
        RELAIS_REDIS_URL: urls['redis'] ?? '',
        RELAIS_MYSQL_CONNECTIONS: String(connections),
        ...(hosts === undefined
          ? {}
          : {
              RELAIS_CONNECT_TO: `localhost=${hostname}:${port}`,
              RELAIS_ALLOWED_RANGES: '10.213.0.0/16',
            }),
      },
      hosts?.on(host) ?? [],
    ),
  );
  await Promise.resolve();
}

test('four hosts share the work, none takes more connections than it may, and a killed one is followed', async () => {
  const urls = {
    mysql: await seenFromHosts(gateway.config.mysql.gatewayUrl),
    redis: await seenFromHosts(gateway.config.redis.url),
    crm: await seenFromHosts(`http://127.0.0.1:${crm.port}`),
  };
  await startOn(0, 'planner', urls);
  for (const host of [1, 2, 3]) await startOn(host, 'worker', urls);
  await gateway.until(
    'all up',
    () => processes.every((one) => one.output().includes('process.started')),
    60_000,
  );
  const user = new URL(gateway.config.mysql.gatewayUrl).username;
  const most = { connections: 0 };
  const count = async (): Promise<void> => {
    const [row] = await gateway.owner.all<{ n: number }>(
      `SELECT COUNT(*) AS n FROM ${await processesTable(gateway.owner)} WHERE USER = ? AND COMMAND <> 'Daemon'`,
      [user],
    );
    most.connections = Math.max(most.connections, row?.n ?? 0);
  };
  await gateway.send(...leads('HA', 60));
  await gateway.until(
    'half of it',
    async () => {
      await count();
      return (await deliveredOf(gateway)) > 80;
    },
    60_000,
  );
  processes[1]?.child.kill('SIGKILL');
  await gateway.send(...leads('HB', 40));
  await gateway.until(
    'all delivered',
    async () => {
      await count();
      return (await deliveredOf(gateway)) === 100 * destinations;
    },
    90_000,
  );
  expect(new Set(crm.received.map((one) => one.headers['webhook-id'])).size).toBe(100 * destinations);
  // Each worker did its part; what the killed one had sent may come twice, under the same key.
  for (const worker of processes.slice(1)) expect(attemptsOf(worker)).toBeGreaterThan(5);
  expect(crm.received.length).toBeLessThan(100 * destinations + 8 * destinations);
  // Four processes, and this test's own gateway, which may have as many as its configuration says.
  expect(most.connections).toBeGreaterThan(3);
  expect(most.connections).toBeLessThanOrEqual(4 * connections + gateway.config.mysql.connections);
});
