// The gateway's processes in a storm: real ones, each behind proxies of its own, killed at numbered steps, stopped, restarted.
// Invariant: whoever dies is replaced, unless the storm is over; every death at a step is counted.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Gateway } from '../../trip/gateway.ts';
import { drawKill, stationsOf, type Role, type Station } from './points.ts';
import { startProxy, type Proxy, type Target } from './proxy.ts';
import type { Random } from './random.ts';
import { mark } from './tokens.ts';

export interface Member {
  readonly role: Role;
  readonly mysql: Proxy;
  readonly redis: Proxy;
  readonly pid: () => number | undefined;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Moves its clock, ms from the time of its host; hosts are apart by up to two minutes, all the time. */
  readonly clock: (ms: number) => void;
  /** Whether it calls itself ready, as an orchestrator asks it; false where it does not answer, or has no such port. */
  readonly isReady: () => Promise<boolean>;
  /** Forgets the step it was to die at. */
  readonly spare: () => void;
}

export interface Fleet {
  readonly members: readonly Member[];
  /** Times a process died at a step, by name. */
  readonly deaths: Readonly<Record<string, number>>;
  /** Processes that worked for seconds without looking up, or that ended by themselves. */
  readonly stoodStill: readonly string[];
  /** Processes that wrote a token or a secret in clear. */
  readonly saidSecrets: () => readonly string[];
  readonly aim: () => void;
  /** No more deaths at steps, every passage open, every clock its host's. Nobody is started anew: who hangs must come back by itself. */
  readonly calm: () => void;
  /** The end of what each process wrote, for a storm that failed. */
  readonly lastWords: () => string;
  readonly close: () => Promise<void>;
}

export interface FleetOptions {
  readonly gateway: Gateway;
  readonly roles: readonly Role[];
  /** Where those that serve a station listen, one after the other; on the same port when they are begun anew. */
  readonly ports: Readonly<Partial<Record<Station, readonly number[]>>>;
  readonly mysql: () => Target;
  readonly redis: () => Target;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string>>;
  /** Nobody dies at a step. */
  readonly spared: boolean;
}

interface Place {
  readonly mysql: Proxy;
  readonly redis: Proxy;
  readonly apart: number;
  /** Variables of its ports, its health first. */
  readonly ports: Readonly<Record<string, string>>;
}

