// npm run bench: webhooks end to end beside a plain program and beside the limit, on the same services in the same run.
// Prints medians of rounds with their spread, and ratios: absolute figures say more of the machine than of the program.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { startProcess } from '../../trip/process.ts';
import {
  flag,
  machine,
  median,
  option,
  pause,
  profiled,
  rateLine,
  rateOf,
  withServices,
  type Bench,
  type Rate,
} from './measure.ts';

const leads = option('leads', 24_000);
const rounds = option('rounds', 3);
const only = process.argv.includes('--in-flight') ? [option('in-flight', 100)] : [200, 400, 800];
/** Each program at several concurrencies: every one is measured at its best. */
const settings = {
  relais: only.map((inFlight) => ({ inFlight, processes: 1 })),
  more: flag('ours')
    ? []
    : [2, 4].map((processes) => ({ inFlight: Math.floor(1_000 / processes), processes })),
  plain: flag('ours') ? [] : [25, 50, 100],
  limit: flag('ours') ? [] : [50, 100, 200],
};
const countOf = (gateway: Gateway, sql: string) => async (): Promise<number> =>
  (await gateway.owner.all<{ n: number }>(sql))[0]?.n ?? 0;

interface Recipient {
  readonly port: number;
  readonly count: () => Promise<number>;
}

/** Counts what arrived until all has; only then asks the database: counting rows all the time would be its main work. */
async function settledOf(
  recipient: Recipient,
  settled: () => Promise<number>,
): Promise<() => Promise<number>> {
  const before = await recipient.count();
  return async () => {
    const arrived = (await recipient.count()) - before;
    return arrived < leads ? arrived : settled();
  };
}

async function sendLeads(gateway: Gateway): Promise<void> {
  for (let start = 0; start < leads; start += 500) {
    await gateway.send(
      ...Array.from({ length: Math.min(500, leads - start) }, (_, index) => leadRow(`B-${start + index}`)),
    );
  }
}

const published = (gateway: Gateway): Promise<unknown> =>
  gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });

async function relaisRound(
  bench: Bench,
  recipient: Recipient,
  { inFlight, processes }: { readonly inFlight: number; readonly processes: number },
): Promise<Rate & { readonly planning: number }> {
  const signing = { RELAIS_SECRET_SIGN: `whsec_${randomBytes(32).toString('base64')}` };
  const files = webhookFiles(recipient.port, {
    extra: `limits: { concurrency: ${Math.min(1_000, inFlight * processes)} }`,
  });
  const gateway = await openGateway({
    environment: signing,
    files: Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        name,
        text.replace("/leads' }\ntimeouts", "/leads', signature: { standard: secret:SIGN } }\ntimeouts"),
      ]),
    ),
  });
  try {
    await published(gateway);
    await sendLeads(gateway);
    const startedAt = performance.now();
    const planner = startProcess(gateway, 'planner', {
      RELAIS_LOG_LEVEL: 'error',
      RELAIS_WINDOW: String(inFlight * processes * 2),
    });
    const planned = countOf(gateway, 'SELECT COUNT(*) AS n FROM deliveries');
    while ((await planned()) < leads) await pause(25);
    const planning = leads / ((performance.now() - startedAt) / 1000);
    const workers = Array.from({ length: processes }, () =>
      startProcess(gateway, 'worker', {
        RELAIS_LOG_LEVEL: 'error',
        RELAIS_WORKER_CONCURRENCY: String(inFlight),
        ...signing,
        ...profiled,
      }),
    );
    const rate = await rateOf({
      bench,
      workers: workers.map((one) => one.child),
      planner: planner.child,
      done: await settledOf(
        recipient,
        countOf(gateway, "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'delivered'"),
      ),
      total: leads,
    });
    for (const worker of workers) worker.child.kill('SIGTERM');
    planner.child.kill('SIGKILL');
    await Promise.all(workers.map((worker) => worker.exit));
    return { ...rate, planning };
  } finally {
    await gateway.close();
  }
}

/** A BullMQ queue of its own, filled with ids. */
async function withQueue<T>(
  redisUrl: string,
  ids: readonly number[],
  work: (name: string) => Promise<T>,
): Promise<T> {
  const name = `bench-${randomBytes(4).toString('hex')}`;
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection: redis });
  try {
    for (let start = 0; start < ids.length; start += 1_000)
      await queue.addBulk(ids.slice(start, start + 1_000).map((id) => ({ name: 'send', data: { id } })));
    return await work(name);
  } finally {
    await queue.obliterate({ force: true }).catch(() => undefined);
    await queue.close();
    redis.disconnect();
  }
}

