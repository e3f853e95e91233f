// What time does by itself: leases that lapsed, deliveries past their age, recipients to be asked again, authorisations that begin.
// Invariant: nothing waits for ever; a crash between departure and outcome shows as `outcome_unknown` (guarantees 2 and 3).
import { closedFor } from '../../domain/send-policy.ts';
import type { Log } from '../../log.ts';
import type { Producer } from '../../queue/producer.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import { freeStranded } from '../../store/batches.ts';
import type { Database } from '../../store/database.ts';
import { readDeliveries } from '../../store/deliveries.ts';
import { duePending, expiredDeliveries, markAsking, putOffAsking } from '../../store/deadlines.ts';
import { findDestination } from '../../store/destinations.ts';
import { bringEmptyFiles } from '../../store/file-bytes.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { dropSettledRevisions } from '../../store/lead-revisions.ts';
import { takeUpAside, wakeSiblings } from '../../store/planning.ts';
import { markSettled, type Settlement } from '../../store/sending.ts';
import { entryNames } from '../planning/entry-names.ts';
import { jobOf } from '../planning/push-jobs.ts';
import type { Published } from '../mapping-cache.ts';
import { recoverLapsed } from './lease-recovery.ts';
import { resolveFromLog } from '../attempt/resolve.ts';
import { reopenRepaired, withholdUnusable } from './withheld-recheck.ts';
import { checkAlerts } from './alert-checks.ts';

export interface Maintenance {
  readonly recoverLeases: () => Promise<number>;
  readonly expire: () => Promise<number>;
  readonly askAgain: () => Promise<number>;
  /** Withheld for want of an authorisation that has meanwhile begun, or of a mapping that can be used again. */
  readonly reopenRepaired: (now: Date) => Promise<number>;
  /** Deliveries of a destination whose published mapping does not compile stand visibly withheld. Returns how many. */
  readonly withholdUnusable: () => Promise<number>;
  /** Tells of refused rows, of leads that wait too long and of a log that is not sealed in time. */
  readonly watch: () => Promise<void>;
  readonly tidy: () => Promise<void>;
}

export interface MaintenanceOptions {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
  readonly log: Log;
}

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { database, published, log } = options;

  return {
    recoverLeases: async () => {
      const count = await database.transaction((tx) => recoverLapsed(tx, published));
      if (count > 0) log.warn('lease.recovered', { count });
      return count;
    },
    expire: () =>
      database.transaction(async (tx) => {
        const rows = await readDeliveries(tx, await expiredDeliveries(tx, 200));
        await markSettled(
          tx,
          rows.map((row): Settlement => ({
            // The cause stays readable: `expired:opt_in_missing`.
            id: row.id,
            state: 'failed',
            reason: row.reason === '' ? 'expired' : `expired:${row.reason.replace(':', '.')}`,
            afterMs: 0,
            spend: false,
            maybeReceived: row.maybeReceived,
            askFirst: false,
            leaveBatch: true,
          })),
        );
        await appendHandovers(
          tx,
          rows.map((row) => ({
            entry: 'expired' as const,
            ...entryNames(row),
            actor: 'planner',
            reason: row.reason,
          })),
        );
        await raiseAlerts(
          tx,
          rows.map((row) => ({
            kind: 'delivery_expired' as const,
            clientId: row.clientId,
            destinationId: row.destinationId,
            deliveryId: row.id,
            reason: row.reason,
          })),
        );
        await wakeSiblings(tx, rows);
        return rows.length;
      }),
    askAgain: () => askAgain(options),
    reopenRepaired: (now) => reopenRepaired(options, now),
    withholdUnusable: () => withholdUnusable(options),
    watch: async () => {
      await resolveFromLog({ database, published });
      await checkAlerts(database, published);
    },
    tidy: async () => {
      await dropSettledRevisions(database);
      await takeUpAside(database);
      await bringEmptyFiles(database);
      const count = await freeStranded(database);
      if (count > 0) log.error('delivery.stranded', { count });
    },
  };
}

/** Asks the recipients of pending deliveries again; outside the hours of a destination the question waits for its opening. */
async function askAgain({ database, published, producer }: MaintenanceOptions): Promise<number> {
  const due = await database.transaction(async (tx) => {
    const rows = await duePending(tx, 200);
    const asked: (typeof rows)[number][] = [];
    for (const [destinationId, group] of Map.groupBy(rows, (row) => row.destinationId)) {
      const ids = group.map((row) => row.deliveryId);
      const destination = await findDestination(tx, destinationId);
      const mapping = await published.version(destination?.mappingVersionId ?? 0);
      const closed = closedFor(mapping?.limits.hours, tx.now().getTime());
      if (closed === undefined) asked.push(...group);
      else await putOffAsking(tx, ids, new Date(tx.now().getTime() + closed.afterMs));
    }
    await markAsking(
      tx,
      asked.map((row) => row.deliveryId),
    );
    return asked;
  });
  for (const [destinationId, group] of Map.groupBy(due, (row) => row.destinationId))
    await producer.push(destinationId, group.map(jobOf)).catch(() => undefined);
  return due.length;
}
