// What every bench needs: services of its own, options, processor time of the processes at work, medians with spread.
// Invariant: rates are taken between the first tenth and the end, so that starting up is not what is measured.
import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { startServices } from '../../../sandbox/services.ts';
import { askedEngine } from '../../support/engine.ts';

export interface Bench {
  readonly redisUrl: string;
  /** CPU seconds so far of the database and the Redis of this run. */
  readonly serverSeconds: () => Promise<Servers>;
}

interface Servers {
  readonly database: number;
  readonly redis: number;
}

/** `--name 12`, else the fallback. */
export function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

export const flag = (name: string): boolean => process.argv.includes(`--${name}`);

/** Environment of a process of which `--profile` writes a processor profile. */
export const profiled: Readonly<Record<string, string>> = flag('profile')
  ? { NODE_OPTIONS: '--cpu-prof --cpu-prof-dir=.relais/profile' }
  : {};

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** The value below which `share` (0 to 1) of the values lie. */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The machine in a line: figures say more of it than of the program. */
export const machine = (): string =>
  `${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}`;

/** Starts private services, runs, and stops them whatever happens. */
export async function withServices(work: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = join(process.cwd(), '.relais', `bench-${process.pid}`);
  const services = await startServices({
    folder,
    log: (line) => console.error(`bench: ${line}`),
    ...askedEngine(),
  });
  process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
  process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
  const redisPort = `:${new URL(services.redisUrl).port}`;
  const serverSeconds = async (): Promise<Servers> => {
    const sums = { database: 0, redis: 0 };
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (/mariadbd|mysqld/.test(line) && line.includes(folder))
        sums.database += await cpuSeconds(Number(pid));
      if (line.includes('redis-server') && line.includes(redisPort))
        sums.redis += await cpuSeconds(Number(pid));
    }
    return sums;
  };
  try {
    await work({ redisUrl: services.redisUrl, serverSeconds });
  } finally {
    await services.stop();
  }
}

/** User and system time of a process so far. */
export async function cpuSeconds(pid: number): Promise<number> {
  const fields =
    (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** Resident memory of a process, MB. */
export async function memoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** The most it ever held, MB. */
export async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

export interface Rate {
  readonly perSecond: number;
  /** Seconds of processor time for 1,000 deliveries: workers, the planner beside them, MySQL, Redis. */
  readonly cpu: number;
  readonly planner: number;
  readonly database: number;
  readonly redis: number;
}

export interface Watched {
  readonly bench: Bench;
  readonly workers: readonly ChildProcess[];
  readonly planner?: ChildProcess;
  readonly done: () => Promise<number>;
  readonly total: number;
}

/** Watches `done` grow from a third of `total` to all of it: what a program does at first is mostly compiling. */
export async function rateOf({ bench, workers, planner, done, total }: Watched): Promise<Rate> {
  while ((await done()) < total / 3) await pause(20);
  const seconds = async (): Promise<readonly [number, number, Servers]> => {
    const all = await Promise.all(workers.map((one) => cpuSeconds(one.pid ?? 0)));
    return [
      all.reduce((sum, one) => sum + one, 0),
      planner === undefined ? 0 : await cpuSeconds(planner.pid ?? 0),
      await bench.serverSeconds(),
    ];
  };
  const [from, startedAt, before] = [await done(), performance.now(), await seconds()];
  while ((await done()) < total) await pause(25);
  const count = total - from;
  const perSecond = count / ((performance.now() - startedAt) / 1000);
  const after = await seconds();
  const each = (spent: number): number => (spent / count) * 1000;
  return {
    perSecond,
    cpu: each(after[0] - before[0]),
    planner: each(after[1] - before[1]),
    database: each(after[2].database - before[2].database),
    redis: each(after[2].redis - before[2].redis),
  };
}

/** One line: rate, ratio, processor time, and the rounds. */
export function rateLine(name: string, rates: readonly Rate[], against: number): string {
  const of = (what: keyof Rate): string => median(rates.map((one) => one[what])).toFixed(2);
  const perSecond = rates.map((one) => one.perSecond);
  return `${name.padEnd(38)} ${Math.round(median(perSecond)).toString().padStart(6)}/s ${(median(perSecond) / against).toFixed(2).padStart(6)}   ${of('cpu')}  ${of('planner')}  ${of('database')}  ${of('redis')}   (${perSecond.map((one) => Math.round(one)).join(', ')})`;
}
