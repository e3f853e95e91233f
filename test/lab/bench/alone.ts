// npm run bench -- alone [--rate N] [--seconds N] [--statements] [--ceilings] [--profile]: leads that come one by one, by SQL and by HTTP, beside a plain
// program: time from the hand-in to the recipient, and statements, prepares, fsyncs, kB and processor time of each lead; what the gateway
// asks at rest. `--ceilings` fails where a count is above what it may be, and leaves out the plain program and the rates.
import { freePort } from '../../../sandbox/ports.ts';
import { leadRow, openGateway, webhookFiles } from '../../trip/gateway.ts';
import { startProcess } from '../../trip/process.ts';
import { each, serverCounters, showCounted, statementsOf, type Counted } from './counters.ts';
import {
  cpuSeconds,
  flag,
  machine,
  memoryMb,
  option,
  pause,
  percentile,
  profiled,
  withServices,
} from './measure.ts';
import { startArrivals } from './arrivals.ts';
import { above } from './ceilings.ts';
import { openDoor } from './door.ts';
import { posterOf } from './poster.ts';

const perSecond = option('rate', 50);
const seconds = option('seconds', 20);
const atOnce = option('in-flight', 64);
/** Rows of a block by SQL. */
const blockRows = 100;

/** The leads' own: a lead that names an unknown one is counted as an anomaly, by a statement more. */
const notice =
  'notices: [{ version: n1, channel: web_form, from: 2026-01-01, wording: Vos données servent à vous répondre }]\n';

/** How leads are handed in, and the process that takes them. */
interface Way {
  readonly send: (reference: string) => Promise<unknown>;
  readonly pid: number;
}

