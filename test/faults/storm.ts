// The storm: real planner and worker processes, leads at a steady rate, mischief on a seeded schedule, then calm until all is settled.
// Invariant: judged only after the calm, by ledgers; while it blows the gateway is never asked whether it is well.
import { writeFileSync } from 'node:fs';
import { replan } from '../../src/support/replan.ts';
import { retryRow } from '../../src/support/retry-row.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import type { Gateway } from '../trip/gateway.ts';
import { check, type Figures } from './check.ts';
import { damagedTables, evidence } from './evidence.ts';
import { feed } from './feed.ts';
import { readLedgers } from './ledgers.ts';
import { requestFile } from '../../src/delivery/files/collect.ts';
import type { ChangeRow } from './ledgers.ts';
import { askedFirst, clientId, destinations, goneId, limits, type Pace } from './mappings.ts';
import { hostile, hostileRows } from './mischief-hostile.ts';
import { jobs } from './mischief-jobs.ts';
import { processes } from './mischief-processes.ts';
import { lastRights, revokeForGood, rights } from './mischief-rights.ts';
import { services } from './mischief-services.ts';
import { trade } from './mischief-trade.ts';
import { seeded } from './random.ts';
import { pause, perhaps, type Mischief, type Scene } from './scene.ts';
import type { StormServers } from './servers.ts';
import { openStage } from './stage.ts';

export interface StormOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Leads a second. */
  readonly rate: number;
  readonly log: (line: string) => void;
  /** `brisk`: short time-outs, no lead that takes its time to be given up, files asked for also in the calm. */
  readonly pace?: Pace;
  /** Services of its own, which may be hurt; else those of RELAIS_TEST_MYSQL_URL and RELAIS_TEST_REDIS_URL, left alone. */
  readonly servers?: StormServers;
  /** How long the calm may take, ms. */
  readonly calmMs?: number;
  /** The longest outage of a service, ms. */
  readonly outageMs?: number;
  /** Whether some leads are poison; they take half a minute to be given up. */
  readonly poison?: boolean;
  /** Mischief left out, by name. */
  readonly without?: readonly string[];
  /** Mischief done eight times as often, by name: a short storm that looks for one thing. */
  readonly favour?: readonly string[];
  /** Where the ledgers go when something is wrong. */
  readonly keepLedgers?: string;
}

export interface StormReport extends Figures {
  /** Times each mischief was done. */
  readonly mischief: Readonly<Record<string, number>>;
  /** Processes killed at a numbered step. */
  readonly deaths: Readonly<Record<string, number>>;
  readonly calmSeconds: number;
  /** What had not come to its end when the calm was over. */
  readonly leftovers: Readonly<Record<string, number>>;
  /** The end of what the processes wrote. */
  readonly lastWords: string;
  /** Tables that MySQL itself finds damaged after all it was put through: then the figures say nothing of the gateway. */
  readonly damaged: readonly string[];
}

export const everyMischief: Readonly<Record<string, Mischief>> = {
  ...processes,
  ...services,
  ...trade,
  ...jobs,
  ...rights,
  ...hostile,
};

export async function storm(options: StormOptions): Promise<StormReport> {
  const pace = options.pace ?? 'usual';
  const stage = await openStage(options.seed, pace, options.servers);
  try {
    const { gateway, fleet, recipients } = stage;
    const changes: ChangeRow[] = [];
    const feeding = feed({
      ...options,
      pace,
      changes,
      poison: options.poison ?? pace === 'usual',
      gateway,
      random: seeded(options.seed + 3),
    });
    const scene: Scene = {
      ...stage,
      handedIn: () => feeding.handedIn,
      changes,
      hostile: [],
      outageMs: options.outageMs ?? 5_000,
    };
    const mischief = await blow(scene, options);
    await feeding.done;
    options.log(`storm over, ${feeding.handedIn.length} leads handed in; waiting until all is settled`);
    const calmed = await calm(scene, options, options.calmMs ?? 240_000);
    await lastRights(scene, seeded(options.seed + 4));
    const calmSeconds = calmed + (await calm(scene, options, 60_000));
    const leftovers = await leftBehind(gateway);
    const damaged = await damagedTables(gateway);
    const verified = await gateway.app.sealer.verify();
    const ledgers = await readLedgers(gateway.owner, {
      handedIn: feeding.handedIn,
      receipts: recipients.receipts(),
      changes,
      hostile: scene.hostile,
      asked: askedFirst,
      stoodStill: fleet.stoodStill,
      limits,
      brokenLog: verified.ok ? [] : [JSON.stringify(verified.problem)],
    });
    const figures = check(ledgers);
    if (options.keepLedgers !== undefined && Object.values(figures.faults).some((found) => found.length > 0))
      writeFileSync(
        options.keepLedgers,
        JSON.stringify(
          {
            ledgers,
            leftovers,
            damaged,
            ...(await evidence(gateway)),
            mysql: options.servers?.mysqlErrors(),
            words: fleet.lastWords(),
          },
          (_name, value: unknown) => (value instanceof Set ? [...value] : value),
          1,
        ),
      );
    return {
      ...figures,
      mischief,
      deaths: fleet.deaths,
      calmSeconds,
      leftovers,
      damaged,
      lastWords: fleet.lastWords(),
    };
  } finally {
    await stage.close();
  }
}

