// npm run bench -- isolation [--rounds N] [--seconds N] [--backlog N] [--replays N]: what sick destinations, a replay and idle
// destinations cost the others, each against the same house without them, in the same run. Latency is by the database's clock.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replay } from '../../support/replay.ts';
import { startServices } from '../../../sandbox/services.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { startProcess, type GatewayProcess } from '../../trip/process.ts';
import { latencyOf, nowOf, show, steady, type Latency } from './fresh.ts';
import { median, option, pause } from './measure.ts';
import { askedEngine } from '../../support/engine.ts';

const [rounds, seconds, backlog, replays, idle] = [
  option('rounds', 3),
  option('seconds', 20),
  option('backlog', 50_000),
  option('replays', 10_000),
  option('idle', 500),
];
const healthy = Array.from({ length: 35 }, (_, index) => `well-${index + 1}`);
const sick = ['hangs-1', 'fails-1', 'throttles-1', 'gone-1', 'busy-1'];

function filesFor(ids: readonly string[], port: number): Readonly<Record<string, string>> {
  const files = webhookFiles(port);
  const [client = '', mapping = ''] = [files['essai/client.yaml'], files['essai/crm.yaml']];
  const [head = '', authorisation = ''] = client.split('authorisations:\n');
  return {
    'essai/client.yaml': `${head}authorisations:\n${ids.map((id) => authorisation.replace('essai-crm', id)).join('')}`,
    ...Object.fromEntries(
      ids.map((id) => [
        `essai/${id}.yaml`,
        mapping
          .replace('destination: essai-crm', `destination: ${id}\naccepts: { programme: [${id}] }`)
          // Nobody listens at port 9.
          .replaceAll(
            `localhost:${port}/leads`,
            id === 'gone-1' ? 'localhost:9/leads' : `localhost:${port}/${id}/leads`,
          ),
      ]),
    ),
  };
}

async function house(ids: readonly string[], port: number): Promise<Gateway> {
  const gateway = await openGateway({ files: filesFor(ids, port) });
  for (const id of ids)
    await gateway.app.publishing.publish({ destinationId: id, author: 'bench', note: 'bench' });
  return gateway;
}

let serial = 0;
const leadFor = (id: string) => leadRow(`I-${(serial += 1)}`, { programme: id });
const many = (id: string, count: number) => Array.from({ length: count }, () => leadFor(id));

/** To each of the destinations in turn. */
const freshLeads =
  (gateway: Gateway, ids: readonly string[]) =>
  (at: number): Promise<unknown> =>
    gateway.send(leadFor(ids[at % ids.length] ?? ''));

const start = (gateway: Gateway): readonly GatewayProcess[] =>
  (['planner', 'worker'] as const).map((role) => startProcess(gateway, role, { RELAIS_LOG_LEVEL: 'error' }));
async function end(gateway: Gateway, processes: readonly GatewayProcess[]): Promise<void> {
  for (const one of processes) one.child.kill('SIGKILL');
  await Promise.all(processes.map((one) => one.exit));
  await gateway.close();
}

async function fairness(port: number, withSick: boolean): Promise<Latency> {
  const gateway = await house([...healthy, ...sick], port);
  const processes = start(gateway);
  try {
    if (withSick) {
      for (let sent = 0; sent < backlog; sent += 500)
        await gateway.send(...many('busy-1', Math.min(500, backlog - sent)));
      for (const id of sick.slice(0, 4)) await gateway.send(...many(id, 50));
      // A backlog is what waits for its recipient, not rows that just came in all at once.
      const planned = async (): Promise<number> =>
        (await gateway.owner.all<{ n: number }>('SELECT COUNT(*) AS n FROM deliveries'))[0]?.n ?? 0;
      while ((await planned()) < backlog + 200) await pause(200);
    }
    // Warm, and the sick ones known to be sick.
    await steady(freshLeads(gateway, healthy), 5);
    const since = await nowOf(gateway);
    const sickLeads = (async () => {
      for (let at = 0; withSick && at < seconds; at += 1) {
        await gateway.send(...sick.slice(0, 4).map(leadFor));
        await pause(1_000);
      }
    })();
    await steady(freshLeads(gateway, healthy), seconds);
    await sickLeads;
    return await latencyOf(gateway, healthy, since);
  } finally {
    await end(gateway, processes);
  }
}

