// Plans a client's older leads for a newer destination, in steps.
// Invariant: a step is one transaction, so that a large client never locks the planner's tables for long; begin and end are in the log.
import { bisectRows, type RowSet } from '../delivery/trip/quarantine.ts';
import type { Bisected } from '../domain/bisect.ts';
import { lockClients } from '../store/client-locks.ts';
import type { Database, Sql } from '../store/database.ts';
import type { Destination } from '../store/destinations/destinations.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { countBackfill } from '../store/leads/support-leads.ts';
import { addBackfill, leadsToBackfill, type BackfillPart } from '../store/deliveries/support-writes.ts';
import type { Which } from '../store/named-rows.ts';
import { existingDestination as existing } from './reads/filter.ts';
import type { Actor } from './replay.ts';

/** Leads of one transaction. */
const stepSize = 2_000;

export interface Backfill {
  readonly destinationId: string;
  /** Leads created since. */
  readonly since: Date;
}

/** How many leads it would hand to the planner. @throws FIND-001 */
export async function countOfBackfill(sql: Sql, { destinationId, since }: Backfill): Promise<number> {
  const { clientId } = await existing(sql, destinationId);
  return countBackfill(sql, clientId, destinationId, since);
}

/** @throws FIND-001 */
export async function noteBackfillBegun(tx: Sql, { destinationId }: Backfill, by: Actor): Promise<void> {
  await note(tx, await existing(tx, destinationId), by, 'begun');
}

interface BackfillProgress {
  /** The last lead processed. */
  readonly after: number;
  readonly done: number;
}

/**
 * `last` is the highest lead processed; undefined when there are no more, which the log notes with the count, or where the client has
 * moved: its leads are backfilled there.
 */
export async function backfillStep(
  tx: Sql,
  order: Backfill,
  by: Actor,
  { after, done }: BackfillProgress,
  which: Which = { without: [] },
): Promise<{ readonly count: number; readonly last: number | undefined; readonly hasMoved: boolean }> {
  const destination = await existing(tx, order.destinationId);
  const { clientId } = destination;
  const hasMoved = (await lockClients(tx, [clientId], 'shared', 'taken')).get(clientId)?.moved === true;
  if (hasMoved) return { count: 0, last: undefined, hasMoved };
  const step = await addBackfill(tx, partOf(destination, order, after), which);
  if (step.last === undefined) await note(tx, destination, by, String(done));
  return { ...step, hasMoved };
}

/** Bisects a failing step and returns the leads that make it fail. @throws the error when it occurs without any of them */
export async function leadsThatBreak(
  database: Database,
  order: Backfill,
  by: Actor,
  progress: BackfillProgress,
): Promise<Bisected<RowSet, never>> {
  const attempt = async (among: readonly number[]): Promise<readonly never[]> => {
    await database.transaction((tx) => backfillStep(tx, order, by, progress, { among }), {
      undoIf: () => true,
    });
    return [];
  };
  await attempt([]);
  const destination = await existing(database, order.destinationId);
  const ids = await leadsToBackfill(database, partOf(destination, order, progress.after));
  return bisectRows(
    ids.map((id) => ({ ids: [id] })),
    attempt,
  );
}

const partOf = ({ clientId }: Destination, order: Backfill, after: number): BackfillPart => ({
  clientId,
  after,
  limit: stepSize,
  destinationId: order.destinationId,
  since: order.since,
});

const note = (tx: Sql, { id, clientId }: Destination, by: Actor, reason: string): Promise<void> =>
  appendHandovers(tx, [
    { entry: 'backfilled', clientId, destinationId: id, actor: by.actor, purpose: by.reason, reason },
  ]);
