// Follows the feed of events through a storm, by its cursor alone, and reads what it should have told.
// Invariant: what it should have told is taken from the seals and the log by rules of this file's own.
import type { Database } from '../../../src/store/database.ts';
import type { Outside } from './outside.ts';
import { pause } from './scene.ts';

export interface FeedReader {
  /** Reads on until there is no more, and answers the numbers of the events in the order they came. */
  readonly ended: () => Promise<readonly number[]>;
}

export function followFeed({ ask }: Outside): FeedReader {
  const seen: number[] = [];
  let cursor = '';
  let isOver = false;
  /** Whether there may be more at once; undefined: nobody answered. */
  const read = async (): Promise<boolean | undefined> => {
    const reply = await ask('GET', `/v1/events?limit=20${cursor === '' ? '' : `&after=${cursor}`}`);
    if (reply?.status !== 200) return undefined;
    const { items, next, hasMore } = reply.body as {
      items: { id: number }[];
      next: string;
      hasMore: boolean;
    };
    seen.push(...items.map(({ id }) => id));
    cursor = next;
    return hasMore;
  };
  const reading = (async () => {
    while (!isOver) if ((await read()) !== true) await pause(250);
  })();
  return {
    ended: async () => {
      isOver = true;
      await reading;
      const until = Date.now() + 60_000;
      while (Date.now() < until) {
        const hasMore = await read();
        if (hasMore === false) break;
        if (hasMore === undefined) await pause(250);
      }
      return seen;
    },
  };
}

const told: ReadonlySet<string> = new Set([
  ...['invalid', 'expired', 'bounced', 'withheld', 'circuit_opened', 'suspended', 'circuit_closed'],
  ...['resumed', 'reopened', 'closed', 'cancelled', 'replayed'],
]);
const steps: ReadonlySet<string> = new Set(['done', 'fail', 'hold']);

/** The numbers of all events, in the order of the seals. */
export async function eventsOwed(sql: Database): Promise<readonly number[]> {
  const entries = await sql.all<{ id: number; entry: string; step: string; client: string }>(
    'SELECT id, entry, next_step AS step, client_id AS client FROM handovers',
  );
  const isEvent = new Set(
    entries
      .filter(({ entry, step, client }) => client === 'essai' && (told.has(entry) || steps.has(step)))
      .map(({ id }) => id),
  );
  const seals = await sql.all<{ ranges: string }>('SELECT entries AS ranges FROM seals ORDER BY sequence');
  return seals.flatMap(({ ranges }) =>
    ranges.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      const ids: number[] = [];
      for (let id = first; id <= last; id += 1) if (isEvent.has(id)) ids.push(id);
      return ids;
    }),
  );
}
