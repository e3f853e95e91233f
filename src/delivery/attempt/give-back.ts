// A trip that broke off: where this process has no key, others may have it and the lease is cut short; what breaks by itself waits.
// Invariant: what may have departed keeps its lease; lease recovery decides what becomes of it, as after any lapse.
import { isRelaisError } from '../../errors.ts';
import { renewLeases } from '../../store/leases.ts';
import { waitBroken } from './broken-trip.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { TripNeeds } from './trip.ts';

/** Within this time a process has looked which keys are in force: one that lacks them claims nothing more. */
const shortenedMs = 10_000;

/** @throws the error that ended the attempt, unless its rows wait now */
export async function endBrokenOff(
  needs: TripNeeds,
  claimed: readonly ClaimedDelivery[],
  error: unknown,
): Promise<void> {
  if (!isRelaisError(error) || !error.code.startsWith('KEY-')) return waitBroken(needs, claimed, error);
  const leases = claimed.map((row) => ({ id: row.id, token: row.leaseToken }));
  await renewLeases(needs.database, leases, shortenedMs);
  throw error;
}
