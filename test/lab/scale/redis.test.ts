// Redis as production has it: queues spread over a cluster, and a master that dies under the gateway.
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { openGateway, type Gateway, patient } from '../../trip/gateway.ts';
import { startProcess, type GatewayProcess } from '../../trip/process.ts';
import { attemptsOf, deliveredOf, leads, manyDestinations, publishAll } from './many-destinations.ts';
import { redisProgram, startCluster, startSentinel } from './redis-servers.ts';

const destinations = 12;
let crm: HttpRecipient;
let gateway: Gateway;
let processes: GatewayProcess[] = [];
let stopRedis: () => Promise<void> = () => Promise.resolve();

/** As the gateway's own, with what the processes said when it never came. */
async function comes(what: string, count: number, withinMs: number): Promise<void> {
  const enough = async (): Promise<boolean> => (await deliveredOf(gateway)) >= count;
  await gateway.until(what, enough, withinMs).catch((error: unknown) => {
    const said = processes.map((one) => one.output().slice(-2_000)).join('\n---\n');
    throw new Error(`${what}: ${error instanceof Error ? error.message.slice(0, 600) : ''}\n${said}`);
  });
}

async function open(redisUrl: string): Promise<void> {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  gateway = await openGateway({
    // A time-out on a busy machine would send one twice, rightly.
    files: patient(manyDestinations(crm.port, destinations)),
    environment: { RELAIS_REDIS_URL: redisUrl },
  });
  await publishAll(gateway, destinations);
}
afterEach(async () => {
  for (const one of processes) one.child.kill('SIGKILL');
  processes = [];
  await gateway.close();
  await crm.close();
  await stopRedis();
});

if (redisProgram === undefined)
  console.warn(
    'test/lab/scale/redis: skipped, no redis-server or valkey-server on this machine (apt-get install redis-server)',
  );
const here = redisProgram === undefined ? test.skip : test;

here(
  'on a cluster of three nodes every queue keeps to one node, queues spread over all, and each lead arrives once',
  async () => {
    const cluster = await startCluster();
    stopRedis = cluster.stop;
    await open(cluster.url);
    processes = [
      startProcess(gateway, 'planner'),
      startProcess(gateway, 'worker'),
      startProcess(gateway, 'worker'),
    ];
    await gateway.send(...leads('CL', 20));
    await comes('all delivered', 20 * destinations, 60_000);
    expect(new Set(crm.received.map((one) => one.headers['webhook-id'])).size).toBe(20 * destinations);
    expect(crm.received).toHaveLength(20 * destinations);

    const byNode = await cluster.keys(gateway.config.redis.prefix);
    const nodesOf = new Map<string, Set<number>>();
    byNode.forEach((keys, node) => {
      for (const key of keys) {
        const [, id] = /\{([^}]+)\}/.exec(key) ?? [];
        if (id !== undefined) nodesOf.set(id, (nodesOf.get(id) ?? new Set()).add(node));
      }
    });
    expect([...nodesOf.keys()].toSorted()).toEqual(
      Array.from({ length: destinations }, (_, index) => `essai-${index + 1}`).toSorted(),
    );
    for (const nodes of nodesOf.values()) expect(nodes.size).toBe(1);
    expect(new Set([...nodesOf.values()].flatMap((nodes) => [...nodes])).size).toBe(3);
  },
  120_000,
);

here(
  'a master killed while leads leave: Sentinel names another, everything leaves, nothing is sent twice unasked',
  async () => {
    const sentinel = await startSentinel();
    stopRedis = sentinel.stop;
    await open(sentinel.url);
    processes = [startProcess(gateway, 'planner'), startProcess(gateway, 'worker')];
    await gateway.send(...leads('SE', 10));
    await comes('the first ones', 21, 60_000);
    const failing = sentinel.failOver();
    await gateway.send(...leads('SF', 10));
    await failing;
    await gateway.send(...leads('SG', 10));
    await comes('all delivered', 30 * destinations, 90_000);
    expect(new Set(crm.received.map((one) => one.headers['webhook-id'])).size).toBe(30 * destinations);
    expect(attemptsOf(processes[1] as GatewayProcess)).toBeGreaterThan(0);
    // Redis losing the belt costs pushes, never a departure beside another: each follows the end of the one before.
    const entries = (await gateway.entries()).filter((one) => one.delivery > 0);
    for (const [delivery, list] of Map.groupBy(entries, (one) => one.delivery)) {
      const trips = list.map((one) => one.entry).filter((one) => one !== 'late');
      for (let at = 1; at < trips.length; at += 1)
        expect([delivery, trips[at], trips[at - 1]]).not.toEqual([delivery, 'departed', 'departed']);
    }
  },
  180_000,
);
