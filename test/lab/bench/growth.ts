// npm run bench -- growth: what a delivery costs with 10 thousand, 100 thousand and (--most 1000000) 1 million leads waiting.
// The waiting leads are copies of one that came in the normal way, written by SQL: taking a million in is not what is measured.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { startProcess } from '../../trip/process.ts';
import { addTemplate, fill } from './backlog.ts';
import { cpuSeconds, machine, memoryMb, option, pause, withServices, type Bench } from './measure.ts';

const most = option('most', 100_000);
const sample = Math.min(8_000, option('sample', 8_000));
const inFlight = option('in-flight', 200);

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
    await addTemplate(gateway);
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
