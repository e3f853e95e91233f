// Counts the outcomes of deliveries per hour, from the sealed log, for the plots of a destination.
// Invariant: each entry is counted once, by whichever process and however often one dies; entries older than the plots are left out.
import { endOf } from '../../domain/delivery.ts';
import { stepOf } from '../../domain/time-scale.ts';
import type { Database, Sql } from '../../store/database.ts';
import {
  addHourCounts,
  endingEntriesBetween,
  lockCountedSeal,
  moveCountedSeal,
  sealBefore,
  type EndingEntry,
  type HourCount,
} from '../../store/destinations/destination-hours.ts';
import { sealsFrom } from '../../store/log/event-feed.ts';

/** The plots show thirty days; two more, since a day in Paris begins before the one in UTC. */
export const keptDays = 32;
const sealsAtOnce = 10;
const hourMs = 3_600_000;

/** Returns whether there may be more. */
export const countHours = (database: Database): Promise<boolean> =>
  database.transaction(async (tx) => {
    const place = await lockCountedSeal(tx);
    const counted = place === 0 ? await sealBefore(tx, keptDays) : place;
    const seals = await sealsFrom(tx, counted + 1, sealsAtOnce);
    const last = seals.at(-1);
    if (last === undefined) return false;
    const entries: EndingEntry[] = [];
    for (const { entries: ranges } of seals)
      for (const range of ranges.split(',').filter(Boolean)) {
        const [from = 0, to = from] = range.split('-').map(Number);
        entries.push(...(await endingEntriesBetween(tx, from, to)));
      }
    await addHourCounts(tx, countsOf(entries, oldestHour(tx)));
    await moveCountedSeal(tx, last.sequence);
    return seals.length === sealsAtOnce;
  });

const oldestHour = (tx: Sql): number => tx.now().getTime() - keptDays * 24 * hourMs;

/** One row for each destination, hour, end and step, in the order of the key, so that two that count never wait crosswise. */
function countsOf(entries: readonly EndingEntry[], oldest: number): readonly HourCount[] {
  const counts = new Map<string, HourCount>();
  for (const entry of entries) {
    const what = endOf(entry.entry, entry.nextStep);
    if (what === undefined || entry.at.getTime() < oldest) continue;
    const hour = new Date(Math.floor(entry.at.getTime() / hourMs) * hourMs);
    const step = what === 'delivered' ? stepOfEntry(entry) : 0;
    const { destinationId } = entry;
    const key = `${destinationId} ${hour.toISOString()} ${what} ${String(step).padStart(5, '0')}`;
    counts.set(key, { destinationId, hour, what, step, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
}

/** From when it was due, planned or opened again, to the recipient's yes. */
function stepOfEntry({ at, plannedAt, reopenedAt }: EndingEntry): number {
  const isOfThisRun = reopenedAt !== null && reopenedAt.getTime() <= at.getTime();
  const due = isOfThisRun ? reopenedAt : plannedAt;
  return due === null ? 0 : stepOf(Math.max(0, at.getTime() - due.getTime()));
}
