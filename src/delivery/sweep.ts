// What time does by itself: leases that lapsed, deliveries past their age, recipients to be asked again, authorisations that begin.
// Invariant: nothing waits for ever; a crash between departure and outcome shows as `outcome_unknown` (guarantees 2 and 3).
import { coveringAuthorisation } from '../domain/destination.ts';
import { decide, type Decision, type RetryPolicy } from '../domain/verdict.ts';
import type { Log } from '../log.ts';
import type { Job } from '../queue/jobs.ts';
import type { Producer } from '../queue/producer.ts';
import { raiseAlerts } from '../store/alerts.ts';
import { retryBatch } from '../store/batches.ts';
import type { Database, Sql } from '../store/database.ts';
import { readDeliveries, type Delivery } from '../store/deliveries.ts';
import { reopenWithheld, wakeSiblings, withheldOfDestination } from '../store/planning.ts';
import { allDestinations, readAuthorisations } from '../store/destinations.ts';
import { duePending, expiredDeliveries, lapsedLeases, markAsking } from '../store/dispatching.ts';
import { appendHandovers } from '../store/handovers.ts';
import { oldestUnsealedSeconds, raisedLately, refusedSinceAlert } from '../store/figures.ts';
import { dropSettledRevisions } from '../store/lead-revisions.ts';
import { markSettled, type Settlement } from '../store/sending.ts';
import { entryNames } from './plan.ts';
import type { Published } from './published.ts';
import { stateAfter } from './settle.ts';

export interface Sweeper {
  readonly recoverLeases: () => Promise<number>;
  readonly expire: () => Promise<number>;
  readonly askAgain: () => Promise<number>;
  /** Withheld for want of an authorisation that has meanwhile begun. */
  readonly reopenAuthorised: (now: Date) => Promise<number>;
  /** Tells of refused rows and of a log that is not sealed in time; at most one alert of a kind an hour for the latter. */
  readonly watch: () => Promise<void>;
  readonly tidy: () => Promise<void>;
}

/** Past this the log counts as not sealed in time, seconds. */
const sealLagLimit = 300;

const unknownPolicy: RetryPolicy = {
  delays: [5_000],
  onUnknown: 'hold',
  maxRetryAfterMs: 3_600_000,
  pendingForMs: 0,
  pendingEveryMs: 60_000,
};

export function createSweeper(options: {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
  readonly log: Log;
}): Sweeper {
  const { database, published, log } = options;

  const decisionFor = async (row: Delivery): Promise<Decision | undefined> => {
    if (row.departedAttempt !== row.attempt) return undefined;
    const mapping = await published.version(row.sentMappingId);
    return decide(
      { kind: 'unknown', reason: 'LEASE_LAPSED' },
      {
        spent: row.spent + 1,
        circuitClosed: true,
        maybeReceived: true,
        hasLookup: mapping?.hasLookup ?? false,
        pendingSinceMs: 0,
      },
      mapping?.retry ?? unknownPolicy,
      Math.random,
    );
  };

  const recover = async (tx: Sql): Promise<number> => {
    const rows = await readDeliveries(tx, await lapsedLeases(tx, 10_000));
    const settlements: Settlement[] = [];
    const batches = new Map<number, number>();
    for (const row of rows) {
      const decision = await decisionFor(row);
      const names = entryNames(row);
      if (decision === undefined) {
        // It never departed: nothing is spent, it goes out again at once.
        settlements.push({
          id: row.id,
          state: 'waiting',
          reason: 'retry',
          afterMs: 0,
          spend: false,
          maybeReceived: row.maybeReceived,
          askFirst: row.askFirst,
          leaveBatch: false,
        });
        batches.set(row.batchId, batches.get(row.batchId) ?? 0);
        continue;
      }
      const { verdict } = decision;
      const state = stateAfter(verdict);
      const afterMs =
        verdict.next === 'hold'
          ? row.expiresAt.getTime() - Date.now() + 86_400_000
          : 'afterMs' in verdict
            ? verdict.afterMs
            : 0;
      const reason = verdict.next === 'retry' ? 'outcome_unknown' : verdict.reason;
      settlements.push({
        id: row.id,
        state,
        reason,
        afterMs,
        spend: true,
        maybeReceived: true,
        askFirst: verdict.next === 'retry' && verdict.lookup,
        leaveBatch: state === 'failed',
      });
      batches.set(row.batchId, Math.max(afterMs, batches.get(row.batchId) ?? 0));
      await appendHandovers(tx, [
        {
          entry: 'outcome_unknown',
          ...names,
          actor: 'planner',
          outcome: 'unknown',
          reason: 'LEASE_LAPSED',
          nextStep: verdict.next,
        },
      ]);
      if (verdict.next === 'hold' || verdict.next === 'fail') {
        const kind = verdict.next === 'hold' ? 'support_decides' : 'delivery_failed';
        await raiseAlerts(tx, [
          {
            kind,
            clientId: row.clientId,
            destinationId: row.destinationId,
            deliveryId: row.id,
            reason: verdict.reason,
          },
        ]);
      }
    }
    await markSettled(tx, settlements);
    for (const [batchId, afterMs] of batches) if (batchId > 0) await retryBatch(tx, batchId, afterMs);
    return rows.length;
  };

  return {
    recoverLeases: async () => {
      const count = await database.transaction(recover);
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
    askAgain: async () => {
      const due = await database.transaction(async (tx) => {
        const rows = await duePending(tx, 200);
        await markAsking(
          tx,
          rows.map((row) => row.deliveryId),
        );
        return rows;
      });
      for (const [destinationId, group] of Map.groupBy(due, (row) => row.destinationId)) {
        const jobs = group.map((row): Job => ({
          deliveryId: row.deliveryId,
          run: row.run,
          attempt: row.attempt,
        }));
        await options.producer.push(destinationId, jobs).catch(() => undefined);
      }
      return due.length;
    },
    reopenAuthorised: async (now) => {
      let reopened = 0;
      for (const destination of await allDestinations(database)) {
        const mapping = await published.version(destination.mappingVersionId);
        // A whole URL that is a secret names its host only at departure: looking again and again would only fill the log.
        if (mapping === undefined || mapping.targets.length === 0) continue;
        const all = (await readAuthorisations(database, [destination.id])).get(destination.id) ?? [];
        const covering = coveringAuthorisation(all, mapping.targets, now);
        if (covering === undefined) continue;
        const whole = mapping.categories.every((category) => covering.categories.includes(category));
        const causes = [
          'recipient_not_authorised',
          'mapping_missing',
          ...(whole ? ['category_not_authorised'] : []),
        ];
        const ids = await withheldOfDestination(database, destination.id, causes, 500);
        if (ids.length === 0) continue;
        reopened += await database.transaction(async (tx) => {
          const rows = await readDeliveries(tx, await reopenWithheld(tx, ids));
          await appendHandovers(
            tx,
            rows.map((row) => ({ entry: 'reopened' as const, ...entryNames(row), actor: 'planner' })),
          );
          return rows.length;
        });
      }
      return reopened;
    },
    watch: async () => {
      const refused = await refusedSinceAlert(database);
      if (refused > 0) await raiseAlerts(database, [{ kind: 'intake_refused', reason: String(refused) }]);
      const lag = await oldestUnsealedSeconds(database);
      if (lag > sealLagLimit && !(await raisedLately(database, 'seal_lag'))) {
        await raiseAlerts(database, [{ kind: 'seal_lag', reason: `${lag}s` }]);
      }
    },
    tidy: async () => {
      await dropSettledRevisions(database);
    },
  };
}
