// Measures the time from a lead's row in lead_intake to its departure and delivery, read from MySQL for a sample.
// Invariant: at most one small statement a second, off the hot path; both times are the database's.
import type { Sql } from '../store/database.ts';
import { deliveryTimes } from '../store/delivery-times.ts';
import type { Meters } from './meters.ts';

/** Reads and observes the deliveries sampled since the last call. */
export async function observeTrips(sql: Sql, meters: Meters): Promise<void> {
  const samples = meters.samples();
  if (samples.length === 0) return;
  const moments = await deliveryTimes(
    sql,
    samples.map((sample) => sample.deliveryId),
  );
  for (const { deliveryId, connector, parts } of samples) {
    const times = moments.get(deliveryId);
    if (times === undefined) continue;
    for (const part of parts) {
      const at = part === 'departed' ? times.departedAt : times.settledAt;
      if (at !== null)
        meters.observeTrip(part, connector, (at.getTime() - times.receivedAt.getTime()) / 1_000);
    }
  }
}

/** Once a second, until stopped. An outage of MySQL loses the samples of that second, nothing else. */
export function watchTrips(sql: Sql, meters: Meters): { readonly stop: () => void } {
  const timer = setInterval(() => void observeTrips(sql, meters).catch(() => undefined), 1_000);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
