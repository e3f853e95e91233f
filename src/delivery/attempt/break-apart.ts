// Rows that break the departure or the outcome of their file whatever is tried: found by halving, in trials that are undone.
// Invariant: the other rows leave, or end, together and under the one number; of a row that is left without its outcome the log holds
// what its file came to, and lease recovery settles it by that.
import { foreignCode } from '../../errors.ts';
import { raiseBroken } from '../../store/broken-alerts.ts';
import { isStoreTrouble } from '../../store/database.ts';
import { appendHandovers } from '../../store/handovers.ts';
import type { Departure } from './departure-entries.ts';
import { tryDeparture } from './departure.ts';
import { brokenAtMost, halved, type Broken, type RowSet } from './halving.ts';
import { outcomeEntry } from './outcome-effects.ts';
import { recordEnds, tryEnd } from './record-outcome.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { DelivererOptions } from './trip.ts';
import type { Recorded, TripEnd } from './trip-end.ts';

interface OneRow extends RowSet {
  readonly row: ClaimedDelivery;
}

const unitsOf = (rows: readonly ClaimedDelivery[]): readonly OneRow[] =>
  rows.map((row) => ({ ids: [row.id], row }));

/** The rows without which the others would depart. @throws the error where no row breaks it alone, or all of them do */
export async function breakingDeparture(
  { database, masterKeys }: Pick<DelivererOptions, 'database' | 'masterKeys'>,
  { keep: _keep, ...departure }: Departure,
  error: unknown,
): Promise<readonly Broken<OneRow>[]> {
  const { passed, broken } = await halved(
    unitsOf(departure.ready.map((prepared) => prepared.row)),
    async (ids) => {
      const ready = departure.ready.filter(({ row }) => ids.includes(row.id));
      await tryDeparture(database, masterKeys, { ...departure, ready });
      return [];
    },
  );
  if (broken.length === 0 || (passed === 0 && broken.length >= brokenAtMost)) throw error;
  return broken;
}

const taken: ReadonlySet<string> = new Set(['accepted', 'duplicate', 'unconfirmed']);

/**
 * Records what a file came to without the rows that break that; for them it is in the log, as an answer that came late.
 * @throws the error where that would leave a row in doubt: it is not the database's, no row breaks it alone, or the file goes on
 */
export async function recordWithoutBroken(
  { database, log }: Pick<DelivererOptions, 'database' | 'log'>,
  random: () => number,
  end: TripEnd,
  error: unknown,
): Promise<Recorded> {
  const { attempted } = end;
  const isLeft = attempted?.batchId !== undefined && taken.has(attempted.outcome.kind);
  if (attempted === undefined || !isLeft || attempted.rows.length < 2 || isStoreTrouble(error)) throw error;
  const { passed, broken } = await halved(unitsOf(attempted.rows), async (ids) => {
    await tryEnd(database, random, {
      attempted: { ...attempted, rows: attempted.rows.filter(({ id }) => ids.includes(id)) },
    });
    return [];
  });
  if (broken.length === 0 || passed === 0) throw error;
  const late = broken.map(({ unit }) => unit.row);
  await database.transaction((tx) =>
    appendHandovers(
      tx,
      late.map((row) => ({ entry: 'late' as const, ...outcomeEntry(row, attempted) })),
    ),
  );
  for (const { unit, error: own } of broken) {
    const { clientId, destinationId, id: deliveryId } = unit.row;
    const code = foreignCode(own);
    log.error('delivery.broken', {
      loop: 'SETTLEMENT',
      destination: destinationId,
      delivery: deliveryId,
      code,
    });
    await raiseBroken(database, { clientId, destinationId, deliveryId, step: 'SETTLEMENT', code });
  }
  const rows = attempted.rows.filter((row) => !late.includes(row));
  const [recorded] = await recordEnds(database, random, [{ ...end, attempted: { ...attempted, rows } }]);
  if (recorded === undefined) throw error;
  return recorded;
}