/** This part of the processes is not told to die. */
const spared = 0.4;
/** How far a host's clock may be from the true time, ms. */
const mostApart = 120_000;
/** How V8 ends a process whose heap is exhausted. */
const crashes: ReadonlySet<string> = new Set([
  'SIGABRT',
  'SIGTRAP',
  'SIGILL',
  'SIGSEGV',
  '134',
  '133',
  '139',
]);
/** Where it listens. A planner and a worker have a port for their health alone. */
const portOf: Readonly<Record<Station, string>> = {
  planner: 'RELAIS_HTTP_PORT',
  worker: 'RELAIS_HTTP_PORT',
  api: 'RELAIS_API_PORT',
  console: 'RELAIS_CONSOLE_PORT',
};
const preload = join(import.meta.dirname, 'preload.ts');

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { gateway, random } = options;
  const deaths: Record<string, number> = {};
  const stoodStill: string[] = [];
  const saidSecrets = new Set<string>();
  const words: string[] = [];
  let stormy = !options.spared;
  let closed = false;
  const children = new Set<ChildProcess>();
  const ends: Promise<void>[] = [];
  const started: Promise<unknown>[] = [];
  const endWithUs = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', endWithUs);

  const launch = (role: Role, { mysql, redis, apart, ports }: Place): ChildProcess => {
    const { config } = gateway;
    const through = (url: string, port: number): string => {
      const moved = new URL(url);
      moved.hostname = '127.0.0.1';
      moved.port = String(port);
      return moved.href;
    };
    const plan = stormy && random.next() > spared ? drawKill(role, random) : undefined;
    const child = spawn(process.execPath, ['--import', preload, 'src/main.ts', role], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env['PATH'] ?? '',
        RELAIS_ENV: 'development',
        RELAIS_MYSQL_URL: through(config.mysql.gatewayUrl, mysql.port),
        RELAIS_REDIS_URL: through(config.redis.url, redis.port),
        RELAIS_REDIS_PREFIX: config.redis.prefix,
        RELAIS_MASTER_KEY: config.masterKey.toString('base64'),
        RELAIS_SEAL_KEY: config.sealKey.toString('base64'),
        RELAIS_ALLOWED_RANGES: '127.0.0.0/8',
        RELAIS_ALLOW_PLAINTEXT: 'yes',
        RELAIS_PLANNER_IDLE_MS: '10',
        RELAIS_LOG_LEVEL: 'warn',
        FAULTS_KILL: JSON.stringify(plan ?? null),
        FAULTS_CLOCK: String(apart),
        ...options.environment,
        ...ports,
      },
    });
    const hear = (part: Buffer): void => {
      const text = part.toString();
      const death = /^storm: died at (.+)$/m.exec(text)?.[1];
      if (death !== undefined) deaths[death] = (deaths[death] ?? 0) + 1;
      const still = /^storm: stood still for (.+)$/m.exec(text)?.[1];
      if (still !== undefined) stoodStill.push(`${role} stood still for ${still}`);
      if (text.includes(mark)) saidSecrets.add(`what a ${role} wrote`);
      words.push(text);
      if (words.length > 400) words.splice(0, 200);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('error', () => undefined);
    return child;
  };

  const enlist = async (role: Role, index: number): Promise<Member> => {
    const ports: Record<string, string> = {};
    for (const station of stationsOf(role)) {
      const before = options.roles.slice(0, index).filter((one) => stationsOf(one).includes(station)).length;
      const port = options.ports[station]?.[before];
      if (port !== undefined) ports[portOf[station]] = String(port);
    }
    const [port] = Object.values(ports);
    const mysql = await startProxy(options.mysql());
    const redis = await startProxy(options.redis());
    const apart = random.between(-mostApart, mostApart);
    let child: ChildProcess;
    let isUp: (message: unknown) => void = () => undefined;
    // Of whichever comes up first: the one it began with may die before.
    started.push(new Promise((done) => (isUp = done)));
    const tell = (words: object): void => {
      if (child.connected) child.send(words, () => undefined);
    };
    const enter = (): void => {
      if (closed) return;
      child = launch(role, { mysql, redis, apart, ports });
      const mine = child;
      children.add(mine);
      mine.once('message', isUp);
      ends.push(
        new Promise((done) => {
          mine.on('exit', (code, signal) => {
            if (crashes.has(String(signal ?? code)))
              stoodStill.push(`${role} ended by itself: ${signal ?? code}`);
            children.delete(mine);
            if (!closed) setTimeout(enter, random.between(0, 400));
            done();
          });
        }),
      );
    };
    enter();
    return {
      role,
      mysql,
      redis,
      pid: () => child.pid,
      kill: (signal) => void child.kill(signal),
      clock: (ms) => tell({ clock: apart + ms }),
      isReady: async () => {
        const asked =
          port === undefined
            ? undefined
            : fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(10_000) });
        return (await asked?.catch(() => undefined))?.ok === true;
      },
      spare: () => tell({ spared: true }),
    };
  };
  const members = await Promise.all(options.roles.map(enlist));
  // A storm over processes that are not up yet would be a storm over nothing.
  await Promise.all(started);

  return {
    members,
    deaths,
    stoodStill,
    saidSecrets: () => [...saidSecrets],
    aim: () => {
      for (const { mysql, redis } of members) {
        mysql.aim(options.mysql());
        redis.aim(options.redis());
      }
    },
    calm: () => {
      stormy = false;
      for (const one of members) {
        one.mysql.set('open');
        one.redis.set('open');
        one.mysql.delay(0);
        one.redis.delay(0);
        one.kill('SIGCONT');
        one.clock(0);
        one.spare();
      }
    },
    lastWords: () => words.join('').split('\n').slice(-300).join('\n'),
    close: async () => {
      closed = true;
      endWithUs();
      process.off('exit', endWithUs);
      await Promise.all(ends);
      for (const { mysql, redis } of members) await Promise.all([mysql.close(), redis.close()]);
    },
  };
}
