// Keeps the lease of an attempt as its worker knows it: how much of it is left, and its renewal while something is sent.
// Invariant: it is counted from the moment it was requested, before the database granted it, by a clock that continues while the process is
// frozen: a lease that runs here also runs in the database.
import type { Sql } from '../../store/database.ts';
import { renewLeases } from '../../store/deliveries/leases.ts';
import type { ClaimedDelivery } from '../trip/attempt.ts';
import type { Trip } from '../trip/trip.ts';

export interface Lease {
  readonly renew: () => Promise<boolean>;
  /** At least as much is left of it as a send may take, or it could be renewed. */
  readonly isLongEnough: () => Promise<boolean>;
  /** True while it has not run out. */
  readonly runs: () => boolean;
}

interface Given {
  /** When it was requested, by `performance.now()`. */
  readonly claimedAt: number;
  readonly leaseMs: number;
  /** As long as a send may take. */
  readonly totalMs: number;
}

export function leaseOf(database: Sql, trip: Trip, rows: readonly ClaimedDelivery[]): Lease {
  const { leaseMs, mapping } = trip;
  return leaseRenewedBy({ ...trip, totalMs: mapping.timeouts.totalMs }, () =>
    renewLeases(
      database,
      rows.map((row) => ({ id: row.id, token: row.leaseToken })),
      leaseMs,
    ),
  );
}

/** @param renewNow extends it in the database; false: another worker has it */
export function leaseRenewedBy(
  { claimedAt, leaseMs, totalMs }: Given,
  renewNow: () => Promise<boolean>,
): Lease {
  let since = claimedAt;
  const renew = async (): Promise<boolean> => {
    const askedAt = performance.now();
    const renewed = await renewNow();
    if (renewed) since = askedAt;
    return renewed;
  };
  return {
    renew,
    isLongEnough: async () => performance.now() - since <= leaseMs - totalMs - leaseMarginMs / 2 || renew(),
    runs: () => performance.now() - since < leaseMs,
  };
}

interface Renewed {
  readonly lease: Lease;
  readonly everyMs: number;
  dueAt: number;
}

/** Leases of running sends. One timer renews them all: few sends last long enough to need it. */
const renewed = new Set<Renewed>();
const lookMs = 1_000;

let looking: NodeJS.Timeout | undefined;

/** Returns the function that stops the renewal. */
export function keepRenewed(lease: Lease, everyMs: number): () => void {
  const own: Renewed = { lease, everyMs, dueAt: performance.now() + everyMs };
  renewed.add(own);
  looking ??= setInterval(renewDue, lookMs);
  return () => {
    renewed.delete(own);
    if (renewed.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  };
}

/** Renews each lease that would run out before the next look. */
function renewDue(): void {
  const now = performance.now();
  for (const own of renewed) {
    if (own.dueAt > now + lookMs) continue;
    own.dueAt = now + own.everyMs;
    own.lease.renew().catch(() => undefined);
  }
}

export const leaseMarginMs = 5_000;
