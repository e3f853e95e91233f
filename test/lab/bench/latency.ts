// npm run bench -- latency: from a lead's commit to the request its recipient receives, idle and at a steady rate.
// Planning is in it: each lead is an INSERT into lead_intake by a writer of its own, planner and worker are processes.
import { leadRow, openGateway, webhookFiles } from '../../trip/gateway.ts';
import { startProcess } from '../../trip/process.ts';
import { machine, option, pause, percentile, withServices } from './measure.ts';
import { startArrivals } from './arrivals.ts';

const perSecond = option('rate', 50);
const seconds = option('seconds', 30);
const idleLeads = option('idle', 40);

await withServices(async () => {
  const { port, at: arrivedAt, close } = await startArrivals();
  const gateway = await openGateway({ files: webhookFiles(port, { extra: 'limits: { concurrency: 20 }' }) });
  const environment = { RELAIS_LOG_LEVEL: 'error', RELAIS_PLANNER_IDLE_MS: '40' };
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    const processes = [
      startProcess(gateway, 'planner', environment),
      startProcess(gateway, 'worker', environment),
    ];
    const send = async (reference: string): Promise<readonly [string, number]> => {
      await gateway.send(leadRow(reference));
      return [reference, performance.now()];
    };
    const until = async (count: number): Promise<void> => {
      while (arrivedAt.size < count) await pause(20);
    };
    const show = (name: string, committed: readonly (readonly [string, number])[]): void => {
      const all = committed.map(([reference, at]) =>
        Math.max(0, (arrivedAt.get(reference) ?? Infinity) - at),
      );
      const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => Math.round(percentile(all, share)));
      console.log(
        `${name.padEnd(28)} ${all.length.toString().padStart(6)} leads   p50 ${p50} ms   p95 ${p95} ms   p99 ${p99} ms`,
      );
    };
    // The first lead opens the worker of its destination; it is not what is measured.
    await send('warm');
    await until(1);

    const idle: (readonly [string, number])[] = [];
    for (let index = 0; index < idleLeads; index += 1) {
      await pause(250 + Math.random() * 250);
      idle.push(await send(`idle-${index}`));
    }
    await until(1 + idleLeads);

    const steady: Promise<readonly [string, number]>[] = [];
    const startedAt = performance.now();
    for (let index = 0; index < perSecond * seconds; index += 1) {
      const due = startedAt + (index * 1000) / perSecond;
      if (due > performance.now()) await pause(due - performance.now());
      steady.push(send(`steady-${index}`));
    }
    const committed = await Promise.all(steady);
    await until(1 + idleLeads + committed.length);

    console.log(`\n${machine()}; commit of the lead -> request received`);
    show('idle', idle);
    show(`${perSecond} leads a second`, committed);
    for (const one of processes) one.child.kill('SIGTERM');
    await Promise.all(processes.map((one) => one.exit));
  } finally {
    await gateway.close();
    close();
  }
});