await withServices(async (bench) => {
  const { port, at: arrivedAt, close } = await startArrivals();
  const files = webhookFiles(port, { extra: 'limits: { concurrency: 50 }' });
  const gateway = await openGateway({
    files: { ...files, 'essai/client.yaml': `${files['essai/client.yaml'] ?? ''}${notice}` },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
  const apiPort = await freePort();
  const relais = startProcess(gateway, 'all', {
    RELAIS_LOG_LEVEL: 'error',
    // As shipped: by default, and by the units and the image.
    RELAIS_PLANNER_IDLE_MS: '60',
    MALLOC_ARENA_MAX: '1',
    NODE_OPTIONS: '--max-semi-space-size=16',
    RELAIS_API_PORT: String(apiPort),
    RELAIS_API_PER_MINUTE: '1000000',
    ...profiled,
  });
  const pid = relais.child.pid ?? 0;
  const poster = await posterOf(gateway, apiPort);
  const door = flag('ceilings') ? undefined : await openDoor(gateway, bench.redisUrl, port);

  const counted = async (of: number): Promise<Counted> => ({
    ...(await serverCounters(gateway.owner)),
    gateway: await cpuSeconds(of),
    database: (await bench.serverSeconds()).database,
  });
  let handedIn = 0;
  const next = (): string => `A-${(handedIn += 1)}`;
  const until = async (count: number): Promise<void> => {
    while (arrivedAt.size < count) await pause(5);
  };
  const bySql: Way = { send: (reference) => gateway.send(leadRow(reference)), pid };
  const byHttp: Way = { send: (reference) => poster.post([reference]), pid };
  const plain: readonly (readonly [string, Way])[] =
    door === undefined ? [] : [['the plain door', { send: door.post, pid: door.child.pid ?? 0 }]];

  /**
   * Hands leads in at the pace; for the ceilings each only once the one before has arrived, so that a slow machine takes in no two
   * together. @returns ms from the hand-in to the recipient's socket, of each
   */
  const steadily = async ({ send }: Way, lasting = seconds): Promise<readonly number[]> => {
    const sent: Promise<unknown>[] = [];
    const at = new Map<string, number>();
    const startedAt = performance.now();
    for (let index = 0; index < perSecond * lasting; index += 1) {
      const due = startedAt + (index * 1_000) / perSecond;
      if (due > performance.now()) await pause(due - performance.now());
      if (flag('ceilings')) await until(warm + handedIn);
      const reference = next();
      at.set(reference, performance.now());
      sent.push(send(reference));
    }
    await Promise.all(sent);
    await until(warm + handedIn);
    return [...at].map(([reference, from]) => (arrivedAt.get(reference) ?? Infinity) - from);
  };
  const show = (name: string, times: readonly number[], cost: Counted): void => {
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(times, share).toFixed(1));
    console.log(`${name.padEnd(28)} p50 ${p50} ms   p99 ${p99} ms   a lead: ${showCounted(cost)}`);
  };
  let rest: Counted | undefined;
  /** Cost of each lead that `work` hands in, less what is asked at rest. */
  const costOf = async (
    way: Way,
    work: () => Promise<void>,
  ): Promise<{ readonly cost: Counted; readonly lasted: number; readonly leads: number }> => {
    const [before, from, first] = [await counted(way.pid), performance.now(), handedIn];
    await work();
    const lasted = (performance.now() - from) / 1_000;
    const leads = handedIn - first;
    const atRest =
      rest === undefined ? undefined : { perSecond: way.pid === pid ? rest : idle(rest), seconds: lasted };
    return { cost: each(before, await counted(way.pid), leads, atRest), lasted, leads };
  };
  /** The plain door's own process rests. */
  const idle = (all: Counted): Counted => ({ ...all, gateway: 0 });
  let warm = 0;
  try {
    const isUp = (): Promise<boolean> =>
      byHttp.send('WARM-1').then(
        () => true,
        () => false,
      );
    while (!(await isUp())) await pause(200);
    await bySql.send('WARM-2');
    await until((warm = 2));
    console.log(`\n${machine()}`);
    const ways = [bySql, byHttp, ...plain.map(([, one]) => one)];
    for (const way of ways) await steadily(way);

    // Half a minute after the last lead its destination's worker closes; then the heap is collected.
    await pause(flag('ceilings') ? 3_000 : 60_000);
    const [restBefore, restFrom] = [await counted(pid), performance.now()];
    await pause(seconds * 1_000);
    rest = each(restBefore, await counted(pid), (performance.now() - restFrom) / 1_000);
    const core = (100 * (rest.gateway + rest.database)).toFixed(1);
    console.log(
      `at rest                      ${rest.statements.toFixed(0)} statements a second, ${core} % of a core, ${Math.round(await memoryMb(pid))} MB resident`,
    );
    // Connections that closed at rest are opened, and prepare their statements, before anything is counted.
    for (const way of ways) await steadily(way, 5);

    for (const [name, way] of [['by SQL', bySql] as const, ['by HTTP', byHttp] as const, ...plain]) {
      let times: readonly number[] = [];
      const { cost } = await costOf(way, async () => {
        times = await steadily(way);
      });
      show(`${perSecond} a second ${name}`, times, cost);
      if (flag('ceilings') && (name === 'by SQL' || name === 'by HTTP'))
        for (const sentence of above(name, cost)) {
          process.exitCode = 1;
          console.log(`too much: ${sentence}`);
        }
    }
    const rates = new Map<string, number>();
    for (const [name, way] of flag('ceilings') ? [] : [['by HTTP', byHttp] as const, ...plain]) {
      const from = performance.now();
      let posted = 0;
      const { cost, lasted, leads } = await costOf(way, async () => {
        const first = handedIn;
        const sender = async (): Promise<void> => {
          while (performance.now() - from < seconds * 1_000) await way.send(next());
        };
        await Promise.all(Array.from({ length: atOnce }, sender));
        posted = (handedIn - first) / ((performance.now() - from) / 1_000);
        await until(warm + handedIn);
      });
      rates.set(name, posted);
      console.log(
        `${`${atOnce} posts at once ${name}`.padEnd(28)} ${posted.toFixed(0)} posts a second, ${(leads / lasted).toFixed(0)} deliveries a second   a lead: ${showCounted(cost)}`,
      );
    }
    const doorRate = rates.get('the plain door');
    if (doorRate !== undefined) {
      const { cost, lasted, leads } = await costOf(bySql, async () => {
        for (let block = 0; block < (perSecond * seconds) / 10; block += 1)
          await gateway.send(...Array.from({ length: blockRows }, () => leadRow(next())));
        await until(warm + handedIn);
      });
      console.log(
        `${`by SQL, blocks of ${blockRows}`.padEnd(28)} ${(leads / lasted).toFixed(0)} deliveries a second   a lead: ${showCounted(cost)}`,
      );
      console.log(
        `beside the plain door        posts of one row ${((rates.get('by HTTP') ?? 0) / doorRate).toFixed(2)} times (aim: 1.6), rows by SQL in blocks ${(leads / lasted / doorRate).toFixed(2)} times (aim: 3.5)`,
      );
    }
    const { received, repeated } = poster.counts();
    if (received + repeated > 0)
      console.log(
        `posts answered before their lead was taken in (202): ${received}; sent again after 503: ${repeated}`,
      );

    if (flag('statements'))
      for (const [name, way] of [
        ['by SQL', bySql],
        ['by HTTP', byHttp],
      ] as const) {
        const before = handedIn;
        const all = await statementsOf(gateway.owner, async () => void (await steadily(way)));
        console.log(`\nstatements of a lead, ${name}:`);
        for (const [text, count] of all.slice(0, 90))
          console.log(`${(count / (handedIn - before)).toFixed(2).padStart(7)}  ${text}`);
      }
  } finally {
    door?.close();
    relais.child.kill('SIGTERM');
    await relais.exit;
    await gateway.close();
    close();
  }
});
