// Starts the timers for which no lead waits: mails to clients, requests, retention, bulk runs, housekeeping.
// Invariant: rows of MySQL decide what is due; the next round, in any process, makes up for a missed one.
import { connectors } from '../../connectors/index.ts';
import type { App } from '../app.ts';
import { createRowNotes } from '../client-mails/row-notes.ts';
import { sendClientMails } from '../client-mails/send.ts';
import { createQuarantine } from '../delivery/trip/quarantine.ts';
import { countHours } from '../delivery/background/destination-hours.ts';
import { watchExpiries } from '../delivery/background/expiry-alerts.ts';
import { inTurn } from '../delivery/background/in-turn.ts';
import type { createMaintenance } from '../delivery/background/maintenance.ts';
import type { StartLoop } from '../delivery/background/poll-loop.ts';
import { foreignCode } from '../errors.ts';
import { watchRequests } from '../privacy/requests/watch.ts';
import { followClosings } from '../retention/closing-end.ts';
import type { Sql } from '../store/database.ts';
import { purgeRefused } from '../store/refused-rows.ts';
import { tidyTakings } from '../store/takings.ts';
import { dropEndedRuns, workAnyRun } from '../support/bulk-runs.ts';
import { tellEvents } from '../support/event-webhook.ts';
import { dropOutdated, tidyAccess } from './outdated.ts';

type Maintenance = ReturnType<typeof createMaintenance>;

export function startBackground(loop: StartLoop, app: App, maintenance: Maintenance): void {
  const { config, database, published, log } = app;
  loop('bulk', 1_000, () => workAnyRun({ database, published, log }));
  loop('client_mails', 5_000, async () => {
    await sendClientMails({ database, mail: config.clientMail, network: config.network, log });
    return false;
  });
  const { events, network } = config;
  if (events !== undefined) loop('events', 1_000, () => tellEvents({ database, network, log }, events));
  loop('hours', 5_000, () => countHours(database));
  requestTimers(loop, app);
  retentionTimers(loop, app);
  housekeepingTimers(loop, app, maintenance);
}

/** The timer for prospects' requests. */
function requestTimers(loop: StartLoop, { database, log }: App): void {
  loop('requests', 10_000, async () => {
    await watchRequests({
      database,
      onBroken: (request, error) =>
        log.error('request.broken', { reason: `request-${request}`, code: foreignCode(error) }),
    });
    return false;
  });
}

/** One step a second: deletions leave capacity for new leads. */
function retentionTimers(loop: StartLoop, app: App): void {
  const { retention, requests, log } = app;
  loop('retention', 1_000, async () => {
    await retention.step();
    return false;
  });
  loop('closings', 10_000, () => followClosings(app));
  const rowNotes = createRowNotes(app.database);
  let looks = 0;
  // Not at once: a gateway that has just started has leads to send.
  loop('retention_daily', 300_000, async () => {
    looks += 1;
    if (looks === 1) return false;
    await retention.beginDaily();
    await requests.letGo({
      actor: 'planner',
      onBroken: (request, error) =>
        log.error('request.broken', { reason: `request-${request}`, code: foreignCode(error) }),
    });
    await rowNotes();
    return false;
  });
}

/** Timers of a minute or an hour. */
function housekeepingTimers(loop: StartLoop, app: App, maintenance: Maintenance): void {
  const { config, database, published, log } = app;
  const quarantine = createQuarantine({ database, log, step: 'EXPIRIES', retryAfterMs: 60_000 });
  loop('expiries', 3_600_000, async () => {
    await watchExpiries({ database, published, connectors, secrets: config.secrets }, quarantine);
    return false;
  });
  loop('tidy', 60_000, async () => {
    let strays = 0;
    await inTurn(
      maintenance.tidy,
      () => tidyTakings(database),
      async () => {
        strays = await app.intake.refuseStrays();
      },
    );
    return strays > 0;
  });
  loop('outdated', 3_600_000, () => dropOutdated(database));
  loop('ended', 3_600_000, async () => (await dropEndedRuns(database)) < 0);
  loop('access', 3_600_000, () => tidyAccess(app.access));
  loop('purge', 3_600_000, async () => {
    const purge = (tx: Sql): Promise<number> => purgeRefused(tx, config.planner.refusedDays, 200);
    return (await database.transaction(purge, { undoIf: (count) => count < 0 })) !== 0;
  });
}