/** Does mischief until the time is over and all of it has been mended. Returns how often each was done. */
async function blow(scene: Scene, options: StormOptions): Promise<Readonly<Record<string, number>>> {
  const random = seeded(options.seed);
  const able = Object.entries<Mischief>({
    ...processes,
    ...services,
    ...trade,
    ...jobs,
    ...rights,
    ...hostile,
  }).filter(
    ([name, { needs }]) =>
      !(options.without ?? []).includes(name) &&
      (needs === undefined ||
        (scene.servers !== undefined && (needs === 'servers' || scene.servers.fillDisk !== undefined))),
  );
  const weightOf = (name: string, { weight }: Mischief): number =>
    options.favour?.includes(name) === true ? weight * 8 : weight;
  const all = able.reduce((sum, [name, one]) => sum + weightOf(name, one), 0);
  const counts: Record<string, number> = {};
  const busy = new Set<string>();
  const under: Promise<void>[] = [
    ...(options.without?.includes('hostile_rows') === true ? [] : [hostileRows(scene)]),
    revokeForGood(scene, options.seconds),
  ];
  const end = Date.now() + options.seconds * 1_000;
  for (let number = 0; Date.now() < end; number += 1) {
    let at = random.next() * all;
    const drawn = able.find(([name, one]) => (at -= weightOf(name, one)) < 0) ?? able[0];
    const wait = random.between(40, 400);
    if (drawn === undefined) break;
    const [name, { alone, run }] = drawn;
    if (alone === undefined || !busy.has(alone)) {
      counts[name] = (counts[name] ?? 0) + 1;
      if (alone !== undefined) busy.add(alone);
      under.push(
        run(scene, seeded(options.seed + 1_000 + number)).finally(() => {
          if (alone !== undefined) busy.delete(alone);
        }),
      );
    }
    await pause(wait);
  }
  await Promise.all(under);
  return counts;
}

/** Everybody is well again; support lets held destinations probe. Returns how long it took until all was settled, s. */
async function calm(scene: Scene, options: StormOptions, limitMs: number): Promise<number> {
  const { gateway, fleet, recipients, slow } = scene;
  const start = Date.now();
  const limit = start + limitMs;
  for (const id of destinations) recipients.trouble.set(id, 0);
  recipients.door('open');
  slow.line.delay(0);
  fleet.calm();
  for (let round = 0; ; round += 1) {
    const left = Object.values(await leftBehind(gateway));
    // Whatever is left at the limit is found by the checker, by name.
    if (left.length === 0 || Date.now() > limit) return Math.round((Date.now() - start) / 1_000);
    if (options.pace === 'brisk' && round % 5 === 0)
      await perhaps(() => requestFile(gateway.app.database, { id: 'essai-csv', clientId }, 'storm', 'calm'));
    if (round % 10 === 0) await perhaps(() => retrySetAside(gateway));
    if (round % 10 === 0)
      for (const id of destinations)
        await perhaps(() =>
          setDestinationStatus(gateway.app.database, id, 'active', { actor: 'storm', reason: 'calm' }),
        );
    await pause(200);
  }
}

/** Support answers the alerts: what was set aside because processes were killed over it is taken up again. */
async function retrySetAside({ app, owner }: Gateway): Promise<void> {
  const rows = await owner.all<{ id: string }>(
    `SELECT CAST(id AS CHAR) AS id FROM lead_intake WHERE status = 'refused' AND refusal LIKE '%"SET_ASIDE"%'`,
  );
  const by = { actor: 'storm', reason: 'calm' };
  for (const { id } of rows) await retryRow(app.database, id, by);
  await replan(app.database, clientId, by);
}

async function leftBehind({ owner }: Gateway): Promise<Readonly<Record<string, number>>> {
  const rows = await owner.all<{ what: string; n: number }>(
    `SELECT 'rows not taken in' AS what, COUNT(*) AS n FROM lead_intake
      WHERE status <> 'refused' OR refusal LIKE '%"SET_ASIDE"%'
     UNION ALL SELECT 'changes not planned', COUNT(*) FROM lead_changes
     UNION ALL SELECT 'entries not sealed', COUNT(*) FROM handovers_unsealed
     UNION ALL SELECT CONCAT('deliveries ', state), COUNT(*) FROM deliveries
      WHERE state NOT IN ('delivered', 'failed', 'cancelled')
        AND NOT (destination_id = ? AND state = 'withheld' AND reason LIKE 'recipient_not_authorised%')
        AND reason <> 'create_unsettled' GROUP BY state`,
    // What nobody may send any more stands there, visible, until somebody decides.
    [goneId],
  );
  return Object.fromEntries(rows.filter((row) => row.n > 0).map((row) => [row.what, row.n]));
}
