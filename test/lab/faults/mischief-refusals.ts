// Services that answer and take nothing: a full disk, read-only, no connection left. Short ones at any time, and one long one of each
// kind in a storm of full length, in which the planners must say that they are not ready, and somebody must be alerted.
// Invariant: the long ones leave the processes alone, so that whoever stays silent has no excuse.
import { openDatabase, type Database } from '../../../src/store/database.ts';
import type { AlertSeen } from './alert-door.ts';
import { refusalKinds } from './check-acts.ts';
import type { Member } from './fleet.ts';
import type { Random } from './random.ts';
import { pause, perhaps, surely, type Mischief, type Scene } from './scene.ts';
import type { StormServers } from './servers.ts';
import { processesTable } from '../../support/processes.ts';

export const own = (scene: Scene): StormServers => {
  if (scene.servers === undefined) throw new Error('These services are not the storm’s own.');
  return scene.servers;
};

const ownerUrl = (scene: Scene): string => {
  const url = new URL(own(scene).mysqlUrl());
  url.pathname = `/${scene.gateway.owner.name}`;
  return url.href;
};

/** An alert is due after half a minute, looked for every five seconds, and its channel may have to be tried twice. */
const longMs = 45_000;
/** Longer than a service must be well until its next trouble is another outage, and than two looks. */
const wellAgainMs = 25_000;
/** The wait for it, at most. */
const mostWellMs = 60_000;
/** A planner that had just been started when it began counts from its own first look. */
const startedLateMs = 30_000;

/** On connections of its own, so that a lock or a place is held as long as it takes. */
export async function aside(
  scene: Scene,
  work: (sql: Database) => Promise<void>,
  connections = 2,
): Promise<void> {
  const sql = openDatabase({ url: ownerUrl(scene), connections, silenceMs: 4 * (longMs + startedLateMs) });
  try {
    await perhaps(() => work(sql));
  } finally {
    await sql.close().catch(() => undefined);
  }
}

/** A server that was started again has another address, and its settings as they are installed. */
const isSameServer = (scene: Scene, url: string): boolean => ownerUrl(scene) === url;

/** Refuses everything while `held` lasts, and mends it. */
type Refuse = (scene: Scene, held: () => Promise<void>) => Promise<void>;

const readOnly: Refuse = async ({ gateway: { owner } }, held) => {
  await perhaps(() => owner.text('SET GLOBAL read_only = 1'));
  await held();
  await surely(() => owner.text('SET GLOBAL read_only = 0'));
};

const fullDisk: Refuse = async (scene, held) => {
  const free = own(scene).fillDisk?.('mysql');
  await held();
  free?.();
  // A database may end itself rather than write half a page.
  await pause(300);
  await own(scene).startMysql();
};

/** The least that MariaDB takes. Two more are held, so that nobody gets one of the gateway's when it is killed. */
const fewestConnections = 10;

const noConnection: Refuse = (scene, held) => {
  const server = ownerUrl(scene);
  return aside(
    scene,
    async (sql) => {
      const [before] = await sql.all<{ most: number }>('SELECT @@GLOBAL.max_connections AS most');
      const idle = await idleConnections(sql, fewestConnections + 2);
      await sql.text(`SET GLOBAL max_connections = ${fewestConnections}`);
      await perhaps(() => endConnections(sql, new URL(scene.gateway.config.mysql.gatewayUrl).username, 1));
      await held();
      await surely(async () => {
        if (isSameServer(scene, server))
          await sql.text(`SET GLOBAL max_connections = ${before?.most ?? 600}`);
      });
      await idle.letGo();
    },
    fewestConnections + 4,
  );
};

/** Resolves when all of them are there. */
async function idleConnections(
  sql: Database,
  count: number,
): Promise<{ readonly letGo: () => Promise<unknown> }> {
  let letGo = (): void => undefined;
  const over = new Promise<void>((done) => (letGo = done));
  const there: Promise<void>[] = [];
  const ended = Promise.allSettled(
    Array.from({ length: count }, () => {
      let isThere = (): void => undefined;
      there.push(new Promise((done) => (isThere = done)));
      return sql
        .transaction(async (tx) => {
          await tx.all('SELECT 1');
          isThere();
          await over;
        })
        .finally(isThere);
    }),
  );
  await Promise.all(there);
  return {
    letGo: () => {
      letGo();
      return ended;
    },
  };
}

/** Ends this part of the connections of an account. */
export async function endConnections(
  sql: Database,
  user: string,
  part: number,
  random: Pick<Random, 'next'> = { next: () => 0 },
): Promise<void> {
  const rows = await sql.all<{ id: number }>(
    `SELECT ID AS id FROM ${await processesTable(sql)} WHERE USER = ?`,
    [user],
  );
  for (const { id } of rows) if (random.next() < part) await perhaps(() => sql.text(`KILL ${id}`));
}

const redisDisk: Refuse = async (scene, held) => {
  const free = own(scene).fillDisk?.('redis');
  await held();
  free?.();
};

const redisMemory: Refuse = async ({ gateway: { redis } }, held) => {
  await surely(() => redis.call('CONFIG', 'SET', 'maxmemory', '1'));
  await held();
  await surely(() => redis.call('CONFIG', 'SET', 'maxmemory', '0'));
};

const shortly = (refuse: Refuse, of: Pick<Mischief, 'alone' | 'needs' | 'weight'>): Mischief => ({
  ...of,
  run: (scene, random) => refuse(scene, () => pause(random.between(300, 5_000))),
});

