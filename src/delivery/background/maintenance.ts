// What time does by itself: leases that lapsed, deliveries past their age, recipients to be asked again, authorisations that begin.
// Invariant: nothing waits for ever; a crash between departure and outcome shows as `outcome_unknown` (guarantees 2 and 3).
import type { Log } from '../../log.ts';
import type { Producer } from '../../queue/producer.ts';
import { dropForgottenCredentials } from '../../store/access-credentials.ts';
import { freeStranded } from '../../store/batches.ts';
import type { Database } from '../../store/database.ts';
import { bringEmptyFiles } from '../../store/file-bytes.ts';
import { recoverWholes } from '../../store/long-files.ts';
import { dropSettledRevisions } from '../../store/lead-revisions.ts';
import { takeUpAside } from '../../store/lead-changes.ts';
import type { Published } from '../mapping-cache.ts';
import { askPending, expireOverdue } from './deadlines.ts';
import { recoverLapsed } from './lease-recovery.ts';
import { resolveFromLog } from '../attempt/resolve.ts';
import { reopenRepaired, withholdUnusable } from './withheld-recheck.ts';
import { checkAlerts } from './alert-checks.ts';
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
  readonly producer: Producer;
  readonly log: Log;
}

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { database, published, log } = options;

  return {
    recoverLeases: async () => {
      await recoverWholes(database);
      const count = await database.transaction((tx) => recoverLapsed(tx, published));
      if (count > 0) log.warn('lease.recovered', { count });
      return count;
    },
    expire: () => database.transaction(expireOverdue),
    askAgain: () => askPending(options),
    reopenRepaired: (now) => reopenRepaired(options, now),
    withholdUnusable: () => withholdUnusable(options),
    watch: async () => {
      await resolveFromLog({ database, published });
      await checkAlerts(database, published);
      await watchFiles(database, published);
    },
    tidy: async () => {
      await dropSettledRevisions(database);
      await takeUpAside(database);
      await bringEmptyFiles(database);
      await dropForgottenCredentials(database);
      const count = await freeStranded(database);
      if (count > 0) log.error('delivery.stranded', { count });
    },
  };
}