async function replayBesideFresh(port: number): Promise<readonly [Latency, Latency, number]> {
  const gateway = await house(['well-1'], port);
  const processes = start(gateway);
  try {
    for (let sent = 0; sent < replays; sent += 500)
      await gateway.send(...many('well-1', Math.min(500, replays - sent)));
    const left = async (): Promise<number> =>
      (
        await gateway.owner.all<{ n: number }>(
          "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'delivered'",
        )
      )[0]?.n ?? 0;
    while ((await left()) < replays) await pause(500);
    const quiet = await nowOf(gateway);
    await steady(freshLeads(gateway, ['well-1']), seconds);
    const without = await latencyOf(gateway, ['well-1'], quiet);
    const ids = await gateway.owner.all<{ id: number }>(
      `SELECT id FROM deliveries ORDER BY id LIMIT ${Math.trunc(replays)}`,
    );
    const { database, published } = gateway.app;
    const by = { actor: 'bench', reason: 'bench', again: true };
    const all = ids.map((row) => row.id);
    // The first ones are on their way while the others are being replayed; what counts is the time they are.
    const replaying = replay({ database, published }, all, by);
    await pause(1_000);
    const since = await nowOf(gateway);
    await steady(freshLeads(gateway, ['well-1']), seconds);
    const beside = await latencyOf(gateway, ['well-1'], since);
    await replaying;
    const [still] = await gateway.owner.all<{ n: number }>(
      "SELECT COUNT(*) AS n FROM deliveries WHERE priority > 0 AND state <> 'delivered'",
    );
    return [without, beside, still?.n ?? 0];
  } finally {
    await end(gateway, processes);
  }
}

async function idleCost(port: number): Promise<{ readonly megabytes: number; readonly share: number }> {
  const gateway = await house(
    Array.from({ length: idle }, (_, index) => `idle-${index + 1}`),
    port,
  );
  // The pause of production: tests look four times as often.
  const one = startProcess(gateway, 'all', { RELAIS_LOG_LEVEL: 'error', RELAIS_PLANNER_IDLE_MS: '40' });
  try {
    await pause(40_000);
    const before = await ticksOf(one.child.pid ?? 0);
    const measured = 30;
    await pause(measured * 1_000);
    const ticks = (await ticksOf(one.child.pid ?? 0)) - before;
    const status = await readFile(`/proc/${one.child.pid ?? 0}/status`, 'utf8');
    const megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    return { megabytes, share: ticks / 100 / measured };
  } finally {
    await end(gateway, [one]);
  }
}

async function ticksOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

async function main(): Promise<void> {
  const folder = join(process.cwd(), '.relais', `isolation-${process.pid}`);
  const services = await startServices({
    folder,
    log: (line) => console.error(`bench: ${line}`),
    ...askedEngine(),
  });
  process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
  process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
  const recipient = spawn(process.execPath, [join(import.meta.dirname, 'moody-recipient.ts')]);
  try {
    const port = await new Promise<number>((done) =>
      recipient.stdout.once('data', (part: Buffer) => done(Number(part.toString()))),
    );
    const [without, beside]: [Latency[], Latency[]] = [[], []];
    for (let round = 1; round <= rounds; round += 1) {
      without.push(await fairness(port, false));
      beside.push(await fairness(port, true));
      console.error(
        `bench: round ${round}: without ${show(without.at(-1) as Latency)}; beside ${show(beside.at(-1) as Latency)}`,
      );
    }
    if (rounds > 0) {
      const ratio = median(beside.map((one) => one.p99)) / median(without.map((one) => one.p99));
      console.log(
        `35 destinations beside a hanging, a failing, a throttling, a closed one and one with a backlog of ${backlog}:`,
      );
      console.log(
        `  p99 ${ratio.toFixed(2)} times what it is without them (median of ${rounds} rounds; promised 1.3)`,
      );
    }
    if (replays > 0) {
      const [quiet, during, still] = await replayBesideFresh(port);
      console.log(
        `fresh leads of a destination: ${show(quiet)}; during a replay of ${replays}: ${show(during)} (${still} replays still waiting)`,
      );
    }
    if (idle > 0) {
      const cost = await idleCost(port);
      console.log(
        `${idle} idle destinations, one process with both roles: ${Math.round(cost.megabytes)} MB (promised 200), ${(cost.share * 100).toFixed(1)} % of a core (promised 3)`,
      );
    }
  } finally {
    recipient.kill();
    await services.stop();
  }
}

await main();
