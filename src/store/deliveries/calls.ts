// Stores the calls of deliveries that need several: the outcome of each, and the ids the recipient gave.
// Invariant: only the process that leases the delivery writes, in the transaction that departs or settles it.
import type { Action, Captured, OutcomeKind } from '../../../connectors/contract.ts';
import { allAs, type Sql } from '../database.ts';
import { type Stored, fromStored, insertRows } from '../columns.ts';

/** The stored state of one call of one delivery. */
export interface CallRow {
  readonly deliveryId: number;
  readonly name: string;
  /** Run and attempt of its last departure. */
  readonly run: number;
  readonly attempt: number;
  readonly sentRevision: number;
  readonly sentMappingId: number;
  /** Empty while the call is under way. */
  readonly outcome: OutcomeKind | '';
  readonly maybeReceived: boolean;
  readonly done: boolean;
  readonly captures: Captured;
}

/** A delivery with its calls; one that departed and has none was a single call. */
export interface CalledDelivery {
  readonly id: number;
  readonly action: Action;
  readonly departures: number;
  readonly calls: readonly CallRow[];
}

const columns = `c.delivery_id AS deliveryId, c.name, c.run, c.attempt, c.sent_revision AS sentRevision,
  c.sent_mapping_id AS sentMappingId, c.outcome, c.maybe_received AS maybeReceived, c.done, c.captures`;
type StoredCall = Omit<Stored<CallRow>, 'captures'> & { readonly captures: string | null };
const readCall = fromStored<CallRow>('maybeReceived', 'done');

const callOf = ({ captures, ...row }: StoredCall): CallRow =>
  readCall({ ...row, captures: captures === null ? {} : (JSON.parse(captures) as Captured) });

/** Every delivery of a lead to a destination with its calls, oldest first. */
export async function readCalls(
  sql: Sql,
  leadId: number,
  destinationId: string,
): Promise<readonly CalledDelivery[]> {
  const rows = await sql.all<
    Pick<CalledDelivery, 'id' | 'action' | 'departures'> & {
      [Name in keyof StoredCall]: StoredCall[Name] | null;
    }
  >(
    `SELECT d.id, d.action, d.departures, ${columns}
       FROM deliveries d FORCE INDEX (deliveries_lead) LEFT JOIN delivery_calls c ON c.delivery_id = d.id
      WHERE d.lead_id = ? AND d.destination_id = ? ORDER BY d.id, c.departed_at, c.attempt`,
    [leadId, destinationId],
  );
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { id, action, departures } = first;
    const calls = group.flatMap(({ id: _id, action: _action, departures: _departures, ...call }) =>
      call.name === null ? [] : [callOf(call as StoredCall)],
    );
    return [{ id, action, departures, calls }];
  });
}

/** Calls whose last departure has no outcome: under way, or cut off. */
export async function openCalls(
  sql: Sql,
  deliveryIds: readonly number[],
): Promise<ReadonlyMap<number, CallRow>> {
  const calls = await allAs(
    sql,
    callOf,
    `SELECT ${columns} FROM delivery_calls c WHERE c.delivery_id IN (?) AND c.outcome = ''`,
    [deliveryIds],
  );
  return new Map(calls.map((call) => [call.deliveryId, call]));
}

export interface CallDeparture extends Pick<
  CallRow,
  'deliveryId' | 'name' | 'run' | 'attempt' | 'sentRevision' | 'sentMappingId'
> {
  readonly leadId: number;
  readonly destinationId: string;
}

/** Records that calls depart; the caller appends `departed` in the same transaction. */
export const noteCallDepartures = (tx: Sql, calls: readonly CallDeparture[]): Promise<void> =>
  insertRows(
    tx,
    'delivery_calls',
    calls,
    `run = VALUES(run), attempt = VALUES(attempt), sent_revision = VALUES(sent_revision),
       sent_mapping_id = VALUES(sent_mapping_id), departures = departures + 1, departed_at = VALUES(departed_at), outcome = ''`,
    { departures: '1', departedAt: 'UTC_TIMESTAMP(3)' },
  );

/** The outcome of a call: never empty. */
export interface CallOutcome extends Omit<
  CallRow,
  keyof Omit<CallDeparture, 'deliveryId' | 'name'> | 'outcome'
> {
  readonly outcome: OutcomeKind;
}

/** Records the outcomes of calls; ids captured earlier remain when an answer gives none. */
export async function noteCallOutcomes(tx: Sql, calls: readonly CallOutcome[]): Promise<void> {
  for (const call of calls) {
    const captures = Object.keys(call.captures).length === 0 ? null : JSON.stringify(call.captures);
    await tx.run(
      `UPDATE delivery_calls SET outcome = ?, maybe_received = ?, done = ?, captures = COALESCE(?, captures), settled_at = UTC_TIMESTAMP(3)
        WHERE delivery_id = ? AND name = ?`,
      [call.outcome, call.maybeReceived ? 1 : 0, call.done ? 1 : 0, captures, call.deliveryId, call.name],
    );
  }
}

/**
 * Queues deliveries whose next call leaves at once. The caller has settled them.
 * @param tries `afresh`: the call has a schedule of its own; `goes_on`: it was tried before
 */
export async function queueNextCalls(
  tx: Sql,
  ids: readonly number[],
  tries: 'afresh' | 'goes_on',
): Promise<void> {
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET queued_at = UTC_TIMESTAMP(3), ${tries === 'afresh' ? 'spent = 0, ' : ''}pending_since = NULL WHERE id IN (?) AND state = 'queued'`,
    [ids],
  );
}

/**
 * Resets a delivery that is sent again as a whole: every call is made again. Captured ids remain until new ones come.
 * @param asked names of the calls whose look-up is asked before
 */
export async function restartCalls(
  tx: Sql,
  deliveryId: number,
  asked: readonly string[] = [],
): Promise<void> {
  // The empty name, which no call has: SQL knows no empty list.
  await tx.run(
    'UPDATE delivery_calls SET maybe_received = IF(done = 1 AND name IN (?), 1, 0), done = 0 WHERE delivery_id = ?',
    [['', ...asked], deliveryId],
  );
}

/** Deletes the ids a recipient gave for leads it has erased. */
export async function forgetCaptures(
  tx: Sql,
  pairs: readonly { readonly leadId: number; readonly destinationId: string }[],
): Promise<void> {
  for (const pair of pairs)
    await tx.run('UPDATE delivery_calls SET captures = NULL WHERE lead_id = ? AND destination_id = ?', [
      pair.leadId,
      pair.destinationId,
    ]);
}
