// Starts the timers for which no lead waits: mails to clients, requests, retention, bulk runs, housekeeping.
// Invariant: rows of MySQL decide what is due; the next round, in any process, makes up for a missed one.
import { connectors } from '../../connectors/index.ts';
import { publishedMappings, type App } from '../app.ts';
import { writeLedger } from '../backups/ledger.ts';
import { createRowNotes } from '../client-mails/notes.ts';
import { sendClientMails } from '../client-mails/send.ts';
import { createQuarantine } from '../delivery/trip/quarantine.ts';
import { countHours, keptDays } from '../delivery/background/destination-hours.ts';
import { watchExpiries } from '../delivery/background/expiry-alerts.ts';
import { inTurn, pacedMs, type StartLoop } from '../delivery/background/poll-loop.ts';
import type { createMaintenance } from '../delivery/background/maintenance.ts';
import { foreignCode } from '../errors.ts';
import { signNextDay } from '../privacy/day-seals.ts';
import { watchRequests } from '../privacy/requests/watch.ts';
import { followClosings } from '../retention/closing.ts';
import type { Sql, Database } from '../store/database.ts';
import type { Look } from '../store/look.ts';
import { forgetProcesses } from '../store/alerts/processes.ts';
import { purgeRefused } from '../store/intake/refused-rows.ts';
import { tidyTakings } from '../store/intake/takings.ts';
import { dropEndedRuns, workAnyRun } from '../support/bulk-runs.ts';
import { cancelIn } from '../support/close-and-cancel.ts';
import { tellEvents } from '../support/event-webhook.ts';
import { civilDate } from '../domain/civil-date.ts';
import { endErasures, endOppositions } from '../privacy/oppositions.ts';
import { dropAnomalies } from '../store/leads/anomalies.ts';
import { dropHourCounts } from '../store/destinations/destination-hours.ts';
import { forgetNames } from '../store/access/accounts.ts';
import { forgetRotated } from '../store/destinations/rotated-secrets.ts';
import { forgetSessions, forgetTries } from '../store/access/sessions.ts';
import { sessionLimits, staffNameYears, triesKeptMs } from '../access/limits.ts';
import type { AccessPlace } from '../access/place.ts';
import { forgetOldRequests } from '../access/request-keys.ts';

type Maintenance = ReturnType<typeof createMaintenance>;
/** A pause, shorter where the planner looks more often than usual. */
type Paced = (ms: number) => number;

export function startBackground(
  loop: StartLoop,
  app: App,
  { look, maintenance }: { readonly look: Look; readonly maintenance: Maintenance },
): void {
  const { config, database, published, log } = app;
  const paced: Paced = (ms) => pacedMs(ms, config.planner.idleMs);
  loop(
    'bulk',
    paced(1_000),
    async () => (await look.sees('bulk')) && workAnyRun({ database, published, log }),
  );
  loop('client_mails', paced(5_000), async () => {
    await sendClientMails({ database, mail: config.clientMail, network: config.network, log });
    return false;
  });
  const { events, network } = config;
  if (events !== undefined)
    loop('events', paced(1_000), () => tellEvents({ database, network, log }, events));
  const { ledger: folder } = config.backups;
  const { oppositionKey } = app;
  const place = { database, sealKeys: app.keys.seal, oppositionKey, folder };
  const write = (): Promise<boolean> => writeLedger(place);
  loop('ledger', paced(1_000), async () => (await look.sees('ledger')) && write());
  const days = { database, sealKeys: app.keys.seal, mails: config.clientMail !== undefined };
  loop('day_seals', 600_000, () => signNextDay(days));
  loop('hours', 5_000, () => countHours(database));
  requestTimers(loop, app, paced);
  retentionTimers(loop, app, look, paced);
  housekeepingTimers(loop, app, maintenance);
}

function requestTimers(loop: StartLoop, { database, log }: App, paced: Paced): void {
  loop('requests', paced(10_000), async () => {
    await watchRequests({
      database,
      onBroken: (request, error) =>
        log.error('request.broken', { reason: `request-${request}`, code: foreignCode(error) }),
    });
    return false;
  });
}

/** One step a second: deletions leave capacity for new leads. */
function retentionTimers(loop: StartLoop, app: App, look: Look, paced: Paced): void {
  const { retention, requests, log } = app;
  loop('retention', paced(1_000), async () => {
    if (await look.sees('retention')) await retention.step();
    return false;
  });
  loop('closings', paced(10_000), () => followClosings(app, cancelIn));
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
  const { config, database, log } = app;
  const quarantine = createQuarantine({ database, log, step: 'EXPIRIES', retryAfterMs: 60_000 });
  loop('expiries', 3_600_000, async () => {
    // By a memory of its own: it asks for every mapping, and 500 of them would stay.
    const apart = publishedMappings(database, app.checkOptions, log, 1);
    await watchExpiries({ database, published: apart, connectors, secrets: config.secrets }, quarantine);
    return false;
  });
  loop('tidy', 60_000, async () => {
    let strays = 0;
    await inTurn(
      maintenance.tidy,
      () => tidyTakings(database),
      () => forgetProcesses(database),
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

// Deletes data whose retention is over: oppositions, erased addresses, counts of anomalies and of hours, sessions.
// Invariant: in bounded parts; a part that fails does not prevent the others.

const atOnce = 500;
/** The list serves to correct forms and scripts; after half a year it would only show how agents worked. */
const anomalyDays = 180;

/** Returns true when there may be more. */
export async function dropOutdated(database: Database): Promise<boolean> {
  let more = false;
  await inTurn(
    async () => void (more = await endOppositions(database, atOnce)),
    async () => void (more = (await endErasures(database, atOnce)) || more),
    async () => void (more = (await endAnomalies(database)) || more),
    async () => void (more = (await dropHourCounts(database, keptDays, atOnce)) === atOnce || more),
  );
  return more;
}

async function endAnomalies(database: Database): Promise<boolean> {
  const before = new Date(database.now().getTime() - anomalyDays * 86_400_000);
  return (await dropAnomalies(database, civilDate(before), atOnce)) === atOnce;
}

/**
 * Deletes expired access data: sessions past their end, old tries to sign in, answers to requests of yesterday,
 * signing secrets that no longer sign. Deletes a part of each at a time. Returns whether there may be more.
 */
export async function tidyAccess(place: AccessPlace): Promise<boolean> {
  const sessions = await forgetSessions(place.database, sessionLimits.idleMs);
  const tries = await forgetTries(place.database, triesKeptMs);
  const names = await forgetNames(place.database, staffNameYears);
  const renewed = await forgetRotated(place.database);
  return renewed + names + sessions + tries + (await forgetOldRequests(place)) > 0;
}
