// The gateway of the world, driven step by step: after each stop of the clock everything that is due is done, as its loops would.
// Invariant: the product's own stations and timers, none left out; nothing is under way when the clock jumps.
import { createDispatcher } from '../../../src/delivery/dispatch.ts';
import { createMaintenance } from '../../../src/delivery/background/maintenance.ts';
import { createPlanner } from '../../../src/delivery/plan.ts';
import { watchRequests } from '../../../src/privacy/requests/watch.ts';
import { openRedis } from '../../../src/queue/connect.ts';
import { createProducer } from '../../../src/queue/producer.ts';
import { purgeRefused } from '../../../src/store/intake/refused-rows.ts';
import type { Gateway } from '../../trip/gateway.ts';
import type { Finder } from './figures.ts';
import type { World } from './moved-time.ts';

export interface Drive {
  /** Until nothing of today's is left: rows, changes, deliveries, ends of consents. */
  readonly settle: () => Promise<void>;
  /** What runs by the day: retention, the watch over requests, tidying. */
  readonly night: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A next try within so long is waited for; what waits longer waits for something else. */
const soonMs = 10 * 60_000;
const patienceMs = 60_000;
/** What so many rounds in a row do nothing about, while nothing is under way, stays: a bug is not waited for. */
const stuckRounds = 30;

export async function startDrive(gateway: Gateway, world: World, find: Finder): Promise<Drive> {
  const { app, owner } = gateway;
  const { database, published, log, config } = app;
  const redis = openRedis(config.redis.place, 'commands', config.silenceMs);
  const producer = createProducer({ redis, prefix: config.redis.prefix, permit: async () => undefined });
  const planner = createPlanner({ database, marks: app.marks, published, log });
  const dispatcher = createDispatcher({ database, published, producer, window: 500, log });
  const maintenance = createMaintenance({ database, published, producer, log });
  await gateway.start('worker');

  const onBroken = (request: number, error: unknown): void =>
    find('broken', `request ${request}: ${String(error)}`);
  const step = async ({ rows, changes, ends, planned }: Left): Promise<void> => {
    if (rows > 0) await app.intake.acceptBatch(500);
    if (ends > 0) await app.consentEnds.tell();
    if (rows + changes + ends > 0) await planner.planBatch(500);
    if (rows + changes + ends + planned > 0) await dispatcher.dispatch();
  };
  let stuck = '';
  const settle = async (): Promise<void> => {
    const from = Date.now();
    let [seen, rounds] = ['', 0];
    for (;;) {
      const left = await leftNow(owner);
      const now = JSON.stringify([left.rows, left.changes, left.ends, left.moving, left.planned]);
      [seen, rounds] = [now, now === seen ? rounds + 1 : 0];
      if (now === stuck && rounds > 0) return;
      await step(left);
      const { rows, changes, ends, moving, due } = left;
      if (moving > 0) await new Promise((done) => setTimeout(done, 8));
      else if (rows + changes + ends === 0) {
        if (due === null || due.getTime() - world.now().getTime() > soonMs) return;
        world.jumpTo(new Date(due.getTime() + 5));
      }
      // Longer each time: after a slow answer the gateway's estimate of the database's clock is late, until it is read again.
      else if (rounds > 0) await new Promise((done) => setTimeout(done, 8 * rounds));
      const isStuck = moving === 0 && rounds >= stuckRounds;
      if (isStuck) stuck = now;
      if (isStuck || Date.now() - from > patienceMs) {
        find('broken', `nothing came to rest at ${world.now().toISOString()}: ${JSON.stringify(left)}`);
        await maintenance.recoverLeases();
        return;
      }
    }
  };
  const steps = async (): Promise<void> => {
    for (let rounds = 0; rounds < 1_000 && (await app.retention.step()); rounds += 1);
  };
  const purge = async (): Promise<void> => {
    for (let gone = 1; gone !== 0;)
      gone = await database.transaction((tx) => purgeRefused(tx, config.planner.refusedDays, 200), {
        // A lead that goes may take some of them along just now.
        undoIf: (count) => count < 0,
      });
  };
  return {
    settle,
    night: async () => {
      // Side by side, as the loops of a planner run.
      await Promise.all([
        app.retention.beginDaily().then(steps),
        watchRequests({ database, onBroken }).then(() => app.requests.letGo({ actor: 'planner', onBroken })),
        purge(),
        maintenance.expire().then(() => maintenance.reopenRepaired(database.now())),
      ]);
      await settle();
      // What waited for deliveries of its own to end goes when they have.
      await Promise.all([app.sealer.seal(2_000), steps()]);
    },
    stop: async () => {
      await producer.close();
      redis.disconnect();
    },
  };
}

/** What there is to do at this moment, as the loops of the planner would see it. */
interface Left {
  readonly rows: number;
  readonly changes: number;
  readonly ends: number;
  readonly planned: number;
  readonly moving: number;
  /** The next try of what waits. */
  readonly due: Date | null;
}

async function leftNow(owner: Gateway['owner']): Promise<Left> {
  const [row] = await owner.all<Left>(
    `SELECT (SELECT COUNT(*) FROM lead_intake WHERE status = 'new') AS \`rows\`,
            (SELECT COUNT(*) FROM lead_changes) AS changes,
            (SELECT COUNT(*) FROM consent_ends WHERE due_at <= UTC_TIMESTAMP(3)) AS ends,
            COUNT(IF(state = 'planned' OR (state = 'waiting' AND due_at <= UTC_TIMESTAMP(3)), 1, NULL)) AS planned,
            COUNT(IF(state <> 'waiting' OR due_at <= UTC_TIMESTAMP(3), 1, NULL)) AS moving,
            MIN(IF(state = 'waiting', due_at, NULL)) AS due
       FROM deliveries WHERE state IN ('planned', 'queued', 'sending', 'waiting')`,
  );
  return row ?? { rows: 0, changes: 0, ends: 0, planned: 0, moving: 0, due: null };
}
