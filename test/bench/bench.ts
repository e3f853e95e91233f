// npm run bench: webhooks end to end beside the plain program, on the same services in the same run; medians of rounds.
// Prints ratios: absolute figures say more of the machine than of the program.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { startServices } from '../../src/sandbox/services.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { startProcess } from '../trip/process.ts';

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const leads = option('leads', 6_000);
const rounds = option('rounds', 3);
const inFlight = option('in-flight', 100);
const folder = join(process.cwd(), '.relais', `bench-${process.pid}`);
let redisPort = '';
const plainInFlight = process.argv.includes('--ours') ? [] : [25, 50, 100];
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

interface Rate {
  readonly perSecond: number;
  /** Seconds of CPU for 1,000 deliveries: the worker process, the planner beside it, MySQL, Redis. */
  readonly cpu: number;
  readonly planner: number;
  readonly database: number;
  readonly redis: number;
}

/** CPU seconds so far of the servers of this run, by program name. */
async function serverSeconds(): Promise<{ readonly database: number; readonly redis: number }> {
  const { readdir, readFile } = await import('node:fs/promises');
  const sums = { database: 0, redis: 0 };
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const ours = line.includes('redis-server') && line.includes(redisPort);
    if (line.includes('mariadbd') && line.includes(folder)) sums.database += await cpuSeconds(Number(pid));
    if (ours) sums.redis += await cpuSeconds(Number(pid));
  }
  return sums;
}

/** Rate between the first tenth and the end: start-up is not what is measured. */
async function rateOf(
  child: ChildProcess,
  done: () => Promise<number>,
  total: number,
  beside?: ChildProcess,
): Promise<Rate> {
  while ((await done()) < total / 10) await pause(20);
  const [from, startedAt, cpuAt, serversAt] = [
    await done(),
    performance.now(),
    await cpuSeconds(child.pid ?? 0),
    await serverSeconds(),
  ];
  const besideAt = beside === undefined ? 0 : await cpuSeconds(beside.pid ?? 0);
  while ((await done()) < total) await pause(25);
  const count = total - from;
  const perSecond = count / ((performance.now() - startedAt) / 1000);
  const servers = await serverSeconds();
  const each = (seconds: number): number => (seconds / count) * 1000;
  return {
    perSecond,
    cpu: each((await cpuSeconds(child.pid ?? 0)) - cpuAt),
    planner: each(beside === undefined ? 0 : (await cpuSeconds(beside.pid ?? 0)) - besideAt),
    database: each(servers.database - serversAt.database),
    redis: each(servers.redis - serversAt.redis),
  };
}

async function cpuSeconds(pid: number): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const countOf = (gateway: Gateway, sql: string) => async (): Promise<number> =>
  (await gateway.owner.all<{ n: number }>(sql))[0]?.n ?? 0;

async function relaisRound(port: number): Promise<Rate & { readonly planning: number }> {
  const gateway = await openGateway({
    files: webhookFiles(port, { extra: `limits: { concurrency: ${inFlight} }` }),
  });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    await sendLeads(gateway);
    const startedAt = performance.now();
    const planner = startProcess(gateway, 'planner', {
      RELAIS_LOG_LEVEL: 'error',
      RELAIS_WINDOW: String(inFlight * 10),
    });
    const planned = countOf(gateway, 'SELECT COUNT(*) AS n FROM deliveries');
    while ((await planned()) < leads) await pause(25);
    const planning = leads / ((performance.now() - startedAt) / 1000);
    const worker = startProcess(gateway, 'worker', {
      RELAIS_LOG_LEVEL: 'error',
      RELAIS_WORKER_CONCURRENCY: String(inFlight),
      ...extra,
    });
    const rate = await rateOf(
      worker.child,
      countOf(gateway, "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'delivered'"),
      leads,
      planner.child,
    );
    worker.child.kill('SIGTERM');
    planner.child.kill('SIGKILL');
    await worker.exit;
    return { ...rate, planning };
  } finally {
    await gateway.close();
  }
}

const extra: Readonly<Record<string, string>> = process.argv.includes('--profile')
  ? { NODE_OPTIONS: '--cpu-prof --cpu-prof-dir=.relais/profile' }
  : {};

async function sendLeads(gateway: Gateway): Promise<void> {
  for (let start = 0; start < leads; start += 500) {
    await gateway.send(
      ...Array.from({ length: Math.min(500, leads - start) }, (_, index) => leadRow(`B-${start + index}`)),
    );
  }
}

