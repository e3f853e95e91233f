// Sends an alert from memory when MySQL or Redis is away or accepts no writes, because its row could not be written.
// Invariant: each watching process alerts once an outage has lasted, then once an hour; it asks the database for nothing.
import { sendThrough, type AlertOptions } from './send-alerts.ts';

const lastsMs = 30_000;
/** A service that answers now and then is still away until it has been well for this long. */
const wellMs = 15_000;
const againMs = 3_600_000;
/** A channel that did not take it is tried again after this. */
const retryMs = 60_000;

/** One trouble, from its first look until it has not been seen for a while. */
interface Outage {
  readonly since: number;
  seenAt: number;
  dueAt: number;
}

/** @param options.trouble what is wrong, as readiness says it; undefined while all is well */
export function createOutageAlert(
  options: AlertOptions & { readonly trouble: () => Promise<string | undefined> },
  now = (): number => performance.now(),
): { readonly look: () => Promise<void> } {
  const { database, log } = options;
  const outages = new Map<string, Outage>();
  return {
    async look() {
      const trouble = await options.trouble();
      const reason = trouble
        ?.toUpperCase()
        .replaceAll(/[^A-Z0-9_.-]+/g, '_')
        .slice(0, 64);
      for (const [other, outage] of outages)
        if (other !== reason && now() - outage.seenAt >= wellMs) outages.delete(other);
      if (reason === undefined) return;
      const outage = outages.get(reason) ?? { since: now(), seenAt: now(), dueAt: now() + lastsMs };
      outages.set(reason, outage);
      outage.seenAt = now();
      if (now() < outage.dueAt) return;
      log.warn('alert.raised', { code: 'service_away', reason, count: 1 });
      const raisedAt = new Date(database.now().getTime() - (now() - outage.since));
      const results = await sendThrough(options, [
        // An id that no row has: a receiver that recognises alerts by their id takes each outage for one of its own.
        {
          id: raisedAt.getTime(),
          kind: 'service_away',
          clientId: '',
          destinationId: '',
          deliveryId: 0,
          reason,
          raisedAt,
          through: [],
        },
      ]);
      outage.dueAt = now() + (results.every(({ passed }) => passed) ? againMs : retryMs);
    },
  };
}
