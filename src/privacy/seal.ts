// Sealing the hand-over log and verifying it (guarantee 9; charter C09, C46).
// Invariant: the key lives outside the database; verify names the first broken entry, and with an anchor sees a cut tail.
import type { Log } from '../log.ts';
import { isDuplicateKey, type Database } from '../store/database.ts';
import { insertSeal, lastSeal, readEntries, unsealedIds } from '../store/seals.ts';
import { entryMac, noSeal, rangesOf, sealMac } from './macs.ts';
import { verifyLog, type Anchor, type Verification } from './verify.ts';

export interface Sealer {
  /** Seals what waits, at most `limit` entries. Returns how many were sealed. */
  readonly seal: (limit: number) => Promise<number>;
  /** @param options `archives`: a folder of archives, whose entries are then verified too */
  readonly verify: (
    anchor?: Anchor,
    progress?: (entries: number) => void,
    options?: { readonly archives?: string },
  ) => Promise<Verification>;
  /** The last seal, to be kept elsewhere: `12:9f3c...`. Undefined when nothing is sealed yet. */
  readonly anchor: () => Promise<string | undefined>;
}

export function createSealer(options: {
  readonly database: Database;
  readonly sealKey: Buffer;
  readonly log: Log;
  readonly now?: () => Date;
}): Sealer {
  const { database, sealKey } = options;
  const now = options.now ?? database.now;

  return {
    seal: async (limit) => {
      try {
        const sealed = await database.transaction(async (tx) => {
          const before = await lastSeal(tx);
          const ids = await unsealedIds(tx, limit);
          const rows = await readEntries(tx, ids);
          // An id whose row is missing stays in the queue, where verify finds it.
          if (rows.length === 0) return 0;
          const macs = Buffer.concat(rows.map((row) => entryMac(sealKey, row)));
          const seal = {
            sequence: (before?.sequence ?? 0) + 1,
            sealedAt: now(),
            entries: rangesOf(rows.map((row) => row.id)),
            entryMacs: macs,
            count: rows.length,
            previous: before?.mac ?? noSeal,
          };
          await insertSeal(
            tx,
            { ...seal, mac: sealMac(sealKey, seal) },
            rows.map((row) => row.id),
          );
          return rows.length;
        });
        if (sealed > 0) options.log.info('seal.written', { count: sealed });
        return sealed;
      } catch (error) {
        // Two sealers took the same number: the other one's seal stands, ours comes next time.
        if (isDuplicateKey(error)) return 0;
        throw error;
      }
    },
    verify: (anchor, progress, more) => verifyLog({ database, key: sealKey, anchor, progress, ...more }),
    anchor: async () => {
      const last = await lastSeal(database);
      return last === undefined ? undefined : `${last.sequence}:${last.mac.toString('hex')}`;
    },
  };
}
