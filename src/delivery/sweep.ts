// What time does by itself: leases that lapsed, deliveries past their age, recipients to be asked again, authorisations that begin.
// Invariant: nothing waits for ever; a crash between departure and outcome shows as `outcome_unknown` (guarantees 2 and 3).
import { isEnd, splitReason } from '../domain/delivery.ts';
import { coveringAuthorisation, type Authorisation } from '../domain/destination.ts';
import { decide, type Decision, type RetryPolicy } from '../domain/verdict.ts';
import type { Log } from '../log.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import type { Job } from '../queue/jobs.ts';
import type { Producer } from '../queue/producer.ts';
import { raiseAlerts, type Alert } from '../store/alerts.ts';
import { freeStranded, lockUnderWay, retryBatch } from '../store/batches.ts';
import { openCalls, type CallRow } from '../store/calls.ts';
import type { Database, Sql } from '../store/database.ts';
import { readDeliveries, type Delivery } from '../store/deliveries.ts';
import { reopenWithheld, takeUpAside, wakeSiblings, withheldOfDestination } from '../store/planning.ts';
import { allDestinations, readAuthorisations } from '../store/destinations.ts';
import {
  dueOfDestination,
  duePending,
  expiredDeliveries,
  lapsedLeases,
  markAsking,
} from '../store/dispatching.ts';
import { appendHandovers, type Handover } from '../store/handovers.ts';
import { lockLeads } from '../store/leads.ts';
import { dropSettledRevisions } from '../store/lead-revisions.ts';
import { markSettled, type Settlement } from '../store/sending.ts';
import { entryNames, withoutRepeats } from './entries.ts';
import type { Published } from './published.ts';
import { spentOf, stateAfter, unspent } from './settle.ts';
import { watchHouse } from './watch.ts';

export interface Sweeper {
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

/** Causes that time or an operator repairs. */
const repairable = ['recipient_not_authorised', 'mapping_missing', 'category_not_authorised'];
/** An authorisation granted while the delivery was being withheld was not seen by it. */
const crossingMs = 30_000;
/** What cannot be judged from here is tried again this often at most: every look leaves two lines in the log. */
const lookAgainMs = 3_600_000;

/**
 * Whether a withheld delivery would pass now, judged as departure judges it. Where the address is a secret it can only
 * be tried: after a change of mapping or authorisation, else once an hour.
 */
function isRepaired(
  row: Delivery,
  mapping: CompiledMapping,
  all: readonly Authorisation[],
  now: Date,
): boolean {
  const { base } = splitReason(row.reason);
  if (base === 'mapping_missing') return true;
  const targets = mapping.actions[row.action]?.targets ?? [];
  const covering = coveringAuthorisation(all, targets, mapping.categories, now);
  if (covering === undefined) return false;
  if (
    base === 'category_not_authorised' &&
    !mapping.categories.every((one) => covering.categories.includes(one))
  )
    return false;
  if (targets.length > 0) return true;
  // `dueAt` of a withheld delivery is the moment it was withheld.
  const since = row.dueAt.getTime();
  return covering.validFrom.getTime() >= since - crossingMs || now.getTime() - since > lookAgainMs;
}

/** What becomes of a delivery whose lease ran out. */
function afterLapse(
  row: Delivery,
  decision: Decision | undefined,
  erased: boolean,
  call: CallRow | undefined,
): {
  readonly settlement: Settlement;
  readonly handovers: readonly Handover[];
  readonly alerts: readonly Alert[];
} {
  const names = entryNames(row);
  const cancelled: Handover = { entry: 'cancelled', ...names, actor: 'planner', reason: 'erased' };
  if (decision === undefined) {
    // It never departed: nothing is spent, it goes out again at once.
    return erased
      ? { settlement: unspent(row, 'cancelled', 'erased', 0, true), handovers: [cancelled], alerts: [] }
      : { settlement: unspent(row, 'waiting', 'retry', 0, false), handovers: [], alerts: [] };
  }
  const { verdict } = decision;
  const open = stateAfter(verdict) === 'waiting' || stateAfter(verdict) === 'pending';
  const state = erased && open ? 'cancelled' : stateAfter(verdict);
  const reason =
    state === 'cancelled' ? 'erased' : verdict.next === 'retry' ? 'outcome_unknown' : verdict.reason;
  const unknown: Handover = {
    entry: 'outcome_unknown',
    ...names,
    ...(call === undefined ? {} : { call: call.name }),
    actor: 'planner',
    outcome: 'unknown',
    reason: 'LEASE_LAPSED',
    nextStep: verdict.next,
  };
  const alert =
    verdict.next === 'hold' ? 'support_decides' : verdict.next === 'fail' ? 'delivery_failed' : undefined;
  return {
    settlement: {
      id: row.id,
      state,
      reason,
      afterMs:
        verdict.next === 'hold'
          ? row.expiresAt.getTime() - Date.now() + 86_400_000
          : 'afterMs' in verdict
            ? verdict.afterMs
            : 0,
      spend: true,
      maybeReceived: true,
      askFirst: verdict.next === 'retry' && verdict.lookup,
      leaveBatch: isEnd(state),
    },
    handovers: state === 'cancelled' ? [unknown, cancelled] : [unknown],
    alerts:
      alert === undefined || state === 'cancelled'
        ? []
        : [
            {
              kind: alert,
              clientId: row.clientId,
              destinationId: row.destinationId,
              deliveryId: row.id,
              reason: verdict.reason,
            },
          ],
  };
}

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

