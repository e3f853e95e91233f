// Reads the live tail: events of deliveries and their destinations, newest first, from the end of the log or from a position.
// Invariant: in the order of the seals, each entry once; codes and references, nothing of a person, no actor of the centre.
import {
  newestSeal,
  sealsFrom,
  sealsUpTo,
  tailEntries,
  type TailEntry,
  type TailFilter,
} from '../../store/log/event-feed.ts';
import type { HandoverEntry } from '../../store/log/handovers.ts';
import { entryLine, departureWords, destinationEntryWords } from '../entry-words.ts';
import { filterInScope } from '../named-text.ts';
import { positionOf, rangesAfter, textOf, withinLog, type Position } from '../log-position.ts';
import type { SupportPlace, Scope } from '../place.ts';
import type { Both } from '../words.ts';

export type LiveEntry = ReturnType<typeof liveEntry>;

export interface LivePage {
  /** Newest first. */
  readonly items: readonly LiveEntry[];
  /** Position after the newest of them, for the next request. */
  readonly next: string;
  /** More is sealed after `next` already. */
  readonly hasMore: boolean;
}

/** Entries in a delivery's story. */
const ofDeliveries: readonly HandoverEntry[] = [
  'departed',
  'outcome',
  'bounced',
  'outcome_unknown',
  'late',
  'lookup',
  'read_back',
  'withheld',
  'reopened',
  'invalid',
  'cancelled',
  'expired',
  'replayed',
  'batch_voided',
  'closed',
  'resolved',
];
const kinds: readonly HandoverEntry[] = [
  ...ofDeliveries,
  ...(Object.keys(destinationEntryWords) as readonly HandoverEntry[]),
];

/** Ids read in one statement. */
const atOnce = 512;
/** Most entries read for one page: a longer search for a rare destination is not worth the wait. */
const mostLookedAt = 8_192;
const sealsAtOnce = 128;

/**
 * The newest events up to a position, or of all.
 * @throws FIND-001 for an unknown name, USAGE-001 for an unknown position
 */
export async function liveUpTo(
  { database }: SupportPlace,
  scope: Scope,
  asked: TailFilter,
  { upTo, limit }: { readonly upTo?: string | undefined; readonly limit: number },
): Promise<LivePage> {
  const filter = await filterInScope(database, scope, asked);
  const newest = await newestSeal(database);
  const end = upTo === undefined ? { seal: newest + 1, entry: 0 } : withinLog(positionOf(upTo), newest);
  const items: LiveEntry[] = [];
  let before = end.seal;
  for (let lookedAt = 0; lookedAt < mostLookedAt && items.length < limit;) {
    const places: Position[] = [];
    for (const { sequence, entries } of await sealsUpTo(database, before, sealsAtOnce)) {
      if (places.length >= atOnce) break;
      before = sequence - 1;
      const covered = placesOf(sequence, entries, 0);
      places.unshift(
        ...(sequence === end.seal ? covered.filter(({ entry }) => entry <= end.entry) : covered),
      );
      lookedAt += covered.length;
    }
    if (places.length === 0) break;
    items.push(...(await entriesAt(database, places, filter)).toReversed().map(liveEntry));
  }
  return { items: items.slice(0, limit), next: textOf(end), hasMore: newest >= end.seal };
}

/** Events after a position, up to a page. @throws FIND-001, USAGE-001 */
export async function liveAfter(
  { database }: SupportPlace,
  scope: Scope,
  asked: TailFilter,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<LivePage> {
  const filter = await filterInScope(database, scope, asked);
  let at = withinLog(positionOf(after), await newestSeal(database));
  const items: TailEntry[] = [];
  for (let lookedAt = 0; lookedAt < mostLookedAt && items.length < limit;) {
    const places: Position[] = [];
    let behind = at;
    for (const { sequence, entries } of await sealsFrom(database, at.seal, sealsAtOnce)) {
      if (places.length >= atOnce) break;
      places.push(...placesOf(sequence, entries, sequence === at.seal ? at.entry : 0));
      behind = { seal: sequence + 1, entry: 0 };
    }
    if (places.length === 0) {
      const hasMore = behind.seal > at.seal;
      at = behind;
      if (!hasMore) return { items: items.toReversed().map(liveEntry), next: textOf(at), hasMore };
      continue;
    }
    const found = await entriesAt(database, places, filter);
    const last = found[limit - items.length - 1];
    items.push(...found.slice(0, limit - items.length));
    at = last === undefined ? behind : (places.find(({ entry }) => entry === last.id) ?? behind);
    lookedAt += places.length;
  }
  return { items: items.toReversed().map(liveEntry), next: textOf(at), hasMore: true };
}

const placesOf = (seal: number, entries: string, behind: number): readonly Position[] =>
  rangesAfter(entries, behind).flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, index) => ({ seal, entry: from + index })),
  );

/** In the order of their positions, without those that the filter excludes. */
async function entriesAt(
  database: SupportPlace['database'],
  places: readonly Position[],
  filter: TailFilter,
): Promise<readonly TailEntry[]> {
  const found: TailEntry[] = [];
  for (let from = 0; from < places.length; from += atOnce) {
    const part = places.slice(from, from + atOnce);
    const ids = part.map(({ entry }) => entry);
    const byId = new Map((await tailEntries(database, ids, kinds, filter)).map((entry) => [entry.id, entry]));
    found.push(...ids.flatMap((id) => byId.get(id) ?? []));
  }
  return found;
}

const liveEntry = (entry: TailEntry) => ({
  id: entry.id,
  at: entry.at,
  client: entry.clientId,
  destination: entry.destinationId,
  /** Null for an event of the destination. */
  delivery: entry.deliveryId === 0 ? null : entry.deliveryId,
  lead: entry.reference,
  words: wordsOf(entry),
  /** Present state of the delivery. */
  state: entry.state,
});

function wordsOf(entry: TailEntry): Both {
  if (entry.deliveryId === 0) return destinationEntryWords[entry.entry] ?? [entry.entry, entry.entry];
  // Only the later outcome shows whether anything left.
  if (entry.entry === 'departed') return departureWords(entry);
  return entryLine({ ...entry, purpose: '' }, { isTyped: entry.isTyped === 1 });
}
