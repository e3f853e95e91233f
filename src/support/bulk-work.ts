// Works one step of a bulk run: the next deliveries together, or each by itself where one makes the step fail.
// Invariant: a step's work and its progress are one transaction; a delivery that always fails stops no other.
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import {
  bulkItems,
  lockBulkRun,
  readBulkRun,
  saveBulkStep,
  dropBulkItems,
  markBulkDone,
  countBulkFailure,
  type BulkItem,
  type BulkRow,
  type BulkTally,
} from '../store/deliveries/bulk-runs.ts';
import { isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { readDeliveries } from '../store/deliveries/deliveries.ts';
import { backfillStep, leadsThatBreak } from './backfill.ts';
import {
  bulkStep,
  isRefusal,
  type BulkDeps,
  type BulkOrder,
  type BulkResult,
  type ItemResult,
} from './bulk-steps.ts';
import { closeAlertsWith } from '../store/alerts/tasks.ts';

/** A step takes less than a second; a process silent for this long counts as dead. */
export const leaseMs = 10_000;
/** Deliveries of one transaction: their leads are locked meanwhile. */
const stepSize = 100;
/** Numbers kept for each result. */
const mostIds = 50;
/** So many failures and none that passes: the error is no delivery's. */
const brokenAtMost = 8;

export interface RunDeps extends BulkDeps {
  readonly database: Database;
  readonly log: Log;
}

type Lease = Pick<BulkRow, 'id' | 'leaseToken'>;

export function orderOf({ kind, options }: Pick<BulkRow, 'kind' | 'options'>): BulkOrder {
  const { since, ...rest } = JSON.parse(options) as { since?: string };
  return { kind, ...rest, ...(since === undefined ? {} : { since: new Date(since) }) } as BulkOrder;
}

/** Works one step of a run under the caller's lease. Undefined where another process has the lease by now. */
export async function workStep(deps: RunDeps, lease: Lease): Promise<BulkRow | undefined> {
  return underLease(deps, lease, (tx, run) => stepTogether(tx, deps, run)).catch((error: unknown) => {
    if (isStoreTrouble(error)) throw error;
    return workApart(deps, lease, error);
  });
}

/** Works on a run while the caller has its lease; an ended run is returned unchanged. */
async function underLease(
  { database }: RunDeps,
  lease: Lease,
  work: (tx: Sql, run: BulkRow) => Promise<BulkRow>,
): Promise<BulkRow | undefined> {
  return database.transaction(async (tx) => {
    const run = await lockBulkRun(tx, lease.id);
    if (run === undefined || (run.state === 'running' && run.leaseToken !== lease.leaseToken))
      return undefined;
    if (run.state !== 'running') return run;
    const after = await work(tx, run);
    await saveBulkStep(tx, after, leaseMs);
    await noteGoingOn(tx, run);
    return after;
  });
}

async function stepTogether(tx: Sql, deps: BulkDeps, run: BulkRow): Promise<BulkRow> {
  const order = orderOf(run);
  if (order.kind === 'backfill') return stepOfLeads(tx, run, order);
  const items = await bulkItems(tx, run, stepSize);
  const after = await stepOfDeliveries(tx, deps, run, items);
  const lastId = items.at(-1)?.id ?? run.lastId;
  return items.length < stepSize ? ended({ ...after, lastId }) : { ...after, state: 'running', lastId };
}

/** Deliveries that retention deleted with their lead have left the list: they are counted without their numbers. */
function ended(run: BulkRow): BulkRow {
  const gone = Math.max(0, run.counted - run.done - run.refused);
  const { count, ids } = run.results['not_found'] ?? { count: 0, ids: [] };
  const results = gone === 0 ? run.results : { ...run.results, not_found: { count: count + gone, ids } };
  return { ...run, state: 'done', refused: run.refused + gone, results };
}

/** Processes these deliveries; the run continues with the rest. */
async function stepOfDeliveries(
  tx: Sql,
  deps: BulkDeps,
  run: BulkRow,
  items: readonly BulkItem[],
): Promise<BulkRow> {
  const order = orderOf(run);
  if (order.kind === 'backfill' || items.length === 0) return run;
  return tallied(tx, run, await bulkStep(tx, deps, { ...run, order }, items));
}

type BackfillOrder = Extract<BulkOrder, { kind: 'backfill' }>;

/** @param without leads that make it fail */
async function stepOfLeads(
  tx: Sql,
  run: BulkRow,
  order: BackfillOrder,
  without: readonly number[] = [],
): Promise<BulkRow> {
  const by = { actor: run.actor, reason: run.reason };
  const { lastId: after, done } = run;
  const { count, last, hasMoved } = await backfillStep(tx, order, by, { after, done }, { without });
  const left = hasMoved ? Math.max(0, run.counted - done - run.refused) : 0;
  const tally = (result: BulkResult, more: number): BulkRow['results'] => {
    const sum = (run.results[result]?.count ?? 0) + more;
    return sum === 0 && result !== 'handed_over' ? {} : { [result]: { count: sum, ids: [] } };
  };
  return {
    ...run,
    state: last === undefined ? 'done' : 'running',
    done: done + count,
    refused: run.refused + without.length + left,
    results: {
      ...tally('handed_over', count),
      ...tally('broken', without.length),
      ...tally('client_moved', left),
    },
    lastId: last ?? after,
  };
}

/** Repeats a failed step of a backfill without the leads that made it fail. @throws the error as `workApart` does */
async function backfillApart(
  deps: RunDeps,
  lease: Lease,
  asked: BulkRow,
  order: BackfillOrder,
  error: unknown,
): Promise<BulkRow | undefined> {
  const by = { actor: asked.actor, reason: asked.reason };
  const { lastId: after, done } = asked;
  const { passed, broken } = await leadsThatBreak(deps.database, order, by, { after, done });
  const isEverybodys = passed === 0 && (broken.length >= brokenAtMost || asked.failures + 1 < tellAfter);
  if (broken.length === 0 || isEverybodys) throw error;
  const ids = broken.flatMap(({ unit }) => unit.ids);
  const code = foreignCode(broken[0]?.error);
  return underLease(deps, lease, async (tx, run) => {
    for (const lead of ids) deps.log.error('delivery.broken', { loop: 'bulk', run: run.id, lead, code });
    const { destinationId } = order;
    await raiseAlerts(tx, [{ kind: 'internal_error', destinationId, reason: `${reasonOf(run.id)}:${code}` }]);
    return stepOfLeads(tx, run, order, ids);
  });
}

interface Broken {
  readonly item: BulkItem;
  readonly error: unknown;
}

/**
 * Repeats a failed step with each delivery in a transaction of its own. Those that fail again are refused where others
 * passed, or where nothing has passed for several steps and they are few.
 * @throws the error where it seems to be no delivery's, or the database's
 */
async function workApart(deps: RunDeps, lease: Lease, error: unknown): Promise<BulkRow | undefined> {
  const asked = await readBulkRun(deps.database, lease.id);
  if (asked === undefined) throw error;
  // A mistake in the order itself is no delivery's fault: it throws here again.
  const order = orderOf(asked);
  if (order.kind === 'backfill') return backfillApart(deps, lease, asked, order, error);
  const broken: Broken[] = [];
  let last: BulkRow | undefined;
  for (const item of await bulkItems(deps.database, asked, stepSize)) {
    const alone = await underLease(deps, lease, (tx, run) => stepOfDeliveries(tx, deps, run, [item])).catch(
      (reason: unknown): Broken => {
        if (isStoreTrouble(reason)) throw reason;
        return { item, error: reason };
      },
    );
    if (alone !== undefined && 'item' in alone) broken.push(alone);
    else if (alone?.state !== 'running') return alone;
    else last = alone;
    if (last === undefined && broken.length >= brokenAtMost) throw error;
  }
  if (last === undefined && broken.length === 0) throw error;
  if (broken.length === 0) return last;
  const hasPassed = last !== undefined;
  return underLease(deps, lease, (tx, run) => {
    if (!hasPassed && run.failures + 1 < tellAfter) throw error;
    return refuseBroken(tx, deps, run, broken);
  });
}

async function refuseBroken(
  tx: Sql,
  { log }: RunDeps,
  run: BulkRow,
  broken: readonly Broken[],
): Promise<BulkRow> {
  const rows = new Map(
    (
      await readDeliveries(
        tx,
        broken.map(({ item }) => item.id),
      )
    ).map((row) => [row.id, row]),
  );
  for (const { item, error } of broken) {
    const code = foreignCode(error);
    log.error('delivery.broken', { loop: 'bulk', run: run.id, delivery: item.id, code });
    const { clientId = '', destinationId = '' } = rows.get(item.id) ?? {};
    await raiseAlerts(tx, [
      {
        kind: 'internal_error',
        clientId,
        destinationId,
        deliveryId: item.id,
        reason: `${reasonOf(run.id)}:${code}`,
      },
    ]);
  }
  return tallied(
    tx,
    run,
    broken.map(({ item }) => ({ id: item.id, result: 'broken' as const })),
  );
}

/** Counts the results; refused deliveries leave the list, the others stay on it as done. */
async function tallied(tx: Sql, run: BulkRow, results: readonly ItemResult[]): Promise<BulkRow> {
  const idsOf = (all: readonly ItemResult[] | undefined): readonly number[] =>
    (all ?? []).map(({ id }) => id);
  const { refused, done } = Object.groupBy(results, ({ result }) => (isRefusal(result) ? 'refused' : 'done'));
  await dropBulkItems(tx, run.id, idsOf(refused));
  await markBulkDone(tx, run.id, idsOf(done));
  return {
    ...run,
    done: run.done + (done?.length ?? 0),
    refused: run.refused + (refused?.length ?? 0),
    results: withTally(run.results, results),
  };
}

function withTally(before: BulkRow['results'], results: readonly ItemResult[]): BulkRow['results'] {
  const all = new Map<string, BulkTally>(Object.entries(before));
  for (const { id, result } of results) {
    const { count, ids } = all.get(result) ?? { count: 0, ids: [] };
    all.set(result, { count: count + 1, ids: ids.length < mostIds ? [...ids, id] : ids });
  }
  return Object.fromEntries(all);
}

// Counts failing steps of a bulk run, and raises an alert after several in a row.
// Invariant: the run stays: its cause may be repaired, and a step that passes ends the count and the alert.

/** Failures in a row before the alert: a process killed in mid-step is followed by a step that passes. */
const tellAfter = 3;

export const reasonOf = (id: number): string => `BULK_RUN_${id}`;

/** A fault of MySQL itself has its own alert, and stops every run alike. */
export async function noteFailedStep(
  database: Database,
  run: Pick<BulkRow, 'id' | 'leaseToken'>,
  error: unknown,
): Promise<void> {
  if (isStoreTrouble(error)) return;
  const code = foreignCode(error);
  await database.transaction(async (tx) => {
    if ((await countBulkFailure(tx, run, code)) === tellAfter)
      await raiseAlerts(tx, [{ kind: 'bulk_stuck', reason: `${reasonOf(run.id)}:${code}` }]);
  });
}

/** The run continues or has ended: its alert is closed. */
export async function noteGoingOn(
  tx: Sql,
  { id, failures }: Pick<BulkRow, 'id' | 'failures'>,
): Promise<void> {
  if (failures >= tellAfter) await closeAlertsWith(tx, 'bulk_stuck', reasonOf(id));
}
