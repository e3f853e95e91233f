// Starts the planner role: stations 1 to 3 and all timers, each a loop over rows of MySQL.
// Invariant: any number of processes may run it; a failing loop goes on, and no other waits for it.
import { flushCompileCache } from 'node:module';
import { connectors, fileConnectors } from '../../connectors/index.ts';
import { readBounces } from '../delivery/background/bounces.ts';
import { createOutageAlert } from '../delivery/background/outage-alert.ts';
import { sendAlerts } from '../delivery/background/send-alerts.ts';
import { createDispatcher } from '../delivery/dispatch.ts';
import { createFiles } from '../delivery/files/collect.ts';
import { inTurn, pacedMs, startLoop, type Loop, type StartLoop } from '../delivery/background/poll-loop.ts';
import { createPlanner } from '../delivery/plan.ts';
import { createQueueAtOnce } from '../delivery/planning/push-jobs.ts';
import { createMaintenance } from '../delivery/background/maintenance.ts';
import { openRedis } from '../queue/connect.ts';
import { createProducer, type Producer } from '../queue/producer.ts';
import { destinationsBy } from '../store/destinations/destinations.ts';
import type { DueJobAt } from '../store/deliveries/due-work.ts';
import { isLongFileAtWork } from '../store/files/long-files.ts';
import type { Look, Sign } from '../store/look.ts';
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
  const { config, log, database } = app;
  const redis = openRedis(config.redis.place, 'commands', config.silenceMs);
  const ownership = await ownershipOf('planner', app, redis);
  const producer = createProducer({ redis, prefix: config.redis.prefix, permit: ownership.require });
  const stations = stationsOf(app, producer);
  const loops: Loop[] = [];
  const loop: StartLoop = (name, idleMs, work) => {
    const started = startLoop({ name, idleMs, work, log, tickMs: config.planner.idleMs });
    loops.push(started);
    return started;
  };
  app.freshPlanner.admitBy(stations.atOnce.admit);
  const stopping = new AbortController();
  startIntakeLoops(loop, app, stations, stopping.signal);
  startDispatchLoops(loop, app, stations);
  const leanWatch = createLeanWatch();
  startTimers(loop, app, { ...stations, leanWatch });
  startWatches(loop, app, stations, stopping.signal);
  let begun = false;
  // No lead waits for this: its code is loaded after the first ones.
  const later = startLoop({
    name: 'background',
    idleMs: 3_600_000,
    restMs,
    log,
    work: async () => {
      const { startBackground } = await import('./background.ts');
      if (!begun) startBackground(loop, app, stations);
      begun = true;
      // So that the next process need not strip the types of all that was loaded since the start: Node keeps 17 MB for it.
      flushCompileCache();
      return false;
    },
  });
  loop('memory', 1_000, async () => {
    leanWatch.note((await stations.look.sees('longFiles')) && (await isLongFileAtWork(database)));
    return false;
  });
  const presence = presenceOf('planner', app, ownership);
  watchOutages(loop, app, presence.trouble);
  return {
    stop: async () => {
      stopping.abort();
      app.freshPlanner.admitBy(undefined);
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

type Stations = ReturnType<typeof stationsOf>;

function stationsOf(app: App, producer: Producer) {
  const { database, published, log, marks, nearby } = app;
  const { window, filePartRows: partRows } = app.config.planner;
  const dispatcher = createDispatcher({ database, published, producer, window, log });
  const atOnce = createQueueAtOnce({ producer, nearby, log, window, noteFresh: dispatcher.noteFresh });
  return {
    look: app.look,
    planner: createPlanner({ database, marks, published, admit: atOnce.admit, log }),
    atOnce,
    dispatcher,
    files: createFiles({ database, published, producer, log, partRows }),
    maintenance: createMaintenance({ database, published, producer, log, holdsList: app.holdsList }),
  };
}

/** Rows count as moving for so long after the last one, ms. */
const movesForMs = 500;
/**
 * While they move, one transaction waits for the next ones, ms; a row that comes waits half of a pause between two looks. They are twice as
 * frequent as rows, within these bounds: of two leads a second each would else cost fifty looks. The first pause is longer, and counts from
 * the moment at which the last row was found: a sender that is steady is not there sooner.
 */
const nextRows = { forMs: 250, leastMs: 10, mostMs: 25, shareOfGap: 0.5, firstShare: 0.6 };

/** A batch of so many rows may have left others behind. */
const manyRows = 33;

function startIntakeLoops(
  loop: StartLoop,
  app: App,
  { look, planner, atOnce, dispatcher }: Stations,
  signal: AbortSignal,
): void {
  const { idleMs, batch } = app.config.planner;
  // Intake in this process nudges it; the slower timer finds changes of other sources: rights, replays, rows of another process.
  const planning = loop('plan', idleMs * 4, async (nudged) => {
    if (!nudged && !(await look.sees('changes'))) return false;
    const { taken, destinations, queued } = await planner.planBatch(batch);
    await atOnce.push(queued);
    if (destinations.length > 0) await dispatcher.dispatch(destinations);
    return taken > 0;
  });
  // Destinations of leads that were planned as they were taken in, and wait for their dispatch.
  const planned = new Set<string>();
  const pushing = loop('planned', 60_000, async () => {
    const destinations = [...planned];
    planned.clear();
    if (destinations.length > 0) await dispatcher.dispatch(destinations);
    return planned.size > 0;
  });
  app.intake.onAccepted(({ planned: deliveries, unplanned }) => {
    const queued: DueJobAt[] = [];
    for (const { destinationId, job } of deliveries)
      if (job === undefined) planned.add(destinationId);
      else queued.push(job);
    if (queued.length > 0) void atOnce.push(queued);
    if (planned.size > 0) pushing.nudge();
    if (unplanned > 0) planning.nudge();
  });
  let foundAt = Number.NEGATIVE_INFINITY;
  /** From one row to the next, as it was lately. */
  let gapMs = 0;
  const note = (taken: number, at: number): void => {
    gapMs = (gapMs + Math.min(at - foundAt, movesForMs) / taken) / 2;
    foundAt = at;
  };
  const isMoving = (): boolean => performance.now() - foundAt < movesForMs;
  const pauseMs = (share: number): number =>
    Math.max(nextRows.leastMs, Math.min(nextRows.mostMs, idleMs, gapMs * share));
  loop(
    'intake',
    () => (isMoving() ? Math.max(1, pauseMs(nextRows.firstShare) - (performance.now() - foundAt)) : idleMs),
    async () => {
      if (!isMoving() && !(await look.awaitsRows())) return false;
      let at = performance.now();
      const onFound = (): void => {
        at = performance.now();
      };
      const everyMs = pauseMs(nextRows.shareOfGap);
      const wait = isMoving() ? { forMs: nextRows.forMs, everyMs, onFound, signal } : undefined;
      const { taken } = await app.intake.acceptBatch(batch, wait);
      if (taken > 0) note(taken, at);
      return taken >= manyRows;
    },
  );
}

function startDispatchLoops(loop: StartLoop, app: App, { look, dispatcher, files }: Stations): void {
  const { idleMs } = app.config.planner;
  const seen = whereSeen(look);
  loop(
    'dispatch',
    Math.max(idleMs, pacedMs(240, idleMs)),
    seen(['planned', 'waiting'], async () => (await dispatcher.dispatch()) > 0),
  );
  // Refills a window that empties fast before the next pass over all of them.
  const refillMs = (): number => (dispatcher.isRefilling() ? 50 : pacedMs(240, idleMs));
  loop('refill', refillMs, async () => (await dispatcher.refill()) > 0);
  loop(
    'collect',
    pacedMs(250, idleMs),
    seen(['slots'], async () => (await files.collect()) > 0),
  );
  loop(
    'files',
    pacedMs(250, idleMs),
    seen(['files', 'answers'], async () => (await dispatcher.dispatchFiles()) > 0),
  );
  let hasFiles = true;
  const slotsMs = (): number => pacedMs(hasFiles ? 1_000 : 5_000, idleMs);
  loop('slots', slotsMs, async () => {
    hasFiles = (await destinationsBy(app.database, fileConnectors)).length > 0;
    if (!hasFiles) return false;
    let noted = 0;
    await inTurn(files.showWaiting, async () => {
      noted = await files.noteSlots(app.database.now());
    });
    return noted > 0;
  });
}

/** Makes the work of a loop that runs only where the process's look saw one of the signs. */
const whereSeen =
  (look: Look) => (signs: readonly Sign[], work: () => Promise<boolean>) => async (): Promise<boolean> =>
    (await look.sees(...signs)) && (await work());

/** So many leases in one pass are a long file's. */
const manyRecovered = 500;

function startTimers(
  loop: StartLoop,
  app: App,
  {
    look,
    dispatcher,
    maintenance,
    leanWatch,
  }: Stations & { readonly leanWatch: ReturnType<typeof createLeanWatch> },
): void {
  const { config, database, log } = app;
  const { network, alerts: channels } = config;
  const eachSecond = pacedMs(1_000, config.planner.idleMs);
  const seen = whereSeen(look);
  const recoverLeases = async (): Promise<boolean> => {
    const recovered = await maintenance.recoverLeases();
    // A long file whose worker died has no lease meanwhile, and its rows come by the thousand.
    if (recovered >= manyRecovered) leanWatch.note(true);
    return recovered > 0;
  };
  loop('leases', eachSecond / 2, seen(['sending', 'longFiles'], recoverLeases));
  loop('again', eachSecond, async () => {
    await inTurn(
      async () => dispatcher.pushAgain(await look.sees('queued')),
      async () => (await look.sees('held')) && (await dispatcher.bringProbes()),
      async () => (await look.sees('pending')) && (await maintenance.askAgain()),
    );
    return false;
  });
  loop(
    'consents',
    eachSecond,
    seen(['consentEnds', 'entityChanges'], () => app.consentEnds.tell()),
  );
  loop(
    'expiry',
    eachSecond,
    seen(['overdue'], async () => (await maintenance.expire()) > 0),
  );
  loop(
    'seal',
    1_000,
    seen(['unsealed'], async () => (await app.sealer.seal(2_000)) === 2_000),
  );
  const tellAlerts = async (): Promise<boolean> =>
    (await sendAlerts({ database, connectors, channels, network, log })) > 0;
  loop('alerts', eachSecond, seen(['alerts'], tellAlerts));
}

/** Starts the timers that look around: bounces, repairs, alerts. */
function startWatches(loop: StartLoop, app: App, { look, maintenance }: Stations, signal: AbortSignal): void {
  const { config, database, published, log } = app;
  const { url: returns, everyMs } = config.bounces;
  if (returns !== undefined)
    loop('bounces', everyMs, () =>
      readBounces(
        {
          database,
          published,
          connectors,
          masterKeys: app.keys.master,
          network: config.network,
          log,
          signal,
        },
        returns,
      ),
    );
  loop('repaired', pacedMs(5_000, config.planner.idleMs), async () => {
    await inTurn(
      async () => (await look.sees('planned', 'waiting')) && (await maintenance.withholdUnusable()),
      async () => (await look.sees('withheld')) && (await maintenance.reopenRepaired(database.now())),
    );
    return false;
  });
  loop('watch', 30_000, async () => {
    await maintenance.watch();
    return false;
  });
}
