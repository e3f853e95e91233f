// Seals the hand-over log and verifies it (guarantee 9; charter C09, C46).
// Invariant: only entries the gateway signed are sealed, and only behind a genuine seal; the keys are kept outside the
// database; verification names the first broken entry, and with an anchor detects a cut tail.
import type { KeyRing } from '../domain/key-ring.ts';
import type { Log } from '../log.ts';
import { raiseAgainAfter } from '../store/alerts/alerts.ts';
import { isDuplicateKey, type Database, type Sql } from '../store/database.ts';
import { isRegisteredKey } from '../store/keys.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import {
  endWaiting,
  setApart,
  signedByNobody,
  standAlone,
  takeUnsealed,
  type Waiting,
  type WaitingTogether,
} from '../store/log/handovers-unsealed.ts';
import { insertSeal, lastSeal, readEntries, type HandoverRow, type Seal } from '../store/log/seals.ts';
import { entryMac, keyOfSeal, noSeal, rangesOf, sealMac, isSigned } from './macs.ts';
import type { Anchor, Period, Verification } from './verification.ts';
import { verifyLog } from './verify.ts';

export interface Sealer {
  /** Seals waiting entries, at most `limit`. Returns how many were sealed. */
  readonly seal: (limit: number) => Promise<number>;
  /** @param options `archives`: a folder of archives, whose entries are then verified too; `period`: read its entries alone */
  readonly verify: (
    anchor?: Anchor,
    progress?: (entries: number) => void,
    options?: { readonly archives?: string; readonly period?: Period },
  ) => Promise<Verification>;
  /** The last seal, to be kept elsewhere: `12:9f3c...`. Undefined when nothing is sealed yet. */
  readonly anchor: () => Promise<string | undefined>;
}

/** An alteration of the log is reported at most once an hour. */
const againSeconds = 3_600;

export function createSealer(options: {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  readonly log: Log;
  /** To check the consents that entries cite. */
  readonly secrets?: Pick<LeadSecrets, 'read'>;
  readonly now?: () => Date;
}): Sealer {
  const { database, sealKeys, log, secrets } = options;
  const now = options.now ?? database.now;
  /** The newest seal this process has met: a smaller one afterwards means that the end was cut. */
  let met = 0;

  const alter = async (reason: string): Promise<void> => {
    log.error('seal.refused', { reason });
    await raiseAgainAfter(database, { kind: 'log_altered', reason }, againSeconds);
  };

  return {
    seal: async (limit) => {
      try {
        const done = await database.transaction((tx) => sealNext(tx, { sealKeys, limit, now, met }));
        met = Math.max(met, done.last);
        if (done.sealed > 0) log.info('seal.written', { count: done.sealed });
        if (done.altered !== undefined) await alter(done.altered);
        return done.sealed;
      } catch (error) {
        // Two sealers took the same number: the other one's seal counts, ours is written in the next round.
        if (isDuplicateKey(error)) return 0;
        throw error;
      }
    },
    verify: (anchor, progress, more) => verifyLog({ database, sealKeys, secrets, anchor, progress, ...more }),
    anchor: async () => {
      const last = await lastSeal(database);
      return last === undefined ? undefined : `${last.sequence}:${last.mac.toString('hex')}`;
    },
  };
}

interface Sealed {
  readonly sealed: number;
  /** Sequence of the newest genuine seal. */
  readonly last: number;
  /** Reason why the last seal or an entry is not the gateway's; no seal is built on it. */
  readonly altered?: string;
}