async function plainRound(port: number, concurrency: number, redisUrl: string): Promise<Rate> {
  const gateway = await openGateway({ files: webhookFiles(port) });
  const queueName = `plain-${randomBytes(4).toString('hex')}`;
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(queueName, { connection: redis });
  let child: ChildProcess | undefined;
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    await sendLeads(gateway);
    while ((await gateway.app.intake.acceptBatch(500)).taken > 0);
    await gateway.owner.text(
      'CREATE TABLE plain_deliveries (id BIGINT AUTO_INCREMENT PRIMARY KEY, lead_id BIGINT NOT NULL, state VARCHAR(12) NOT NULL)',
    );
    await gateway.owner.text(
      'CREATE TABLE plain_log (id BIGINT AUTO_INCREMENT PRIMARY KEY, delivery_id BIGINT, status INT, reference VARCHAR(64), at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3))',
    );
    await gateway.owner.run("INSERT INTO plain_deliveries (lead_id, state) SELECT id, 'planned' FROM leads");
    const ids = await gateway.owner.all<{ id: number }>('SELECT id FROM plain_deliveries');
    for (let start = 0; start < ids.length; start += 1_000)
      await queue.addBulk(ids.slice(start, start + 1_000).map(({ id }) => ({ name: 'send', data: { id } })));
    const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
    const args = [
      url.href,
      redisUrl,
      gateway.app.database.name,
      queueName,
      String(port),
      String(concurrency),
    ];
    child = spawn(process.execPath, [join(import.meta.dirname, 'plain.ts'), ...args], { stdio: 'ignore' });
    return await rateOf(
      child,
      countOf(gateway, "SELECT COUNT(*) AS n FROM plain_deliveries WHERE state = 'delivered'"),
      leads,
    );
  } finally {
    child?.kill('SIGKILL');
    await queue.obliterate({ force: true }).catch(() => undefined);
    await queue.close();
    redis.disconnect();
    await gateway.close();
  }
}

const cpuOf = (all: readonly Rate[], what: 'cpu' | 'planner' | 'database' | 'redis'): string =>
  median(all.map((one) => one[what])).toFixed(2);

async function main(): Promise<void> {
  const services = await startServices({ folder, log: (line) => console.error(`bench: ${line}`) });
  redisPort = `:${new URL(services.redisUrl).port}`;
  process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
  process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
  const recipient = spawn(process.execPath, [join(import.meta.dirname, 'recipient.ts')]);
  try {
    const port = await new Promise<number>((done) =>
      recipient.stdout.once('data', (part: Buffer) => done(Number(part.toString()))),
    );
    const [ours, plain] = [[] as (Rate & { planning: number })[], new Map<number, Rate[]>()];
    for (let round = 1; round <= rounds; round += 1) {
      console.error(`bench: round ${round} of ${rounds}`);
      ours.push(await relaisRound(port));
      for (const concurrency of plainInFlight)
        plain.set(concurrency, [
          ...(plain.get(concurrency) ?? []),
          await plainRound(port, concurrency, services.redisUrl),
        ]);
    }
    const best = Math.max(...[...plain.values()].map((all) => median(all.map((one) => one.perSecond))));
    const show = (name: string, all: readonly Rate[]): void => {
      const rates = all.map((one) => one.perSecond);
      const rate = median(rates);
      console.log(
        `${name.padEnd(34)} ${Math.round(rate).toString().padStart(6)}/s  ${(rate / best).toFixed(2).padStart(5)}  cpu s per 1,000: process ${cpuOf(all, 'cpu')}, planner ${cpuOf(all, 'planner')}, database ${cpuOf(all, 'database')}, redis ${cpuOf(all, 'redis')}  (${rates.map((one) => Math.round(one)).join(', ')})`,
      );
    };
    console.log(
      `\n${leads} leads, ${rounds} rounds, one worker process; ratio against the plain program at its best`,
    );
    show(`relais, ${inFlight} in flight`, ours);
    for (const [concurrency, all] of plain) show(`plain program, ${concurrency} in flight`, all);
    console.log(
      `${'intake and planning, one process'.padEnd(34)} ${Math.round(median(ours.map((one) => one.planning)))
        .toString()
        .padStart(6)}/s`,
    );
  } finally {
    recipient.kill();
    await services.stop();
  }
}

await main();
