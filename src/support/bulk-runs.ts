// Manages bulk runs: begun by a person, worked step by step by the process with the lease, ended or cancelled.
// Invariant: a step's work and its progress are one transaction; a process that dies loses no finished step.
import { setTimeout as pause } from 'node:timers/promises';
import type { DeliveryFilter } from '../domain/delivery-filter.ts';
import { RelaisError } from '../errors.ts';
import { unknownRun } from '../errors/unknown.ts';
import {
  anyBulkRun,
  bulkItems,
  dropEndedBulkRuns,
  endBulkRun,
  insertBulkItems,
  insertBulkRun,
  lockBulkRun,
  readBulkRun,
  releaseBulkRun,
  setBulkState,
  takeBulkRun,
  type BulkItem,
  type BulkRow,
} from '../store/deliveries/bulk-runs.ts';
import type { Database, ReadOnlySql, Sql } from '../store/database.ts';
import { readDeliveries } from '../store/deliveries/deliveries.ts';
import { refuseNames } from '../store/people/persons-names.ts';
import { noteFailedStep, noteGoingOn, leaseMs, workStep, type RunDeps } from './bulk-work.ts';
import { noteBackfillBegun } from './backfill.ts';
import type { BulkOrder } from './bulk-steps.ts';
import type { Actor } from './replay.ts';
import { closingText } from './typed-text.ts';
import type { Scope } from './place.ts';

export type { BulkRow } from '../store/deliveries/bulk-runs.ts';

/** Ended runs are kept for longer than a year; the log keeps their changes to deliveries for ever. */
const keptDays = 400;
/** Interval between looks at a run that another process works. */
const lookAgainMs = 500;

interface RunAsked {
  readonly order: BulkOrder;
  readonly by: Actor;
  /** For later readers of the run. */
  readonly filter: DeliveryFilter | { readonly deliveries: readonly string[] };
  /** The counted and confirmed deliveries. */
  readonly deliveries: readonly BulkItem[];
  /** Expected number, where `deliveries` does not give it. */
  readonly counted?: number;
}

/** Records a run, leased to the caller. It takes exactly the named deliveries; a backfill finds its leads itself. */
export async function beginRunIn(tx: Sql, asked: RunAsked): Promise<BulkRow> {
  const { by, deliveries } = asked;
  const { order } = asked;
  const { kind, ...options } = order;
  if (order.kind === 'close') closingText({ ...by, ...order });
  await refuseNamesOn(tx, deliveries, 'evidence' in order ? `${by.reason} ; ${order.evidence}` : by.reason);
  const once = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  const id = await insertBulkRun(
    tx,
    {
      kind,
      filter: JSON.stringify(asked.filter),
      options: JSON.stringify(options),
      actor: by.actor,
      reason: by.reason,
      counted: asked.counted ?? once.size,
    },
    leaseMs,
  );
  await insertBulkItems(
    tx,
    id,
    [...once.values()].sort((a, b) => a.id - b.id),
  );
  if (asked.order.kind === 'backfill') await noteBackfillBegun(tx, asked.order, by);
  return readRun(tx, id);
}

/** @throws USAGE-001 where the text names a person of these deliveries */
async function refuseNamesOn(tx: Sql, deliveries: readonly BulkItem[], text: string): Promise<void> {
  for (let start = 0; start < deliveries.length; start += 1_000) {
    const ids = deliveries.slice(start, start + 1_000).map(({ id }) => id);
    const leadIds = (await readDeliveries(tx, ids)).map(({ leadId }) => leadId);
    await refuseNames(tx, leadIds, text);
  }
}

/** Works a run to its end. While another process works it, follows that one; once its lease ends, takes the run. */
export async function workRun(
  deps: RunDeps,
  run: Pick<BulkRow, 'id' | 'leaseToken'>,
  onStep: (run: BulkRow) => void = () => undefined,
): Promise<BulkRow> {
  for (let lease = run; ;) {
    const own = await workStep(deps, lease);
    const now = own ?? (await readRun(deps.database, run.id));
    onStep(now);
    if (now.state !== 'running') return now;
    if (own !== undefined) continue;
    lease = (await deps.database.transaction((tx) => takeBulkRun(tx, leaseMs, { id: run.id }))) ?? lease;
    if (now.isLeased) await pause(lookAgainMs);
  }
}

/** Removes runs that ended long ago. */
export const dropEndedRuns = (database: Database): Promise<number> => dropEndedBulkRuns(database, keptDays);

