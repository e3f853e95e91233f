// A claim whose lead or file this process has no key for: others may have it, so its lease is cut short.
// Invariant: the lease is never dropped, only shortened; lease recovery decides what becomes of the rows, as after any lapse.
import { isRelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { renewLeases } from '../../store/leases.ts';
import type { ClaimedDelivery } from './claim.ts';

/** Within this time a process has looked which keys are in force: one that lacks them claims nothing more. */
const shortenedMs = 10_000;

/** @throws the error that ended the attempt; only a missing key (KEY-...) shortens the lease */
export async function giveBackUnread(
  sql: Sql,
  claimed: readonly ClaimedDelivery[],
  error: unknown,
): Promise<never> {
  if (!isRelaisError(error) || !error.code.startsWith('KEY-')) throw error;
  const leases = claimed.map((row) => ({ id: row.id, token: row.leaseToken }));
  await renewLeases(sql, leases, shortenedMs);
  throw error;
}
