// The part of the checker that counts what was in flight at once: per lead, per destination, per minute.
// Invariant: an attempt is open from its `departed` to its outcome in the log's order; one counts for a limit while its lease is alive.
import type { Entry, Ledgers } from './ledgers.ts';
import { fetchedId } from './mappings.ts';

export const settledEntries: ReadonlySet<string> = new Set(['outcome', 'outcome_unknown']);
/** Who comes for its leads may answer when its lease is over and nobody has seen that yet: the late answer is the outcome. */
export const isAnswer = ({ entry, destination }: Entry): boolean =>
  settledEntries.has(entry) || (entry === 'late' && destination === fetchedId);
export const attemptOf = (one: Entry): string => `${one.deliveryId}/${one.run}/${one.attempt}`;

/** A departure while another delivery of the same lead and destination is still open. */
export function inFlight(entries: readonly Entry[]): readonly string[] {
  const found: string[] = [];
  const open = new Map<string, number>();
  for (const one of entries) {
    const pair = `${one.leadId} ${one.destination}`;
    const other = open.get(pair);
    if (one.entry === 'departed') {
      if (other !== undefined && other !== one.deliveryId)
        found.push(`${one.destination} ${other}/${one.deliveryId}`);
      open.set(pair, one.deliveryId);
    } else if (isAnswer(one) && other === one.deliveryId) open.delete(pair);
  }
  return found;
}

export function limitsPassed({ entries, receipts, limits, heldMs }: Ledgers): readonly string[] {
  return Object.entries(limits).flatMap(([destination, limit]) => {
    const mine = entries.filter((one) => one.destination === destination);
    const most = peak(mine, heldMs);
    const busiest = busiestMinute(
      receipts.filter((one) => one.destination === destination).map((one) => one.at),
    );
    return [
      ...(limit?.concurrency !== undefined && most > limit.concurrency
        ? [`${destination}: ${most} in flight, ${limit.concurrency} allowed`]
        : []),
      // Two windows of the gateway may touch in one minute of the recipient's.
      ...(limit?.perMinute !== undefined && busiest > 2 * limit.perMinute
        ? [`${destination}: ${busiest} in a minute, ${limit.perMinute} allowed`]
        : []),
    ];
  });
}

/**
 * Attempts open at once, a file counting as one. A worker whose lease lapsed may still be sending: nobody can know. One that is stopped
 * while it settles holds its row beyond its lease, and the outcome comes after departures of others though the send was over long
 * before: an attempt counts for as long as its lease lasts surely, and no send is longer.
 */
function peak(entries: readonly Entry[], heldMs: number): number {
  const name = (one: Entry): string =>
    one.batchId > 0 ? `file ${one.batchId}` : `${one.deliveryId}/${one.run}/${one.attempt}`;
  // A late answer is believed when the lease that lapsed is recovered: then there is no unknown outcome.
  const lapsed = new Set(
    entries.filter((one) => one.entry === 'outcome_unknown' || one.entry === 'late').map(name),
  );
  const open = new Map<string, number>();
  let most = 0;
  for (const one of entries) {
    if (lapsed.has(name(one))) continue;
    if (one.entry === 'departed') open.set(name(one), one.at);
    else if (settledEntries.has(one.entry)) open.delete(name(one));
    most = Math.max(most, [...open.values()].filter((since) => one.at - since < heldMs).length);
  }
  return most;
}

function busiestMinute(moments: readonly number[]): number {
  const sorted = moments.toSorted((a, b) => a - b);
  let most = 0;
  for (let end = 0, start = 0; end < sorted.length; end += 1) {
    while ((sorted[end] ?? 0) - (sorted[start] ?? 0) >= 60_000) start += 1;
    most = Math.max(most, end - start + 1);
  }
  return most;
}

/**
 * A worker that lost its lease may only write `late`: each outcome closes a departure. A part of a long file that is written again
 * before anything of it left departs again, under the same number.
 */
export function settledTwice(entries: readonly Entry[]): readonly string[] {
  const open = new Map<string, boolean>();
  const found = new Set<string>();
  for (const one of entries) {
    const name = attemptOf(one);
    if (one.entry === 'departed') open.set(name, true);
    else if (settledEntries.has(one.entry)) {
      // Of one that never departed another figure tells.
      if (open.get(name) === false) found.add(name);
      if (open.has(name)) open.set(name, false);
    }
  }
  return [...found];
}