async function plainRound(bench: Bench, recipient: Recipient, concurrency: number): Promise<Rate> {
  const gateway = await openGateway({ files: webhookFiles(recipient.port) });
  let child: ChildProcess | undefined;
  try {
    await published(gateway);
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
    return await withQueue(
      bench.redisUrl,
      ids.map((row) => row.id),
      async (name) => {
        const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
        const args = [
          url.href,
          bench.redisUrl,
          gateway.app.database.name,
          name,
          String(recipient.port),
          String(concurrency),
        ];
        child = spawn(process.execPath, [join(import.meta.dirname, 'plain.ts'), ...args], {
          stdio: 'ignore',
        });
        return rateOf({
          bench,
          workers: [child],
          done: await settledOf(
            recipient,
            countOf(gateway, "SELECT COUNT(*) AS n FROM plain_deliveries WHERE state = 'delivered'"),
          ),
          total: leads,
        });
      },
    );
  } finally {
    child?.kill('SIGKILL');
    await gateway.close();
  }
}

async function limitRound(bench: Bench, port: number, concurrency: number): Promise<Rate> {
  const total = leads * 3;
  return withQueue(
    bench.redisUrl,
    Array.from({ length: total }, (_, id) => id + 1),
    async (name) => {
      const args = [bench.redisUrl, name, String(port), String(concurrency)];
      const child = fork(join(import.meta.dirname, 'limit.ts'), args, { silent: true });
      try {
        const done = async (): Promise<number> => {
          child.send('count');
          return ((await once(child, 'message')) as [number])[0];
        };
        return await rateOf({ bench, workers: [child], done, total });
      } finally {
        child.kill('SIGKILL');
      }
    },
  );
}

await withServices(async (bench) => {
  const serving = fork(join(import.meta.dirname, 'recipient.ts'));
  try {
    const [port] = (await once(serving, 'message')) as [number];
    const recipient: Recipient = {
      port,
      count: async () => {
        serving.send('count');
        return ((await once(serving, 'message')) as [number])[0];
      },
    };
    const results = new Map<string, Rate[]>();
    const planning: number[] = [];
    const note = <T extends Rate>(name: string, rate: T): T => {
      results.set(name, [...(results.get(name) ?? []), rate]);
      return rate;
    };
    const nameOf = ({ inFlight, processes }: { inFlight: number; processes: number }): string =>
      `relais, ${processes === 1 ? '' : `${processes} processes x `}${inFlight} in flight`;
    // Interleaved, so that whatever else the machine does meets each of them alike.
    for (let round = 1; round <= rounds; round += 1) {
      console.error(`bench: round ${round} of ${rounds}`);
      for (const one of settings.relais)
        planning.push(note(nameOf(one), await relaisRound(bench, recipient, one)).planning);
      for (const one of settings.plain)
        note(`plain program, ${one} in flight`, await plainRound(bench, recipient, one));
      for (const one of settings.limit) note(`limit, ${one} in flight`, await limitRound(bench, port, one));
      for (const one of settings.more) note(nameOf(one), await relaisRound(bench, recipient, one));
    }
    const bestOf = (prefix: string): number =>
      Math.max(
        ...[...results]
          .filter(([name]) => name.startsWith(prefix))
          .map(([, all]) => median(all.map((one) => one.perSecond))),
      );
    const plain = bestOf('plain');
    console.log(`\n${machine()}; ${leads} leads, ${rounds} rounds`);
    console.log(
      `${''.padEnd(38)}   median  ratio   CPU seconds per 1,000: process, planner, database, redis   (rounds)`,
    );
    for (const [name, all] of results) console.log(rateLine(name, all, Math.max(1, plain)));
    console.log(
      `${'intake and planning, one process'.padEnd(38)} ${Math.round(median(planning)).toString().padStart(6)}/s`,
    );
    if (plain > 0) {
      const single = Math.max(
        ...settings.relais.map((one) => median((results.get(nameOf(one)) ?? []).map((r) => r.perSecond))),
      );
      console.log(
        `\none process against the plain program at its best: ${(single / plain).toFixed(2)} (aim: 2.5); of the limit: ${((100 * single) / bestOf('limit')).toFixed(0)} % (aim: 35 %)`,
      );
    }
  } finally {
    serving.kill();
  }
});
