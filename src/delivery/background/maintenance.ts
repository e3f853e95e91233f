// Runs the periodic work on deliveries: lapsed leases, expiries, look-ups that are due, authorisations that begin.
// Invariant: nothing waits for ever; a crash between departure and outcome shows as `outcome_unknown` (guarantees 2 and 3).
import { fileConnectors } from '../../../connectors/index.ts';
import type { Log } from '../../log.ts';
import type { Producer } from '../../queue/producer.ts';
import { dropForgottenCredentials } from '../../store/destinations/access-credentials.ts';
import { alone } from '../../store/alone.ts';
import type { Database } from '../../store/database.ts';
import { bringEmptyFiles } from '../../store/files/file-bytes.ts';
import { destinationsWithLongFiles, lapsedWholes, recoverWhole } from '../../store/files/long-files.ts';
import { freeStranded } from '../../store/files/file-parts.ts';
import { dropSettledRevisions } from '../../store/leads/lead-revisions.ts';
import { takeUpAside } from '../../store/leads/lead-changes.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { askPending, overdueRows } from './deadlines.ts';
import { watchGoLive } from './go-live-alerts.ts';
import { inTurn } from './poll-loop.ts';
import { lapsedRows } from './lease-recovery.ts';
import { createQuarantine, type Quarantine } from '../trip/quarantine.ts';
import { resolveFromLog } from '../outcome/resolve.ts';
import { reopenRepaired, withholdUnusable } from './withheld-recheck.ts';
import { checkAlerts, watchBackups } from './alert-checks.ts';
import { watchFiles } from './file-alerts.ts';

export interface Maintenance {
  readonly recoverLeases: () => Promise<number>;
  readonly expire: () => Promise<number>;
  readonly askAgain: () => Promise<number>;
  /** Withheld for want of an authorisation that has meanwhile begun, or of a mapping that can be used again. */
  readonly reopenRepaired: (now: Date) => Promise<number>;
  /** Deliveries of a destination whose published mapping does not compile stand visibly withheld. Returns how many. */
  readonly withholdUnusable: () => Promise<number>;
  /** Raises alerts for refused rows, for leads that wait too long and for a log that is not sealed in time. */
  readonly watch: () => Promise<void>;
  readonly tidy: () => Promise<void>;
}

export interface MaintenanceOptions {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Pick<Producer, 'push'>;
  readonly log: Log;
  /** True in production: the go-live list withholds leads of a client (C49 to C52), and backups are watched (C42). */
  readonly holdsList?: boolean;
  /** A quarantined row or destination is tried again after this; five minutes when absent. */
  readonly retryAfterMs?: number;
}

/** Long files whose worker died are given back, each by itself. */
async function recoverWholes(database: Database, quarantine: Quarantine): Promise<void> {
  await quarantine.each(
    await lapsedWholes(database),
    ({ clientId, destinationId }) => ({ clientId, destinationId }),
    async ({ id }) => {
      await recoverWhole(database, id);
      return 1;
    },
  );
}

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { database, published, log, retryAfterMs = 5 * 60_000 } = options;
  const quarantineIn = (step: string): Quarantine => createQuarantine({ database, log, step, retryAfterMs });
  const recovery = quarantineIn('RECOVERY');
  const wholes = quarantineIn('FILE_RECOVERY');
  const expiry = quarantineIn('EXPIRY');
  const asking = quarantineIn('ASKING');
  const reopening = quarantineIn('REOPENING');
  const withholding = quarantineIn('WITHHOLDING');
  const lateProofs = quarantineIn('LATE_PROOF');
  const files = quarantineIn('FILE_WATCH');
  const promises = quarantineIn('PROMISE');

  return {
    recoverLeases: async () => {
      let count = 0;
      await inTurn(
        () => recoverWholes(database, wholes),
        async () => {
          count = (await recovery.rows(lapsedRows(published))).length;
          if (count > 0) log.warn('lease.recovered', { count });
        },
      );
      return count;
    },
    expire: async () => (await expiry.rows(overdueRows)).length,
    askAgain: () => askPending(options, asking),
    reopenRepaired: (now) => reopenRepaired(options, reopening, now),
    withholdUnusable: () => withholdUnusable(options, withholding),
    // Only one planner watches, or each would raise the alerts.
    watch: async () => {
      await alone(database, 'watch', () =>
        inTurn(
          () => resolveFromLog({ database, published }, lateProofs),
          () => checkAlerts(database, published, promises),
          async () => (options.holdsList === true ? watchGoLive(database) : undefined),
          async () => (options.holdsList === true ? watchBackups(database) : undefined),
          () => watchFiles(database, published, files),
        ),
      );
    },
    tidy: () =>
      inTurn(
        () => dropSettledRevisions(database),
        () => takeUpAside(database),
        () => bringEmptyFiles(database),
        () => dropForgottenCredentials(database),
        async () => {
          const count = await freeStranded(
            database,
            await destinationsWithLongFiles(database, fileConnectors),
          );
          if (count > 0) log.error('delivery.stranded', { count });
        },
      ),
  };
}
