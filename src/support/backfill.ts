// Older leads of a client for a destination that came later: handed to the planner in steps.
// Invariant: a step is one transaction, so that a large client never holds the planner's tables; begun and ended in the log.
import { RelaisError } from '../errors.ts';
import type { Sql } from '../store/database.ts';
import { findDestination, type Destination } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { addBackfill } from '../store/support-writes.ts';
import type { Actor } from './replay.ts';

/** Leads looked at in one transaction. */
const stepSize = 2_000;

export interface Backfill {
  readonly destinationId: string;
  /** Leads created since. */
  readonly since: Date;
}

/** @throws FIND-001 */
export async function noteBackfillBegun(tx: Sql, { destinationId }: Backfill, by: Actor): Promise<void> {
  await note(tx, await existing(tx, destinationId), by, 'begun');
}

/** `last` is the highest lead looked at; undefined when there are no more, which the log notes with the count. */
export async function backfillStep(
  tx: Sql,
  { destinationId, since }: Backfill,
  by: Actor,
  progress: { readonly after: number; readonly done: number },
): Promise<{ readonly count: number; readonly last: number | undefined }> {
  const destination = await existing(tx, destinationId);
  const { after } = progress;
  const step = await addBackfill(tx, destination.clientId, destinationId, since, { after, limit: stepSize });
  if (step.last === undefined) await note(tx, destination, by, String(progress.done));
  return step;
}

async function existing(tx: Sql, destinationId: string): Promise<Destination> {
  const destination = await findDestination(tx, destinationId);
  if (destination === undefined)
    throw new RelaisError('FIND-001', `No destination is called ${destinationId}.`);
  return destination;
}

const note = (tx: Sql, { id, clientId }: Destination, by: Actor, reason: string): Promise<void> =>
  appendHandovers(tx, [
    { entry: 'backfilled', clientId, destinationId: id, actor: by.actor, purpose: by.reason, reason },
  ]);
