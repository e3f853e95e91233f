// Raises the alerts that no event raises: rows refused, leads that wait longer than promised, a log that is not sealed in time.
// Invariant: an alert is raised once, then not again for hours while it lasts; it names destinations and codes, never a lead.
import { civilDate } from '../../domain/civil-date.ts';
import { splitReason } from '../../domain/delivery.ts';
import { openTime, type SendingHours } from '../../domain/sending-hours.ts';
import { raiseAgainAfter, raiseAlerts } from '../../store/alerts/alerts.ts';
import { piledUp } from '../../store/leads/anomalies.ts';
import { backupHours, hoursWithoutBackup } from '../../store/backups/backups.ts';
import type { Database } from '../../store/database.ts';
import { allDestinations, type Destination } from '../../store/destinations/destinations.ts';
import {
  oldestUnsealedSeconds,
  openDeliveries,
  refusedSinceAlert,
  type Backlog,
} from '../../store/alerts/backlog.ts';
import { oldestUnwrittenSeconds } from '../../store/backups/erasures-unwritten.ts';
import { closeSettled, waitingRights } from '../../store/leads/rights.ts';
import type { Quarantine } from '../trip/quarantine.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { inTurn } from './poll-loop.ts';

/** Past this the log counts as not sealed in time, seconds. */
const sealLagLimit = 300;
const sealAgainSeconds = 3_600;
/** A withdrawal or an erasure that has not reached its recipient by then needs a person. */
const rightMinutes = 15;
const waitsAgainSeconds = 4 * 3_600;
/** States in which a lead waits for us or the recipient; a withheld one waits for a right or a repair, a pending one for an answer. */
const waiting: readonly string[] = ['planned', 'queued', 'sending', 'waiting'];

export async function checkAlerts(
  database: Database,
  published: Published,
  quarantine: Quarantine,
): Promise<void> {
  await inTurn(
    () => watchRefused(database),
    () => watchSeals(database),
    () => watchLedger(database),
    () => watchRights(database),
    () => watchAnomalies(database),
    () => watchPromises(database, published, quarantine),
  );
}

async function watchRefused(database: Database): Promise<void> {
  const refused = await refusedSinceAlert(database);
  if (refused > 0) await raiseAlerts(database, [{ kind: 'intake_refused', reason: String(refused) }]);
}

async function watchSeals(database: Database): Promise<void> {
  const lag = await oldestUnsealedSeconds(database);
  if (lag > sealLagLimit)
    await raiseAgainAfter(database, { kind: 'seal_lag', reason: `${lag}s` }, sealAgainSeconds);
}

/** Past this an erasure without its line in the ledger outside the database is reported, seconds (C44). */
const ledgerLagLimit = 300;

async function watchLedger(database: Database): Promise<void> {
  const lag = await oldestUnwrittenSeconds(database);
  if (lag > ledgerLagLimit)
    await raiseAgainAfter(database, { kind: 'ledger_late', reason: `${lag}s` }, sealAgainSeconds);
}

export async function watchBackups(database: Database): Promise<void> {
  const hours = Math.floor(await hoursWithoutBackup(database));
  if (hours >= backupHours)
    await raiseAgainAfter(database, { kind: 'backup_late', reason: `${hours}h` }, waitsAgainSeconds);
}

/** A withdrawal or an erasure that a recipient has not heard within minutes is a person's task, whatever it waits for. */
async function watchRights(database: Database): Promise<void> {
  await closeSettled(database);
  const waiting = await waitingRights(database, rightMinutes, 500);
  await raiseAlerts(
    database,
    waiting.map(({ id, clientId, destinationId, state, reason }) => ({
      kind: 'right_waits' as const,
      clientId,
      destinationId,
      deliveryId: id,
      reason: reason === '' ? state : splitReason(reason).base,
    })),
  );
}

/** So many leads of one kind within so many days come from a form or script, not from a slip. */
const pile = { leads: 10, days: 7 };

async function watchAnomalies(database: Database): Promise<void> {
  const day = civilDate(new Date(database.now().getTime() - (pile.days - 1) * 86_400_000));
  const piles = await piledUp(database, day, pile.leads, pile.days);
  await raiseAlerts(
    database,
    piles.map(({ clientId, kind }) => ({ kind: 'anomalies_pile_up' as const, clientId, reason: kind })),
  );
}

async function watchPromises(
  database: Database,
  published: Published,
  quarantine: Quarantine,
): Promise<void> {
  const open = (await openDeliveries(database)).filter((delivery) => waiting.includes(delivery.state));
  const destinations = new Map(
    (await allDestinations(database)).map((destination) => [destination.id, destination]),
  );
  await quarantine.each(
    [...Map.groupBy(open, (delivery) => delivery.destinationId)],
    ([destinationId]) => ({ destinationId, clientId: destinations.get(destinationId)?.clientId ?? '' }),
    async ([destinationId, group]) => {
      const destination = destinations.get(destinationId);
      if (destination !== undefined) await watchPromise(database, published, destination, group);
      return 1;
    },
  );
}

async function watchPromise(
  database: Database,
  published: Published,
  { id, clientId, mappingVersionId }: Destination,
  open: Backlog['open'],
): Promise<void> {
  const mapping = await published.version(mappingVersionId);
  if (mapping === undefined) return;
  const now = database.now().getTime();
  const oldest = open.reduce((a, b) => (b.oldestSeconds > a.oldestSeconds ? b : a));
  if (waitedMs(oldest.oldestSeconds * 1_000, mapping.limits.hours, now) <= mapping.promiseMs) return;
  const reason = oldest.oldestReason === '' ? oldest.state : splitReason(oldest.oldestReason).base;
  const alert = { kind: 'lead_waits', clientId, destinationId: id, reason } as const;
  await raiseAgainAfter(database, alert, waitsAgainSeconds);
}

/** No promise counts outside the hours of a destination. */
const waitedMs = (ms: number, hours: SendingHours | undefined, now: number): number =>
  hours === undefined ? ms : openTime(hours, now - ms, now);