/** @throws FIND-001 */
export const readRun = async (sql: ReadOnlySql, id: number): Promise<BulkRow> =>
  existingRow(await readBulkRun(sql, id), id);

/**
 * Works one step of the run that has waited longest without a process, for a planner. True where there may be more.
 * It then sleeps as long as the step took: fresh leads have the database for half of the time.
 */
export async function workAnyRun(deps: RunDeps): Promise<boolean> {
  if (!(await anyBulkRun(deps.database))) return false;
  const run = await deps.database.transaction((tx) => takeBulkRun(tx, leaseMs));
  if (run === undefined) return false;
  const startedAt = performance.now();
  await workStep(deps, run).catch(async (error: unknown) => {
    await noteFailedStep(deps.database, run, error);
    throw error;
  });
  await releaseBulkRun(deps.database, run);
  await pause(Math.min(performance.now() - startedAt, lookAgainMs));
  return true;
}

/** Leases a run to the caller where no process works it. @throws FIND-001, BULK-001 */
export async function resumeRun(database: Database, id: number): Promise<BulkRow> {
  const taken = await database.transaction(async (tx) => {
    if ((await lockBulkRun(tx, id))?.state === 'paused') await setBulkState(tx, id, 'running');
    return takeBulkRun(tx, leaseMs, { id });
  });
  if (taken !== undefined) return taken;
  const run = await readRun(database, id);
  refuseEnded(run);
  // Another process works it: without a token of ours, it is only watched.
  return { ...run, leaseToken: 0 };
}

function refuseEnded({ id, state }: BulkRow): void {
  if (state === 'done' || state === 'cancelled')
    throw new RelaisError(
      'BULK-001',
      state === 'done'
        ? [`Le traitement groupé ${id} est déjà fini.`, `Bulk run ${id} is done already.`]
        : [`Le traitement groupé ${id} est déjà annulé.`, `Bulk run ${id} is cancelled already.`],
    );
}

/**
 * Pauses a run, or continues it. The current step ends first: its process has locked the row.
 * @throws FIND-001, BULK-001
 */
export async function pauseRun(
  database: Database,
  id: number,
  state: 'paused' | 'running',
  also: AlsoRun = () => Promise.resolve(),
): Promise<BulkRow> {
  return changeRun(database, id, also, async (tx, run) => {
    if (run.state === state) return;
    await setBulkState(tx, id, state);
    await noteGoingOn(tx, run);
  });
}

/** Further work in the same transaction, with the changed run. */
type AlsoRun = (tx: Sql, run: BulkRow) => Promise<void>;

const changeRun = (database: Database, id: number, also: AlsoRun, change: AlsoRun): Promise<BulkRow> =>
  database.transaction(async (tx) => {
    const run = existingRow(await lockBulkRun(tx, id), id);
    refuseEnded(run);
    await change(tx, run);
    const now = await readRun(tx, id);
    await also(tx, now);
    return now;
  });

/** Ends a run; its finished deliveries stay. @throws FIND-001, BULK-001, USAGE-001 where the reason names a person of the others */
export async function cancelRun(
  database: Database,
  id: number,
  by: Actor,
  also: AlsoRun = () => Promise.resolve(),
): Promise<BulkRow> {
  return changeRun(database, id, also, async (tx, run) => {
    await refuseNamesOn(tx, await bulkItems(tx, run, run.counted), by.reason);
    await endBulkRun(tx, id, by);
    await noteGoingOn(tx, run);
  });
}

function existingRow(run: BulkRow | undefined, id: number): BulkRow {
  if (run === undefined) throw unknownRun(id);
  return run;
}

// Limits bulk runs to those that were narrowed to the reader's client, or all for the centre.
// Invariant: another client's run is answered as if it did not exist.

/** The order for people: names of a filter, or ids. */
export const filterOf = ({ filter }: Pick<BulkRow, 'filter'>): Readonly<Record<string, unknown>> =>
  JSON.parse(filter) as Readonly<Record<string, unknown>>;

/** @throws FIND-001 */
export function seenRun(scope: Scope, id: number, run: BulkRow | undefined): BulkRow {
  if (run === undefined || !isRunSeen(scope, run)) throw unknownRun(id);
  return run;
}

export const isRunSeen = ({ clientId }: Scope, run: Pick<BulkRow, 'filter'>): boolean =>
  clientId === undefined || filterOf(run)['client'] === clientId;
