// A client of the storm that has no endpoint: its program comes for its leads over HTTP, and says what it took, sometimes.
// Invariant: what came is written down before anything is answered; a yes is said until it is answered for.
import { setTimeout as pause } from 'node:timers/promises';
import type { Acknowledged } from './check-fetched.ts';
import { digest } from './filed.ts';
import { givenName, type Receipt } from './ledgers.ts';
import { fetchedId } from './mappings.ts';
import type { Outside } from './outside.ts';
import type { Random } from './random.ts';

interface Item {
  readonly key: string;
  readonly lease: string;
  readonly action: Receipt['action'];
  readonly lead: string;
  readonly idempotencyKey: string;
  readonly content: { readonly nom?: string; readonly OPTIN?: string } | null;
}

export interface Fetched {
  readonly receipts: readonly Receipt[];
  /** Yeses that were answered for. */
  readonly acknowledged: readonly Acknowledged[];
  /** Answers to leases that the gateway did not know. */
  readonly unknown: readonly Acknowledged[];
}

export interface Fetching {
  /** Comes no more, once everything it was about to say is said. */
  readonly ended: () => Promise<Fetched>;
}

/** What it does with a lead: takes it, gives it back, says nothing, says it when its lease may be over. */
const moods = ['later', 'silent', 'silent', 'late'] as const;
type Mood = (typeof moods)[number] | 'takes';

export function startFetching(
  outside: Outside,
  random: Random,
  trouble: ReadonlyMap<string, number>,
): Fetching {
  const receipts: Receipt[] = [];
  const acknowledged: Acknowledged[] = [];
  const unknown: Acknowledged[] = [];
  const saying = new Set<Promise<void>>();
  /** Given and not answered for: when it comes again, both leases are said yes under at one moment. */
  const unsaid = new Map<string, Item>();
  let isOver = false;

  const say = async (item: Item, outcome: 'accepted' | 'later', afterMs = 0): Promise<void> => {
    await pause(afterMs);
    const { key, lease, lead } = item;
    const more = outcome === 'accepted' ? { reference: `CRM-${lead}` } : { afterSeconds: 1 };
    const reply = await outside.surely(`/v1/pull/${fetchedId}/answers`, {
      items: [{ key, lease, outcome, ...more }],
    });
    const [said] = (reply.body['items'] ?? []) as readonly { readonly state: string }[];
    if (reply.status !== 200) return;
    if (said === undefined || said.state === 'unknown') unknown.push({ key, lease });
    else if (outcome === 'accepted') acknowledged.push({ key, lease });
  };
  const begin = (work: Promise<void>): void => {
    saying.add(work);
    void work.finally(() => saying.delete(work));
  };
  const take = (item: Item): void => {
    const mood: Mood = random.next() < (trouble.get(fetchedId) ?? 0) ? random.pick(moods) : 'takes';
    receipts.push(receiptOf(item, mood));
    const before = unsaid.get(item.key);
    unsaid.delete(item.key);
    if (mood === 'silent') return void unsaid.set(item.key, item);
    begin(
      say(item, mood === 'later' ? 'later' : 'accepted', mood === 'late' ? random.between(500, 9_000) : 0),
    );
    if (before !== undefined && mood === 'takes') begin(say(before, 'accepted'));
  };
  const coming = (async () => {
    while (!isOver) {
      const reply = await outside.ask('POST', `/v1/pull/${fetchedId}`, {
        body: { limit: random.between(1, 20) },
      });
      if (reply?.status === 200) for (const item of reply.body['items'] as readonly Item[]) take(item);
      await pause(random.between(50, 500));
    }
  })();
  return {
    ended: async () => {
      isOver = true;
      await coming;
      await Promise.all(saying);
      return { receipts, acknowledged, unknown };
    },
  };
}

const receiptOf = ({ key, idempotencyKey, action, content }: Item, mood: Mood): Receipt => ({
  destination: fetchedId,
  at: Date.now(),
  key,
  sentKey: idempotencyKey,
  action,
  optIn: content?.OPTIN,
  named: content?.nom === undefined ? undefined : (givenName(content.nom) ?? ''),
  content: digest(JSON.stringify(content)),
  // Who gives a lead back has had it in their hands.
  did: mood === 'takes' ? 'taken' : 'silent',
});
