// Starts the planner role: stations 1 to 3 and all timers, each a loop over rows of MySQL.
// Invariant: any number of processes may run it; a failing loop goes on, and no other waits for it.
import { connectors } from '../../connectors/index.ts';
import { readBounces } from '../delivery/background/bounces.ts';
import { createOutageAlert } from '../delivery/background/outage-alert.ts';
import { sendAlerts } from '../delivery/background/send-alerts.ts';
import { createDispatcher } from '../delivery/dispatch.ts';
import { createFiles } from '../delivery/files/collect.ts';
import { inTurn } from '../delivery/background/in-turn.ts';
import { startLoop, type Loop, type StartLoop } from '../delivery/background/poll-loop.ts';
import { createPlanner } from '../delivery/plan.ts';
import { createMaintenance } from '../delivery/background/maintenance.ts';
import { openRedis } from '../queue/connect.ts';
import { createProducer } from '../queue/producer.ts';
import { anyNewRow } from '../store/backlog.ts';
import { isLongFileAtWork } from '../store/long-files.ts';
import type { App } from '../app.ts';
import { createLeanWatch } from './lean-heap.ts';
import { ownershipOf, presenceOf, type Role } from './role-status.ts';

/**
 * Starts the planner role.
 * @param restMs time in which the first leads have the processor to themselves
 */
export async function startPlanner(
  app: App,
  { restMs = 0 }: { readonly restMs?: number } = {},
): Promise<Role> {
  const { config, log, database, published } = app;
  const redis = openRedis(config.redis.place, 'commands', config.silenceMs);
  const ownership = await ownershipOf('planner', app, redis);
  const producer = createProducer({ redis, prefix: config.redis.prefix, permit: ownership.require });
  const stations: Stations = {
    planner: createPlanner({ database, marks: app.marks, published, log }),
    dispatcher: createDispatcher({ database, published, producer, window: config.planner.window, log }),
    files: createFiles({ database, published, producer, log, partRows: config.planner.filePartRows }),
    maintenance: createMaintenance({ database, published, producer, log, holdsList: app.holdsList }),
  };
  const loops: Loop[] = [];
  const loop: StartLoop = (name, idleMs, work) => {
    const started = startLoop({ name, idleMs, work, log });
    loops.push(started);
    return started;
  };
  startTripLoops(loop, app, stations);
  const stopping = new AbortController();
  const leanWatch = createLeanWatch();
  startTimers(loop, app, { ...stations, leanWatch }, stopping.signal);
  let begun = false;
  // No lead waits for this: its code is loaded after the first ones.
  const later = startLoop({
    name: 'background',
    idleMs: 3_600_000,
    restMs,
    log,
    work: async () => {
      const { startBackground } = await import('./background.ts');
      if (!begun) startBackground(loop, app, stations.maintenance);
      begun = true;
      return false;
    },
  });
  loop('memory', 1_000, async () => {
    leanWatch.note(await isLongFileAtWork(database));
    return false;
  });
  const presence = presenceOf('planner', app, ownership);
  watchOutages(loop, app, presence.trouble);
  return {
    stop: async () => {
      stopping.abort();
      await presence.stop();
      await later.stop();
      await Promise.all(loops.map((started) => started.stop()));
      leanWatch.stop();
      await producer.close();
      redis.disconnect();
    },
    trouble: presence.trouble,
  };
}

/** Starts the alert of an outage, which needs no row: it is raised when nothing can be written. */
function watchOutages(loop: StartLoop, app: App, trouble: Role['trouble']): void {
  const { database, log, config } = app;
  const { network, alerts: channels } = config;
  const outage = createOutageAlert({ database, connectors, channels, network, log, trouble });
  loop('outage', 5_000, async () => {
    await outage.look();
    return false;
  });
}

interface Stations {
  readonly planner: ReturnType<typeof createPlanner>;
  readonly dispatcher: ReturnType<typeof createDispatcher>;
  readonly files: ReturnType<typeof createFiles>;
  readonly maintenance: ReturnType<typeof createMaintenance>;
}

/** Starts the loops by which rows are taken in, planned and dispatched. */
function startTripLoops(loop: StartLoop, app: App, { planner, dispatcher, files }: Stations): void {
  const { database } = app;
  const { idleMs, batch } = app.config.planner;
  // Intake in this process nudges it; the slower timer finds changes of other sources: rights, replays, rows of another process.
  const planning = loop('plan', idleMs * 4, async () => {
    const { taken, destinations } = await planner.planBatch(batch);
    if (destinations.length > 0) await dispatcher.dispatch(destinations);
    return taken > 0;
  });
  // Destinations of leads that were planned as they were taken in.
  const planned = new Set<string>();
  const pushing = loop('planned', 60_000, async () => {
    const destinations = [...planned];
    planned.clear();
    if (destinations.length > 0) await dispatcher.dispatch(destinations);
    return planned.size > 0;
  });
  app.intake.onAccepted(({ planned: deliveries, unplanned }) => {
    for (const { destinationId } of deliveries) planned.add(destinationId);
    if (planned.size > 0) pushing.nudge();
    if (unplanned > 0) planning.nudge();
  });
  loop('intake', idleMs, async () => {
    if (!(await anyNewRow(database))) return false;
    return (await app.intake.acceptBatch(batch)).taken > 0;
  });
  loop('dispatch', Math.max(idleMs, 150), async () => (await dispatcher.dispatch()) > 0);
  // Refills a window that empties fast before the next pass over all of them.
  loop('refill', 50, async () => (await dispatcher.refill()) > 0);
  loop('collect', 250, async () => (await files.collect()) > 0);
  loop('files', 250, async () => (await dispatcher.dispatchFiles()) > 0);
  loop('slots', 1_000, async () => {
    let noted = 0;
    await inTurn(files.showWaiting, async () => {
      noted = await files.noteSlots(database.now());
    });
    return noted > 0;
  });
}

/** So many leases in one pass are a long file's. */
const manyRecovered = 500;

/** Starts the timers of the trip. */
function startTimers(
  loop: StartLoop,
  app: App,
  {
    dispatcher,
    maintenance,
    leanWatch,
  }: Stations & { readonly leanWatch: ReturnType<typeof createLeanWatch> },
  signal: AbortSignal,
): void {
  const { config, database, published, log } = app;
  const { network, alerts: channels } = config;
  loop('leases', 500, async () => {
    const recovered = await maintenance.recoverLeases();
    // A long file whose worker died has no lease meanwhile, and its rows come by the thousand.
    if (recovered >= manyRecovered) leanWatch.note(true);
    return recovered > 0;
  });
  loop('again', 1_000, async () => {
    await inTurn(dispatcher.pushAgain, dispatcher.bringProbes, maintenance.askAgain);
    return false;
  });
  loop('consents', 1_000, () => app.consentEnds.tell());
  loop('expiry', 1_000, async () => (await maintenance.expire()) > 0);
  loop('seal', 1_000, async () => (await app.sealer.seal(2_000)) === 2_000);
  loop('alerts', 1_000, async () => (await sendAlerts({ database, connectors, channels, network, log })) > 0);
  const { url: returns, everyMs } = config.bounces;
  if (returns !== undefined)
    loop('bounces', everyMs, () =>
      readBounces(
        { database, published, connectors, masterKeys: app.keys.master, network, log, signal },
        returns,
      ),
    );
  loop('repaired', 5_000, async () => {
    await inTurn(maintenance.withholdUnusable, () => maintenance.reopenRepaired(database.now()));
    return false;
  });
  loop('watch', 30_000, async () => {
    await maintenance.watch();
    return false;
  });
}
