// Looks on after every stop: what was taken in or refused, what the log says went, who is still there when a night is over.
// Invariant: reads as the owner, beside the gateway; the log is read once, in its order.
import type { Gateway } from '../../trip/gateway.ts';
import { isErasedSince, type Book, type Lead } from './book.ts';
import { askedAbout, checkRefusedRows, checkTurnedAway } from './check-remains.ts';
import { checkNight, dueTonight, goes } from './check-retention.ts';
import { checkTakenIn } from './check-taken.ts';
import type { Finder } from './figures.ts';
import type { Nights } from './stage.ts';

export interface Watch {
  /** After everything of a moment has settled. */
  readonly look: () => Promise<void>;
  /** Around a night: who must be gone in the morning. */
  readonly night: (at: Date, work: () => Promise<void>) => Promise<void>;
  readonly alerts: ReadonlySet<string>;
  readonly departures: ReadonlyMap<string, number>;
}

interface Fresh {
  readonly id: number;
  readonly reference: string;
}

interface Entry {
  readonly id: number;
  readonly at: Date;
  readonly entry: string;
  readonly leadId: number;
  readonly purpose: string;
  readonly reason: string;
}

export function createWatch(needs: {
  readonly gateway: Gateway;
  readonly book: Book;
  readonly find: Finder;
  readonly nights: () => Nights;
  readonly now: () => Date;
}): Watch {
  const { gateway, book, find, nights, now } = needs;
  const { owner } = gateway;
  const byId = new Map<number, Lead>();
  const alerts = new Set<string>();
  const departures = new Map<string, number>();
  /** Went, and were the last of their person. */
  let last: Lead[] = [];
  let [lastEntry, lastLead] = [0, 0];

  const takeIn = async (fresh: readonly Fresh[]): Promise<void> => {
    for (const { id, reference } of fresh) {
      lastLead = id;
      const lead = book.leads.get(reference);
      if (lead !== undefined) byId.set(id, lead);
    }
    const references = fresh.map(({ reference }) => reference);
    const awaited = [...book.awaited];
    for (const lead of checkTakenIn(book, find, { references, at: now() })) nights().for(lead);
    await checkTurnedAway(
      gateway,
      find,
      // A row about an erased person waits, whole, for the officer.
      awaited.filter((lead) => lead.state === 'refused' && !isErasedSince(book, lead, now())),
    );
  };
  const readLog = (entries: readonly Entry[]): void => {
    for (const { id, at, entry, leadId, purpose, reason } of entries) {
      lastEntry = id;
      const lead = byId.get(leadId);
      if (entry === 'request' && reason.startsWith('alerted:'))
        alerts.add(`${purpose.replace('request ', '')}:${reason.replace('alerted:', '')}`);
      if (lead === undefined || (entry !== 'purged' && entry !== 'anonymised')) continue;
      const before = book.siblings(lead);
      if (before.size === 1 && lead.state === 'there') last.push(lead);
      goes(book, find, lead, { entry, at });
      for (const other of before) if (other !== lead) nights().for(other);
      const why = `${entry}: ${reason}`;
      departures.set(why, (departures.get(why) ?? 0) + 1);
    }
  };
  const look = async (): Promise<void> => {
    const [fresh, entries] = await Promise.all([
      owner.all<Fresh>('SELECT id, reference FROM leads WHERE id > ? ORDER BY id', [lastLead]),
      owner.all<Entry>(
        `SELECT id, at, entry, lead_id AS leadId, purpose, reason FROM handovers
          WHERE id > ? AND entry IN ('purged', 'anonymised', 'request') ORDER BY id`,
        [lastEntry],
      ),
    ]);
    await takeIn(fresh);
    readLog(entries);
    await checkRefusedRows(gateway, find, last, askedAbout(book));
    last = [];
  };
  return {
    look,
    alerts,
    departures,
    night: async (at, work) => {
      const due = dueTonight(book, at);
      await work();
      await look();
      if (due.length > 0)
        checkNight(find, due, {
          left: await stillThere(
            owner,
            due.map(({ reference }) => reference),
          ),
          at,
        });
    },
  };
}

async function stillThere(
  owner: Gateway['owner'],
  references: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await owner.all<{ reference: string }>(
    `SELECT reference FROM leads WHERE gone = '' AND reference IN (${references.map(() => '?').join(', ')})`,
    references,
  );
  return new Set(rows.map(({ reference }) => reference));
}
