// Replays and cancels deliveries in a transaction of their own, as an act does, without its permission and its page.
import type { Published } from '../../src/delivery/trip/mapping-cache.ts';
import type { Database } from '../../src/store/database.ts';
import { cancelIn } from '../../src/support/close-and-cancel.ts';
import { replayIn, type Actor, type ReplayAnswer, type ReplayOptions } from '../../src/support/replay.ts';

/** In groups of one transaction each; `progress` after every group. */
export async function replay(
  { database, published }: { readonly database: Database; readonly published: Published },
  ids: readonly number[],
  by: Actor & ReplayOptions,
  progress?: (done: number) => void,
): Promise<readonly ReplayAnswer[]> {
  const answers: ReplayAnswer[] = [];
  for (let start = 0; start < ids.length; start += 100) {
    const group = ids.slice(start, start + 100);
    answers.push(...(await database.transaction((tx) => replayIn(tx, published, group, by))));
    progress?.(answers.length);
  }
  return answers;
}

export const cancel = (database: Database, ids: readonly number[], by: Actor): ReturnType<typeof cancelIn> =>
  database.transaction((tx) => cancelIn(tx, ids, by));
