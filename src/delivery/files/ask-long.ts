// Looks up a long file that may have been received: once for all its rows, before any of them is claimed.
// Invariant: while the recipient decides, no row moves and the log gets no entry per row: there may be a million of them.
import type { Outcome } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import { type Whole } from '../../store/long-files.ts';
import { extentOf, hasLostBytes } from '../../store/file-parts.ts';
import type { Lease } from '../claim/lease.ts';
import type { Trip, TripNeeds } from '../trip/trip.ts';
import { fileTrip } from '../content/versions.ts';
import { longBytes, longParcel } from './long-content.ts';
import type { LongAttempt } from './long-parts.ts';

/** A question that got no answer is put again, ms. */
const askAgainMs = 60_000;

export type AskedWhole =
  | { readonly next: 'send' }
  | { readonly next: 'later'; readonly afterMs: number }
  | { readonly next: 'settle'; readonly outcome: Outcome };

export async function askWhole(
  needs: TripNeeds,
  { order, file, lease }: LongAttempt,
  whole: Whole,
): Promise<AskedWhole> {
  if (file.firstSentAt === undefined) return { next: 'send' };
  const trip = await fileTrip(needs, order, whole.action);
  if (trip?.canAsk !== true) return { next: 'send' };
  const answer = await put(needs, trip, whole, lease);
  switch (answer.kind) {
    case 'accepted':
    case 'duplicate':
    case 'unconfirmed':
    case 'refused':
    case 'invalid':
      return { next: 'settle', outcome: answer };
    case 'pending': {
      const { pendingForMs, pendingEveryMs } = trip.mapping.retry;
      const sinceMs = needs.database.now().getTime() - file.firstSentAt.getTime();
      return sinceMs < pendingForMs
        ? { next: 'later', afterMs: pendingEveryMs }
        : { next: 'settle', outcome: answer };
    }
    case 'unauthorized':
    case 'throttled':
    case 'unavailable':
      return { next: 'later', afterMs: askAgainMs };
    case 'absent':
    case 'unknown':
      // Sent again, it has the same name and the same bytes, or is found there.
      return { next: 'send' };
  }
}

async function put(needs: TripNeeds, trip: Trip, whole: Whole, { runs }: Lease): Promise<Outcome> {
  const extent = await extentOf(needs.database, whole.id);
  const facts = { sequence: whole.sequence ?? 0, slot: whole.slotAt, rows: whole.rows };
  const frame = trip.content.frame?.(whole.action, facts);
  if (frame === undefined || trip.connector.lookup === undefined)
    return { kind: 'unknown', reason: 'NO_LOOKUP' };
  // Deleted bytes cannot be compared: the look-up only asks if the file exists.
  const size = (await hasLostBytes(needs.database, whole.id)) ? 0 : whole.size;
  const long = { ...longBytes(needs, whole.id, extent, frame), size };
  const named = { ...whole, writtenAt: whole.writtenAt ?? whole.slotAt };
  const question = longParcel(trip, { file: named, action: whole.action, rows: whole.rows, frame, long });
  try {
    return await trip.connector.lookup(question, trip.settings, { ...trip.context, mayLeave: runs });
  } catch (error) {
    return { kind: 'unavailable', reason: foreignCode(error), maybeReceived: false };
  }
}
