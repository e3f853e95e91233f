// MySQL or Redis away: the process stays up, says so at once, takes nothing it cannot put down, and goes on by itself.
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { startProcess, type GatewayProcess } from '../../trip/process.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let [mysql, redis]: TcpProxy[] = [];
let running: GatewayProcess | undefined;
let port = 0;

const through = (url: string, proxy: TcpProxy | undefined): string => {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy?.port ?? 0);
  return changed.href;
};
const targetOf = (url: string): { host: string; port: number } => ({
  host: new URL(url).hostname,
  port: Number(new URL(url).port),
});
const eventsOf = (name: string): readonly Record<string, unknown>[] =>
  (running?.output() ?? '')
    .split('\n')
    .filter((line) => line.includes(`"${name}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const ready = async (): Promise<{ status: number; body: { troubles?: readonly string[] } }> => {
  const response = await fetch(`http://127.0.0.1:${port}/ready`);
  return { status: response.status, body: (await response.json()) as { troubles?: readonly string[] } };
};

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  mysql = await startTcpProxy(targetOf(gateway.config.mysql.gatewayUrl));
  redis = await startTcpProxy(targetOf(gateway.config.redis.url));
  running = startProcess(gateway, 'all', {
    RELAIS_MYSQL_URL: through(gateway.config.mysql.gatewayUrl, mysql),
    RELAIS_REDIS_URL: through(gateway.config.redis.url, redis),
    RELAIS_HTTP_PORT: '0',
  });
  await gateway.until('started', () => eventsOf('process.started').length === 1);
  port = Number(eventsOf('process.started')[0]?.['port']);
});
afterAll(async () => {
  running?.child.kill('SIGKILL');
  await gateway.close();
  await Promise.all([crm.close(), mysql?.close(), redis?.close()]);
});

/** Lines of its log so far. */
const lines = (): number => (running?.output() ?? '').split('\n').length;
const proxyOf = (service: 'mysql' | 'redis'): TcpProxy | undefined => (service === 'mysql' ? mysql : redis);

test.each([
  ['mysql', 'refuse'],
  ['mysql', 'hang'],
  ['redis', 'refuse'],
  ['redis', 'hang'],
] as const)(
  '%s away (%s): 503 and a line for each role, nothing lost; back again, everything leaves',
  async (service, mode) => {
    await gateway.until('ready', async () => (await ready()).status === 200);
    // On a busy machine a service may have kept a role waiting before.
    const before = eventsOf('service.away').length;
    const linesBefore = lines();
    crm.received.length = 0;
    const awayNow = (): readonly Record<string, unknown>[] => eventsOf('service.away').slice(before);
    proxyOf(service)?.mode(mode);
    // Each role looks by itself, one a moment after the other.
    await gateway.until(
      'unavailable to both roles',
      async () => (await ready()).status === 503 && awayNow().length === 2,
    );
    expect((await ready()).body.troubles).toEqual([`${service} cannot be reached`]);
    await gateway.send(...Array.from({ length: 20 }, (_, index) => leadRow(`${service}-${mode}-${index}`)));
    await new Promise((done) => setTimeout(done, 1_000));
    const away = awayNow();
    expect(away.map((one) => String(one['role'])).toSorted()).toEqual(['planner', 'worker']);
    expect(new Set(away.map((one) => one['code']))).toEqual(new Set([service]));
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toMatch(/^relais_ready 0$/m);
    // A process that plans and sends needs no Redis for fresh leads that have a place.
    if (service === 'mysql') expect(crm.received).toHaveLength(0);
    // An outage says what fails, ever more rarely: it must not fill the disk.
    expect(lines() - linesBefore).toBeLessThan(100);

    proxyOf(service)?.mode('pass');
    await gateway.until(
      'all delivered',
      async () =>
        (await gateway.states(`d.state = 'delivered' AND l.reference LIKE '${service}-${mode}-%'`)).length ===
        20,
    );
    await gateway.until('ready again', async () => (await ready()).status === 200);
    // Each role looks by itself here too; one that is away has nothing to say of the next outage.
    await gateway.until(
      'each role said so',
      () => eventsOf('service.back').length === eventsOf('service.away').length,
    );
    expect(new Set(crm.received.map((one) => one.headers['webhook-id'])).size).toBe(20);
  },
);
