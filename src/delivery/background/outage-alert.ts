// Sends an alert from memory when MySQL or Redis is away or accepts no writes, because its row could not be written.
// Invariant: each watching process alerts once an outage has lasted, then once an hour; it asks the database for nothing.
import { sendThrough, type AlertOptions } from './send-alerts.ts';

const lastsMs = 30_000;
/** A service that answers now and then is still away until it has been well for this long. */
const wellMs = 15_000;
const againMs = 3_600_000;
/** A channel that did not take it is tried again after this. */
const retryMs = 60_000;

/** One service in trouble, from its first look until it has been well for a while. */
interface Outage {
  readonly since: number;
  readonly seenAt: number;
  dueAt: number;
}

/** The services that cannot be reached or refuse; a trouble that names none, such as a Redis that is not ours, is one by itself. */
const troubled = (trouble: string): readonly string[] => {
  const named = trouble.match(/\b(mysql|redis)\b(?! is not ours)/g);
  return named ?? [trouble];
};

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
      const names = trouble === undefined ? [] : troubled(trouble);
      for (const [name, { seenAt }] of outages)
        if (!names.includes(name) && now() - seenAt >= wellMs) outages.delete(name);
      for (const name of names) {
        const outage = outages.get(name) ?? { since: now(), seenAt: now(), dueAt: now() + lastsMs };
        outages.set(name, { ...outage, seenAt: now() });
      }
      const due = names.flatMap((name) => outages.get(name) ?? []).filter(({ dueAt }) => now() >= dueAt);
      if (trouble === undefined || due.length === 0) return;
      const reason = trouble
        .toUpperCase()
        .replaceAll(/[^A-Z0-9_.-]+/g, '_')
        .slice(0, 64);
      log.warn('alert.raised', { code: 'service_away', reason, count: 1 });
      const raisedAt = new Date(
        database.now().getTime() - (now() - Math.min(...due.map(({ since }) => since))),
      );
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
      const dueAt = now() + (results.every(({ passed }) => passed) ? againMs : retryMs);
      for (const outage of due) outage.dueAt = dueAt;
    },
  };
}