export const refusals: Readonly<Record<string, Mischief>> = {
  mysql_read_only: shortly(readOnly, { weight: 0.5, alone: 'mysql', needs: 'servers' }),
  mysql_full_disk: shortly(fullDisk, { weight: 0.4, alone: 'mysql', needs: 'disk' }),
  mysql_no_connection: shortly(noConnection, { weight: 0.4, alone: 'mysql', needs: 'servers' }),
  redis_full: shortly(redisMemory, { weight: 0.5, alone: 'redis', needs: 'servers' }),
  redis_full_disk: shortly(redisDisk, { weight: 0.4, alone: 'redis', needs: 'disk' }),
};

/** A service that refused everything for long, and what the planners said of it. */
export interface RefusalLine {
  readonly kind: string;
  /** Planners that lived through it. */
  readonly planners: number;
  /** Those that called themselves ready at its end. */
  readonly ready: number;
  /** Alerts that left since it began to refuse. */
  readonly alerts: number;
  /** Seconds from the alert before to the end; undefined: there was none. */
  readonly lastAlert?: number;
}

/** A storm of so many seconds has the time for all of them. */
export const fullLengthSeconds = 300;

const longOnes: Readonly<Record<(typeof refusalKinds)[number], Refuse>> = {
  mysql_full_disk: fullDisk,
  redis_full_disk: redisDisk,
  mysql_read_only: readOnly,
  mysql_no_connection: noConnection,
};

/** One after the other, each in its part of the storm; other mischief to services and processes waits meanwhile. */
export async function longRefusals(
  scene: Scene,
  {
    seconds,
    without,
    busy,
  }: { readonly seconds: number; readonly without: readonly string[]; readonly busy: Set<string> },
): Promise<void> {
  if (scene.servers?.fillDisk === undefined || seconds < fullLengthSeconds) return;
  const start = performance.now();
  const kinds = refusalKinds.filter((kind) => !without.includes(kind));
  for (const [index, kind] of kinds.entries()) {
    const dueMs = ((index + 0.3) * seconds * 1_000) / kinds.length;
    await pause(Math.max(0, start + dueMs - performance.now()));
    while (held.some((name) => busy.has(name))) await pause(100);
    for (const name of held) busy.add(name);
    // Of an outage that ended a moment ago this one would be the rest, and was alerted: also where other mischief keeps a planner in it.
    await allWell(scene);
    // Once more where it proved nothing: MySQL may end itself a minute after a full disk, and one that was started again refuses nothing;
    // or a mischief that had begun before ended every planner.
    for (let tries = 0, isProven = false; !isProven && tries < 3; tries += 1) {
      const server = ownerUrl(scene);
      // Until the last connection is taken a minute may pass, and the alert leaves meanwhile.
      const before = scene.alerts.length;
      await longOnes[kind](scene, async () => {
        const line = await watched(scene, kind, before);
        isProven = line.planners > 0 && (!endsWithServer.includes(kind) || isSameServer(scene, server));
        if (isProven) scene.refusals.push(line);
      });
      await pause(200);
    }
    for (const name of held) busy.delete(name);
  }
}
const held = ['mysql', 'redis', 'processes'] as const;

/** Resolves when every planner was ready for long enough, or after a while: then the storm's account says what was not alerted. */
async function allWell({ fleet }: Scene): Promise<void> {
  const start = performance.now();
  for (let since = start; performance.now() - since < wellAgainMs;) {
    await pause(1_000);
    const answers = await Promise.all(plannersOf(fleet).map((planner) => planner.isReady()));
    if (!answers.every(Boolean) && performance.now() - start < mostWellMs) since = performance.now();
  }
}

const plannersOf = ({ members }: Scene['fleet']): readonly Member[] =>
  members.filter(({ role }) => role === 'planner' || role === 'all');

/** Settings, which a server that is started again has forgotten. */
const endsWithServer: readonly string[] = ['mysql_read_only', 'mysql_no_connection'];

async function watched({ fleet, alerts }: Scene, kind: string, before: number): Promise<RefusalLine> {
  const planners = plannersOf(fleet).map((member) => ({ member, pid: member.pid() }));
  const alerted = (): number => alerts.slice(before).filter(isOutage).length;
  await pause(longMs);
  for (let waited = 0; alerted() === 0 && waited < startedLateMs; waited += 1_000) await pause(1_000);
  const lived = planners.filter(({ member, pid }) => member.pid() === pid).map(({ member }) => member);
  const answers = await Promise.all(lived.map(readyTwice));
  return {
    kind,
    planners: lived.length,
    ready: answers.filter(Boolean).length,
    alerts: alerted(),
    ...lastAlertOf(alerts.slice(0, before)),
  };
}

const lastAlertOf = (alerts: readonly AlertSeen[]): Pick<RefusalLine, 'lastAlert'> => {
  const last = alerts.findLast(isOutage);
  return last === undefined ? {} : { lastAlert: Math.round((performance.now() - last.at) / 1_000) };
};

const isOutage = ({ type }: AlertSeen): boolean => type === 'relais.service_away';

/** A planner that has just thawed says what it knew before. */
async function readyTwice(member: Member): Promise<boolean> {
  if (!(await member.isReady())) return false;
  await pause(4_000);
  return member.isReady();
}
