// npm run bench -- bulk [--replays N] [--seconds N] [--calm] [--busy]: a run of 100,000 replays through the death of its process and the
// loss of Redis (`--calm`: without them), with fresh leads of the same destination beside it. Its recipient answers after 10 ms
// (`--busy`: after 200, as CRMs do).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { readRun } from '../../../src/support/bulk-runs.ts';
import { begunRun } from '../../support-work/bulk-home.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { startProcess, type GatewayProcess } from '../../trip/process.ts';
import { addTemplate, fill } from './backlog.ts';
import { latencyOf, nowOf, show, steady } from './fresh.ts';
import { flag, machine, option, pause, withServices } from './measure.ts';

const replays = option('replays', 100_000);
const seconds = option('seconds', 20);
/** What the recipient makes of an address: see moody-recipient.ts. */
const addressed = (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      flag('busy') ? text.replaceAll('/leads', '/busy-leads') : text,
    ]),
  );

const start = (gateway: Gateway, role: 'planner' | 'worker'): GatewayProcess =>
  startProcess(gateway, role, { RELAIS_LOG_LEVEL: 'error' });
const kill = async (one: GatewayProcess): Promise<unknown> => {
  one.child.kill('SIGKILL');
  return one.exit;
};
const count = async ({ owner }: Gateway, sql: string): Promise<number> =>
  (await owner.all<{ n: number }>(sql))[0]?.n ?? 0;

/** Deliveries that failed with one cause, as support finds them. */
async function failMany(gateway: Gateway): Promise<void> {
  await addTemplate(gateway);
  await fill(gateway, replays);
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'failed', reason = 'refused:KO', attempt = 1, settled_at = UTC_TIMESTAMP(3)",
  );
}

async function killInTurn(gateway: Gateway, planners: GatewayProcess[]): Promise<void> {
  for (const [index, planner] of [...planners].entries()) {
    await kill(planner);
    planners[index] = start(gateway, 'planner');
    await pause(5_000);
  }
}

/** Everything in Redis is gone, and everybody's connection with it. */
async function loseRedis(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.flushall();
  await redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  redis.disconnect();
}

async function replayed(gateway: Gateway, redisUrl: string): Promise<void> {
  const { app, owner } = gateway;
  // Two, as where it matters: one of them is killed.
  const planners = [start(gateway, 'planner'), start(gateway, 'planner')];
  const worker = start(gateway, 'worker');
  let serial = 0;
  const fresh = (): Promise<unknown> => gateway.send(leadRow(`FRESH-${(serial += 1)}`));
  try {
    await steady(fresh, 5);
    const quiet = await nowOf(gateway);
    await steady(fresh, seconds);
    console.log(`fresh leads without a run: ${show(await latencyOf(gateway, ['essai-crm'], quiet))}`);
    const deliveries = await owner.all<{ id: number; run: number; attempt: number; state: 'failed' }>(
      "SELECT id, run, attempt, state FROM deliveries WHERE state = 'failed' ORDER BY id",
    );
    const begunAt = performance.now();
    const { id } = await begunRun(app.database, {
      order: { kind: 'replay', anew: false },
      by: { actor: 'bench', reason: 'bench' },
      filter: { destination: 'essai-crm', state: 'failed' },
      deliveries,
    });
    console.log(`written down in ${Math.round(performance.now() - begunAt)} ms`);
    const since = await nowOf(gateway);
    const planned = [
      // Whichever of them has the run in work.
      {
        from: 0.3,
        what: 'both planners killed, one after the other',
        do: () => killInTurn(gateway, planners),
      },
      { from: 0.6, what: 'Redis lost', do: () => loseRedis(redisUrl) },
    ];
    const mischief = flag('calm') ? [] : planned;
    for (let run = await readRun(owner, id); run.state === 'running'; run = await readRun(owner, id)) {
      await steady(fresh, 2);
      const [next] = mischief;
      if (next === undefined || run.done < replays * next.from) continue;
      mischief.shift();
      await next.do();
      console.log(`${next.what} after ${run.done} replays`);
    }
    const took = (performance.now() - begunAt) / 1000;
    const run = await readRun(owner, id);
    console.log(
      `run ${run.state} after ${Math.round(took)} s: ${run.done} of ${replays}, ${JSON.stringify(run.results)}`,
    );
    console.log(`fresh leads beside it: ${show(await latencyOf(gateway, ['essai-crm'], since))}`);
    while ((await count(gateway, "SELECT COUNT(*) AS n FROM deliveries WHERE state <> 'delivered'")) > 0)
      await pause(500);
    console.log(`all delivered after ${Math.round((performance.now() - begunAt) / 1000)} s`);
    const twice = await count(
      gateway,
      `SELECT COUNT(*) AS n FROM (SELECT 1 FROM handovers WHERE entry = 'replayed' GROUP BY delivery_id HAVING COUNT(*) > 1) AS t`,
    );
    const once = await count(gateway, "SELECT COUNT(*) AS n FROM handovers WHERE entry = 'replayed'");
    console.log(`replayed in the log: ${once}; more than once: ${twice}`);
  } finally {
    await Promise.all([...planners, worker].map(kill));
  }
}

await withServices(async ({ redisUrl }) => {
  const recipient = spawn(process.execPath, [join(import.meta.dirname, 'moody-recipient.ts')]);
  const port = await new Promise<number>((done) =>
    recipient.stdout.once('data', (part: Buffer) => done(Number(part.toString()))),
  );
  const files = webhookFiles(port, { extra: 'limits: { concurrency: 50 }' });
  const gateway = await openGateway({ files: addressed(files) });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    console.log(`\n${machine()}; ${replays} replays`);
    await failMany(gateway);
    await replayed(gateway, redisUrl);
  } finally {
    await gateway.close();
    recipient.kill();
  }
});
