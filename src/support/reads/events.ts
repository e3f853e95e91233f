// Reads events as a feed: a reader asks for those after its last one, and misses none.
// Invariant: in the order of the seals, each event once; ids, codes and names of destinations, nothing of a person.
import { endOf } from '../../domain/delivery.ts';
import { feedEntries, newestSeal, sealsFrom, type FeedEntry } from '../../store/log/event-feed.ts';
import { livesOf } from '../../store/installation.ts';
import {
  beyondTheEnd,
  inLife,
  inPresentLife,
  lastEntryOf,
  positionOf,
  rangesAfter,
  textOf,
  withinLog,
} from '../log-position.ts';
import { isWithin, type SupportPlace, type Scope } from '../place.ts';

export const eventKinds = [
  'delivered',
  'failed',
  'held',
  'released',
  'task',
  'task_closed',
  'cancelled',
  'replayed',
] as const;
export type EventKind = (typeof eventKinds)[number];

export const eventWords: Readonly<Record<EventKind, string>> = {
  delivered: 'the recipient has it',
  failed: 'it ended without being accepted, and needs a person',
  held: 'a delivery is withheld, or nothing leaves for a destination: reason says why',
  released: 'what held it is over',
  task: 'nobody knows what became of it: a person decides',
  task_closed: 'a person has dealt with it',
  cancelled: 'it will not be sent',
  replayed: 'a person sent it again, or brought its next try forward',
};

export type FeedEvent = ReturnType<typeof eventOf>;

const byEntry: Readonly<Partial<Record<string, EventKind>>> = {
  circuit_opened: 'held',
  suspended: 'held',
  circuit_closed: 'released',
  resumed: 'released',
  reopened: 'released',
  closed: 'task_closed',
  cancelled: 'cancelled',
  replayed: 'replayed',
};
const byEnd = { delivered: 'delivered', failed: 'failed', withheld: 'held' } as const;

function kindOf({ entry, nextStep }: FeedEntry): EventKind | undefined {
  const end = endOf(entry, nextStep);
  return (
    byEntry[entry] ??
    (end === undefined ? undefined : byEnd[end]) ??
    (nextStep === 'hold' ? 'task' : undefined)
  );
}

const eventOf = (entry: FeedEntry, kind: EventKind) => ({
  /** Id of the entry of the log: an event keeps its number for ever. */
  id: entry.id,
  at: entry.at,
  kind,
  client: entry.clientId,
  destination: entry.destinationId,
  /** Null for an event of the destination. */
  delivery: entry.deliveryId === 0 ? null : entry.deliveryId,
  key: entry.key,
  lead: entry.reference,
  action: entry.action === '' ? null : entry.action,
  run: entry.run,
  reason: entry.reason,
});

interface EventsAsked {
  /** `next` of the previous answer; `now` for future events; absent: from the beginning of the log. */
  readonly after?: string;
  readonly kinds?: readonly EventKind[];
  readonly limit: number;
}

interface EventsPage {
  readonly items: readonly FeedEvent[];
  /** Always present: kept by the reader, and sent with the next request. */
  readonly next: string;
  /** False: no more is sealed yet; a moment later there may be more. */
  readonly hasMore: boolean;
}

/** Most entries read for one answer; a reader with few events asks again for the rest. */
const mostLookedAt = 5_000;
const sealsAtOnce = 100;

/** @throws USAGE-001 for an unknown `after`, or one past the end of the log: its reader would miss later events */
export async function eventsPage(
  // A replica's account may have no right to the seals.
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  { after, kinds, limit }: EventsAsked,
): Promise<EventsPage> {
  const newest = await newestSeal(database);
  let at = after === 'now' ? { seal: newest + 1, entry: 0 } : withinLog(positionOf(after), newest);
  const items: FeedEvent[] = [];
  let lookedAt = 0;
  for (;;) {
    const seals = await sealsFrom(database, at.seal, sealsAtOnce);
    for (const { sequence, entries } of seals) {
      const behind = sequence === at.seal ? at.entry : 0;
      if (behind > lastEntryOf(entries)) throw beyondTheEnd();
      for (const [from, to] of rangesAfter(entries, behind)) {
        for (const entry of await feedEntries(database, from, to)) {
          at = { seal: sequence, entry: entry.id };
          lookedAt += 1;
          const kind = kindOf(entry);
          const isAsked = kind !== undefined && (kinds === undefined || kinds.includes(kind));
          if (kind === undefined || !isAsked || !isWithin(scope, entry.clientId)) continue;
          items.push(eventOf(entry, kind));
          if (items.length === limit) return { items, next: textOf(at), hasMore: true };
        }
        if (lookedAt >= mostLookedAt) return { items, next: textOf(at), hasMore: true };
      }
      at = { seal: sequence + 1, entry: 0 };
    }
    if (seals.length < sealsAtOnce) return { items, next: textOf(at), hasMore: false };
  }
}

/** The same for a reader outside the database, whose position a restore does not take back with the log. @throws USAGE-001 */
export async function eventsOfLife(
  place: Pick<SupportPlace, 'database'>,
  scope: Scope,
  { after, ...asked }: EventsAsked,
): Promise<EventsPage> {
  const lives = await livesOf(place.database);
  const from = after === undefined || after === 'now' ? after : inPresentLife(after, lives);
  const page = await eventsPage(place, scope, { ...asked, ...(from === undefined ? {} : { after: from }) });
  return { ...page, next: inLife(page.next, lives) };
}