async function sealNext(
  tx: Sql,
  options: {
    readonly sealKeys: KeyRing;
    readonly limit: number;
    readonly now: () => Date;
    readonly met: number;
  },
): Promise<Sealed> {
  const { sealKeys, met } = options;
  const before = await lastSeal(tx);
  const last = before?.sequence ?? 0;
  if (last < met) return { sealed: 0, last, altered: `seal_missing:${met}` };
  const proved = before === undefined ? undefined : keyOfSeal(sealKeys, before);
  // The seal was made with a registered key that this process lacks: other processes continue.
  if (before !== undefined && proved === 'unknown' && (await isRegisteredKey(tx, 'seal', before.keyId)))
    return { sealed: 0, last: 0 };
  if (before !== undefined && (proved === undefined || proved === 'unknown'))
    return { sealed: 0, last: 0, altered: `seal_changed:${last}` };
  const keyIds = sealKeys.keys.map((key) => key.id);
  const taken = await takeUnsealed(tx, keyIds, options.limit);
  const waiting: Waiting[] = [];
  const ids: number[] = [];
  for (const line of taken)
    for (const entry of line) {
      waiting.push(entry);
      ids.push(entry.id);
    }
  // An id whose row is missing stays in the queue, where verify finds it.
  const rows = await readEntries(tx, ids);
  const byId = new Map<number, HandoverRow>();
  for (const row of rows) byId.set(row.id, row);
  const kept = new Set<number>();
  for (const entry of waiting) {
    const row = byId.get(entry.id);
    if (row !== undefined && isSigned(sealKeys, row, entry)) kept.add(entry.id);
  }
  const genuine: HandoverRow[] = [];
  const forged: number[] = [];
  for (const row of rows)
    if (kept.has(row.id)) genuine.push(row);
    else forged.push(row.id);
  const nobodys = await signedByNobody(tx, keyIds, {
    upTo: waiting.length < options.limit ? Number.MAX_SAFE_INTEGER : (waiting.at(-1)?.id ?? 0),
    limit: options.limit,
  });
  for (const line of nobodys) for (const { id } of line) forged.push(id);
  const lines = await endingLines(tx, [...taken, ...nobodys], kept);
  if (forged.length > 0) await setApart(tx, forged);
  const seal = await addSeal(tx, { rows: genuine, lines, before, sealKeys, now: options.now });
  const altered = forged[0] === undefined ? {} : { altered: `entry_forged:${forged[0]}` };
  return { sealed: genuine.length, last: seal?.sequence ?? last, ...altered };
}

/** Lines that end with the seal. A line with an unsealed entry is split first: that entry keeps its place. */
async function endingLines(
  tx: Sql,
  waiting: readonly WaitingTogether[],
  kept: ReadonlySet<number>,
): Promise<readonly number[]> {
  const ending: number[] = [];
  for (const line of waiting) {
    const sealed: number[] = [];
    for (const { id } of line) if (kept.has(id)) sealed.push(id);
    if (sealed.length < line.length && line.length > 1) await standAlone(tx, line);
    ending.push(...(sealed.length === line.length ? sealed.slice(0, 1) : sealed));
  }
  return ending;
}

/** Furthest that a clock is set back without a word, ms. */
const setBackMs = 3_600_000;

/** Seals are in order of time, so that each is in one day's statement; a clock that was an hour ahead and more is no longer believed. */
const inOrder = (before: Date | undefined, now: Date): Date =>
  before !== undefined && before > now && before.getTime() - now.getTime() < setBackMs ? before : now;

/** Seals these entries behind `before`. The caller has proved both. */
export async function addSeal(
  tx: Sql,
  {
    rows,
    lines,
    before,
    sealKeys,
    now,
    unsigned = false,
  }: {
    readonly rows: readonly HandoverRow[];
    /** Ids of the queue lines of these entries. */
    readonly lines: readonly number[];
    readonly before: Seal | undefined;
    readonly sealKeys: KeyRing;
    readonly now: () => Date;
    /** Entries from before there were signatures: their seal names no key, as seals did then. */
    readonly unsigned?: boolean;
  },
): Promise<Seal | undefined> {
  if (rows.length === 0) return undefined;
  const key = sealKeys.current();
  const ids: number[] = [];
  const macs: Buffer[] = [];
  for (const row of rows) {
    ids.push(row.id);
    macs.push(entryMac(key, row));
  }
  const bare = {
    sequence: (before?.sequence ?? 0) + 1,
    sealedAt: inOrder(before?.sealedAt, now()),
    entries: rangesOf(ids),
    entryMacs: Buffer.concat(macs),
    count: rows.length,
    previous: before?.mac ?? noSeal,
    keyId: unsigned ? '' : key.id,
  };
  const seal = { ...bare, mac: sealMac(key, bare) };
  await insertSeal(tx, seal);
  await endWaiting(tx, lines);
  return seal;
}