  const decisionFor = async (
    row: Delivery,
    spent: number,
    inForce: number,
    call: CallRow | undefined,
  ): Promise<Decision | undefined> => {
    if (row.departedAttempt !== row.attempt) return undefined;
    const mapping = (await published.version(inForce)) ?? (await published.version(row.sentMappingId));
    const plan =
      call === undefined
        ? undefined
        : (await published.version(call.sentMappingId))?.actions[row.action]?.calls?.find(
            (one) => one.name === call.name,
          );
    const policy = mapping?.retry ?? unknownPolicy;
    return decide(
      { kind: 'unknown', reason: 'LEASE_LAPSED' },
      {
        spent: spent + 1,
        circuitClosed: true,
        maybeReceived: true,
        hasLookup: plan?.hasLookup ?? mapping?.hasLookup ?? false,
        pendingSinceMs: 0,
      },
      plan === undefined ? policy : { ...policy, onUnknown: plan.onUnknown },
      Math.random,
    );
  };

  const recover = async (tx: Sql): Promise<number> => {
    const rows = await readDeliveries(tx, await lapsedLeases(tx, 10_000));
    if (rows.length === 0) return 0;
    const leads = await lockLeads(
      tx,
      rows.map((row) => row.leadId),
    );
    const inForce = new Map(
      (await allDestinations(tx)).map((one) => [one.id, one.mappingVersionId] as const),
    );
    const open = await openCalls(
      tx,
      rows.map((row) => row.id),
    );
    const settlements: Settlement[] = [];
    const handovers: Handover[] = [];
    const alerts: Alert[] = [];
    const batches = new Map<number, number>();
    const underWay = await lockUnderWay(
      tx,
      [...new Set(rows.map((row) => row.batchId))].filter((id) => id > 0),
    );
    const files = Map.groupBy(
      rows.filter((row) => row.batchId > 0),
      (row) => row.batchId,
    );
    for (const row of rows) {
      const erased = (leads.get(row.leadId)?.erased ?? true) && row.action !== 'erase';
      const call = row.departedAttempt === row.attempt ? open.get(row.id) : undefined;
      const decision = await decisionFor(
        row,
        spentOf(files.get(row.batchId) ?? [row]),
        inForce.get(row.destinationId) ?? 0,
        call,
      );
      const lapsed = afterLapse(row, decision, erased, call);
      const leaveBatch = lapsed.settlement.leaveBatch || !underWay.has(row.batchId);
      settlements.push({ ...lapsed.settlement, leaveBatch });
      handovers.push(...lapsed.handovers);
      alerts.push(...lapsed.alerts);
      if (!leaveBatch)
        batches.set(row.batchId, Math.max(lapsed.settlement.afterMs, batches.get(row.batchId) ?? 0));
    }
    await appendHandovers(tx, handovers);
    await markSettled(tx, settlements);
    await wakeSiblings(
      tx,
      rows.filter((_, index) => isEnd(settlements[index]?.state ?? 'waiting')),
    );
    await raiseAlerts(tx, alerts);
    for (const [batchId, afterMs] of batches) await retryBatch(tx, batchId, afterMs);
    return rows.length;
  };

  const reopenLogged = async (tx: Sql, ids: readonly number[]): Promise<number> => {
    const rows = await readDeliveries(tx, await reopenWithheld(tx, ids));
    await appendHandovers(
      tx,
      rows.map((row) => ({ entry: 'reopened' as const, ...entryNames(row), actor: 'planner' })),
    );
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
    reopenRepaired: async (now) => {
      let reopened = 0;
      for (const destination of await allDestinations(database)) {
        const mapping = await published.version(destination.mappingVersionId);
        if (mapping === undefined) continue;
        const all = (await readAuthorisations(database, [destination.id])).get(destination.id) ?? [];
        for (let after = 0; ;) {
          const ids = await withheldOfDestination(database, destination.id, repairable, 500, after);
          const repaired: number[] = [];
          for (const row of await readDeliveries(database, ids)) {
            const pinned = row.maybeReceived && row.sentMappingId > 0 ? row.sentMappingId : undefined;
            const usable = pinned === undefined || (await published.version(pinned)) !== undefined;
            if (usable && isRepaired(row, mapping, all, now)) repaired.push(row.id);
          }
          if (repaired.length > 0) reopened += await database.transaction((tx) => reopenLogged(tx, repaired));
          if (ids.length < 500) break;
          after = ids.at(-1) ?? 0;
        }
      }
      return reopened;
    },
    withholdUnusable: async () => {
      let count = 0;
      for (const destination of await allDestinations(database)) {
        if (destination.mappingVersionId === 0 || destination.status === 'archived') continue;
        if ((await published.version(destination.mappingVersionId)) !== undefined) continue;
        count += await database.transaction(async (tx) => {
          const rows = await readDeliveries(tx, await dueOfDestination(tx, destination.id, 500));
          await markSettled(
            tx,
            rows.map((row) => unspent(row, 'withheld', 'mapping_missing', 0, true)),
          );
          await appendHandovers(
            tx,
            rows.map((row) => ({
              entry: 'withheld' as const,
              ...entryNames(row),
              actor: 'planner',
              reason: 'mapping_missing',
            })),
          );
          if (rows.length > 0)
            await raiseAlerts(
              tx,
              await withoutRepeats(tx, [
                { kind: 'mapping_unusable', clientId: destination.clientId, destinationId: destination.id },
              ]),
            );
          return rows.length;
        });
      }
      return count;
    },
    watch: () => watchHouse(database, published),
    tidy: async () => {
      await dropSettledRevisions(database);
      await takeUpAside(database);
      const count = await freeStranded(database);
      if (count > 0) log.error('delivery.stranded', { count });
    },
  };
}
