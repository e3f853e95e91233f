// npm run bench -- growth: what a delivery costs with 10 thousand, 100 thousand and (--most 1000000) 1 million leads waiting.
// The waiting leads are copies of one that came in the normal way, written by SQL: taking a million in is not what is measured.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { startProcess } from '../trip/process.ts';
import { cpuSeconds, machine, memoryMb, option, pause, withServices, type Bench } from './measure.ts';

const most = option('most', 100_000);
const sample = Math.min(8_000, option('sample', 8_000));
const inFlight = option('in-flight', 200);

/** Brings the waiting deliveries up to `target`, a hundred thousand leads at a time. */
async function fill(gateway: Gateway, target: number): Promise<void> {
  const { owner, config } = gateway;
  const one = async (sql: string): Promise<number> => (await owner.all<{ n: number }>(sql))[0]?.n ?? 0;
  const columnsOf = async (
    schema: string,
    table: string,
    without: readonly string[],
  ): Promise<readonly string[]> =>
    (
      await owner.all<{ name: string }>(
        'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
        [schema, table],
      )
    )
      .map((row) => row.name)
      .filter((name) => !without.includes(name));
  const database = gateway.app.database.name;
  const template = await one('SELECT MIN(id) AS n FROM leads');
  const tables = [
    { schema: database, table: 'prospects', without: ['lead_id'] },
    { schema: database, table: 'lead_projects', without: ['lead_id'] },
    { schema: database, table: 'lead_origins', without: ['lead_id'] },
    { schema: database, table: 'consents', without: ['id', 'lead_id'] },
    { schema: config.keysSchema, table: 'lead_secrets', without: ['lead_id'] },
  ];
  for (;;) {
    const waiting = await one("SELECT COUNT(*) AS n FROM deliveries WHERE state = 'planned'");
    if (waiting >= target) return;
    const count = Math.min(100_000, target - waiting);
    const last = await one('SELECT MAX(id) AS n FROM leads');
    const own = await columnsOf(database, 'leads', ['id', 'reference']);
    while ((await one('SELECT MAX(id) AS n FROM leads')) < last + count) {
      const missing = last + count - (await one('SELECT MAX(id) AS n FROM leads'));
      await owner.run(
        `INSERT INTO leads (reference, ${own.join(', ')}) SELECT CONCAT('G-', UUID()), ${own.join(', ')} FROM leads LIMIT ${missing}`,
      );
    }
    for (const { schema, table, without } of tables) {
      const columns = await columnsOf(schema, table, without);
      await owner.run(
        `INSERT INTO \`${schema}\`.${table} (lead_id, ${columns.join(', ')})
           SELECT l.id, ${columns.map((name) => `t.${name}`).join(', ')} FROM leads l JOIN \`${schema}\`.${table} t ON t.lead_id = ? WHERE l.id > ?`,
        [template, last],
      );
    }
    await owner.run(
      `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, due_at, expires_at)
         SELECT client_id, 'essai-crm', id, revision, 'create', UUID(), 'planned', UTC_TIMESTAMP(3), '2099-01-01' FROM leads WHERE id > ?`,
      [last],
    );
    console.error(`bench: ${waiting + count} leads wait`);
  }
}

interface Cost {
  readonly waiting: number;
  readonly process: number;
  readonly planner: number;
  readonly database: number;
  readonly workerMb: number;
  readonly plannerMb: number;
}

async function measure(
  bench: Bench,
  gateway: Gateway,
  waiting: number,
  arrived: () => Promise<number>,
): Promise<Cost> {
  const environment = {
    RELAIS_LOG_LEVEL: 'error',
    RELAIS_WORKER_CONCURRENCY: String(inFlight),
    RELAIS_WINDOW: String(inFlight * 2),
  };
  const planner = startProcess(gateway, 'planner', environment);
  const worker = startProcess(gateway, 'worker', environment);
  try {
    const begin = await arrived();
    while ((await arrived()) < begin + sample / 8) await pause(20);
    const seconds = async (): Promise<readonly [number, number, number]> => [
      await cpuSeconds(worker.child.pid ?? 0),
      await cpuSeconds(planner.child.pid ?? 0),
      (await bench.serverSeconds()).database,
    ];
    const [from, before] = [await arrived(), await seconds()];
    while ((await arrived()) < begin + sample) await pause(20);
    const [count, after] = [(await arrived()) - from, await seconds()];
    const each = (index: 0 | 1 | 2): number => ((after[index] - before[index]) / count) * 1000;
    return {
      ...{ waiting, process: each(0), planner: each(1), database: each(2) },
      workerMb: await memoryMb(worker.child.pid ?? 0),
      plannerMb: await memoryMb(planner.child.pid ?? 0),
    };
  } finally {
    worker.child.kill('SIGTERM');
    planner.child.kill('SIGTERM');
    await Promise.all([worker.exit, planner.exit]);
  }
}

await withServices(async (bench) => {
  const serving = fork(join(import.meta.dirname, 'recipient.ts'));
  const [port] = (await once(serving, 'message')) as [number];
  const arrived = async (): Promise<number> => {
    serving.send('count');
    return ((await once(serving, 'message')) as [number])[0];
  };
  const gateway = await openGateway({
    files: webhookFiles(port, { extra: `limits: { concurrency: ${inFlight} }` }),
  });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    await gateway.send(leadRow('template'));
    while ((await gateway.app.intake.acceptBatch(10)).taken > 0);
    await gateway.owner.run('DELETE FROM lead_changes');
    const costs: Cost[] = [];
    for (const waiting of [10_000, 100_000, 1_000_000].filter((one) => one <= most)) {
      await fill(gateway, waiting);
      costs.push(await measure(bench, gateway, waiting, arrived));
    }
    console.log(`\n${machine()}; ${sample} deliveries at each size; CPU seconds per 1,000`);
    for (const one of costs)
      console.log(
        `${one.waiting.toString().padStart(9)} waiting   worker ${one.process.toFixed(2)}   planner ${one.planner.toFixed(2)}   database ${one.database.toFixed(2)}   memory: worker ${one.workerMb.toFixed(0)} MB, planner ${one.plannerMb.toFixed(0)} MB`,
      );
    const total = (one: Cost | undefined): number =>
      one === undefined ? Number.NaN : one.process + one.planner + one.database;
    console.log(
      `last against first: ${(total(costs.at(-1)) / total(costs[0])).toFixed(2)} (aim: at most 1.2)`,
    );
  } finally {
    await gateway.close();
    serving.kill();
  }
});
