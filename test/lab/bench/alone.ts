// npm run bench -- alone [--rate N] [--seconds N] [--statements]: leads that come one by one, by SQL and by HTTP: time from the hand-in to
// the recipient, and statements, prepares, fsyncs, kB and processor time of each lead; what the gateway asks at rest.
import { freePort } from '../../../sandbox/ports.ts';
import { leadRow, openGateway, webhookFiles } from '../../trip/gateway.ts';
import { startProcess } from '../../trip/process.ts';
import { each, serverCounters, showCounted, statementsOf, type Counted } from './counters.ts';
import { cpuSeconds, flag, machine, memoryMb, option, pause, percentile, withServices } from './measure.ts';
import { startArrivals } from './arrivals.ts';
import { posterOf } from './poster.ts';

const perSecond = option('rate', 50);
const seconds = option('seconds', 20);
const atOnce = option('in-flight', 64);

await withServices(async (bench) => {
  const { port, at: arrivedAt, close } = await startArrivals();
  const gateway = await openGateway({ files: webhookFiles(port, { extra: 'limits: { concurrency: 50 }' }) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
  const apiPort = await freePort();
  const relais = startProcess(gateway, 'all', {
    RELAIS_LOG_LEVEL: 'error',
    // As shipped.
    RELAIS_PLANNER_IDLE_MS: '60',
    RELAIS_API_PORT: String(apiPort),
    RELAIS_API_PER_MINUTE: '1000000',
  });
  const poster = await posterOf(gateway, apiPort);

  const counted = async (): Promise<Counted> => ({
    ...(await serverCounters(gateway.owner)),
    gateway: await cpuSeconds(relais.child.pid ?? 0),
    database: (await bench.serverSeconds()).database,
  });
  const until = async (count: number): Promise<void> => {
    while (arrivedAt.size < count) await pause(5);
  };
  let handedIn = 0;
  const bySql = (reference: string): Promise<unknown> => gateway.send(leadRow(reference));
  const byHttp = (reference: string): Promise<unknown> => poster.post([reference]);

  /** Hands leads in at the pace. @returns ms from the hand-in to the recipient's socket, of each */
  const steadily = async (send: (reference: string) => Promise<unknown>): Promise<readonly number[]> => {
    const sent: Promise<unknown>[] = [];
    const at = new Map<string, number>();
    const startedAt = performance.now();
    for (let index = 0; index < perSecond * seconds; index += 1) {
      const due = startedAt + (index * 1_000) / perSecond;
      if (due > performance.now()) await pause(due - performance.now());
      const reference = `A-${(handedIn += 1)}`;
      at.set(reference, performance.now());
      sent.push(send(reference));
    }
    await Promise.all(sent);
    await until(warm + handedIn);
    return [...at].map(([reference, from]) => (arrivedAt.get(reference) ?? Infinity) - from);
  };
  const show = (name: string, times: readonly number[], cost: Counted): void => {
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(times, share).toFixed(1));
    console.log(`${name.padEnd(22)} p50 ${p50} ms   p99 ${p99} ms   a lead: ${showCounted(cost)}`);
  };
  let warm = 0;
  try {
    const isUp = (): Promise<boolean> =>
      byHttp('WARM-1').then(
        () => true,
        () => false,
      );
    while (!(await isUp())) await pause(200);
    await bySql('WARM-2');
    await until((warm = 2));
    console.log(`\n${machine()}`);
    await steadily(bySql);
    await steadily(byHttp);

    await pause(3_000);
    const [restBefore, restFrom] = [await counted(), performance.now()];
    await pause(seconds * 1_000);
    const restSeconds = (performance.now() - restFrom) / 1_000;
    const rest = each(restBefore, await counted(), restSeconds);
    const core = (100 * (rest.gateway + rest.database)).toFixed(1);
    const resident = Math.round(await memoryMb(relais.child.pid ?? 0));
    console.log(
      `at rest                ${rest.statements.toFixed(0)} statements a second, ${core} % of a core, ${resident} MB resident`,
    );

    for (const [name, send] of [
      ['by SQL', bySql],
      ['by HTTP', byHttp],
    ] as const) {
      const [before, from] = [await counted(), performance.now()];
      const times = await steadily(send);
      const lasted = (performance.now() - from) / 1_000;
      const cost = each(before, await counted(), times.length, { perSecond: rest, seconds: lasted });
      show(`${perSecond} a second ${name}`, times, cost);
    }

    const [before, from] = [await counted(), performance.now()];
    const first = handedIn;
    const poster64 = async (): Promise<void> => {
      while (performance.now() - from < seconds * 1_000) await byHttp(`A-${(handedIn += 1)}`);
    };
    await Promise.all(Array.from({ length: atOnce }, poster64));
    const posted = (handedIn - first) / ((performance.now() - from) / 1_000);
    await until(warm + handedIn);
    const lasted = (performance.now() - from) / 1_000;
    const cost = each(before, await counted(), handedIn - first, { perSecond: rest, seconds: lasted });
    console.log(
      `${atOnce} posts at once       ${posted.toFixed(0)} posts a second, ${((handedIn - first) / lasted).toFixed(0)} deliveries a second   a lead: ${showCounted(cost)}`,
    );

    if (flag('statements'))
      for (const [name, send] of [
        ['by SQL', bySql],
        ['by HTTP', byHttp],
      ] as const) {
        const before = handedIn;
        const all = await statementsOf(gateway.owner, async () => void (await steadily(send)));
        console.log(`\nstatements of a lead, ${name}:`);
        for (const [text, count] of all.slice(0, 90))
          console.log(`${(count / (handedIn - before)).toFixed(2).padStart(7)}  ${text}`);
      }
  } finally {
    relais.child.kill('SIGTERM');
    await relais.exit;
    await gateway.close();
    close();
  }
});
