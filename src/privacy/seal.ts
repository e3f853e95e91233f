// Sealing the hand-over log and verifying it (guarantee 9; charter C09, C46).
// Invariant: the key lives outside the database; verify names the first broken entry, and with an anchor sees a cut tail.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { keyOf } from '../domain/keyed.ts';
import type { Log } from '../log.ts';
import { isDuplicateKey, type Database } from '../store/database.ts';
import { handoverColumns } from '../store/handovers.ts';
import {
  allUnsealed,
  entryIdsAfter,
  insertSeal,
  lastSeal,
  readEntries,
  sealsAfter,
  unsealedIds,
  type HandoverRow,
  type Seal,
} from '../store/seals.ts';

const macBytes = 16;
const noSeal: Buffer = Buffer.alloc(32);

export interface Sealer {
  /** Seals what waits, at most `limit` entries. Returns how many were sealed. */
  readonly seal: (limit: number) => Promise<number>;
  readonly verify: (anchor?: Anchor, progress?: (entries: number) => void) => Promise<Verification>;
  /** The last seal, to be kept elsewhere: `12:9f3c...`. Undefined when nothing is sealed yet. */
  readonly anchor: () => Promise<string | undefined>;
}

export interface Anchor {
  readonly sequence: number;
  readonly mac: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly seals: number;
  readonly entries: number;
  /** Entries that wait for the next seal: neither wrong nor yet proved. */
  readonly unsealed: number;
  readonly problem?: { readonly kind: LogProblem; readonly seal?: number; readonly entry?: number };
}

export type LogProblem =
  | 'entry_changed'
  | 'entry_missing'
  | 'entry_unsealed'
  | 'seal_changed'
  | 'seal_missing'
  | 'queue_points_nowhere'
  | 'anchor_missing'
  | 'anchor_differs';

/** `12:9f3c...` as printed by `relais log anchor`. */
export function parseAnchor(text: string): Anchor | undefined {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text.trim());
  return match === null ? undefined : { sequence: Number(match[1]), mac: match[2] ?? '' };
}

export function createSealer(options: {
  readonly database: Database;
  readonly sealKey: Buffer;
  readonly log: Log;
  readonly now?: () => Date;
}): Sealer {
  const { database, sealKey } = options;
  const now = options.now ?? (() => new Date());

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
    verify: (anchor, progress) => verifyAll(database, sealKey, anchor, progress),
    anchor: async () => {
      const last = await lastSeal(database);
      return last === undefined ? undefined : `${last.sequence}:${last.mac.toString('hex')}`;
    },
  };
}

async function verifyAll(
  database: Database,
  key: Buffer,
  anchor: Anchor | undefined,
  progress?: (entries: number) => void,
): Promise<Verification> {
  // The queue is read first: an entry sealed meanwhile is then in a seal, and an entry appended meanwhile is beyond `newest`.
  const waiting = await allUnsealed(database);
  let [seals, entries] = [0, 0];
  let previous: Buffer = noSeal;
  const sealedIds = new Set<number>();
  const fail = (kind: LogProblem, where: { seal?: number; entry?: number }): Verification => ({
    ok: false,
    seals,
    entries,
    unsealed: waiting.ids.size,
    problem: { kind, ...where },
  });
  for (let more = true; more;) {
    const part = await sealsAfter(database, seals, 50);
    more = part.length > 0;
    for (const seal of part) {
      if (seal.sequence !== seals + 1) return fail('seal_missing', { seal: seals + 1 });
      // The MAC before anything else: ranges somebody else wrote may name more ids than memory holds.
      if (!seal.previous.equals(previous) || !timingSafeEqual(sealMac(key, seal), seal.mac))
        return fail('seal_changed', { seal: seal.sequence });
      const ids = idsOf(seal.entries);
      if (seal.count !== ids.length || seal.entryMacs.length !== ids.length * macBytes)
        return fail('seal_changed', { seal: seal.sequence });
      const broken = await firstBroken(database, key, seal, ids);
      if (broken !== undefined) return fail(broken.kind, { seal: seal.sequence, entry: broken.entry });
      for (const id of ids) sealedIds.add(id);
      previous = seal.mac;
      seals = seal.sequence;
      entries += ids.length;
      progress?.(entries);
      if (anchor?.sequence === seal.sequence && anchor.mac !== seal.mac.toString('hex'))
        return fail('anchor_differs', { seal: seal.sequence });
    }
  }
  if (anchor !== undefined && anchor.sequence > seals)
    return fail('anchor_missing', { seal: anchor.sequence });
  const stray = await firstStray(database, sealedIds, waiting.ids);
  if (stray !== undefined) return fail(stray.kind, { entry: stray.entry });
  return { ok: true, seals, entries, unsealed: waiting.ids.size };
}

async function firstBroken(
  database: Database,
  key: Buffer,
  seal: Seal,
  ids: readonly number[],
): Promise<{ kind: LogProblem; entry: number } | undefined> {
  const rows = new Map((await readEntries(database, ids)).map((row) => [row.id, row]));
  for (const [index, id] of ids.entries()) {
    const row = rows.get(id);
    if (row === undefined) return { kind: 'entry_missing', entry: id };
    const expected = seal.entryMacs.subarray(index * macBytes, (index + 1) * macBytes);
    if (!timingSafeEqual(entryMac(key, row), expected)) return { kind: 'entry_changed', entry: id };
  }
  return undefined;
}

/** Entries slipped in past the gateway: in the table, in no seal, in no queue. */
async function firstStray(
  database: Database,
  sealed: ReadonlySet<number>,
  waiting: ReadonlySet<number>,
): Promise<{ kind: LogProblem; entry: number } | undefined> {
  const unknown: number[] = [];
  const present = new Set<number>();
  for (let after = 0; ;) {
    const ids = await entryIdsAfter(database, after, 10_000);
    const last = ids.at(-1);
    if (last === undefined) break;
    after = last;
    for (const id of ids) {
      if (waiting.has(id)) present.add(id);
      else if (!sealed.has(id)) unknown.push(id);
    }
  }
  for (const id of waiting)
    if (!present.has(id) && !sealed.has(id)) return { kind: 'queue_points_nowhere', entry: id };
  if (unknown.length === 0) return undefined;
  // Appended or sealed while we were reading: those are in the queue or in a later seal by now.
  const [later, fresh] = [await allUnsealed(database), new Set<number>()];
  for (const seal of await sealsAfter(database, 0, 1_000_000))
    for (const id of idsOf(seal.entries)) fresh.add(id);
  const stray = unknown.find((id) => !later.ids.has(id) && !fresh.has(id));
  return stray === undefined ? undefined : { kind: 'entry_unsealed', entry: stray };
}

function entryMac(key: Buffer, row: HandoverRow): Buffer {
  const values = handoverColumns.map((column) => {
    const value = row[column] as Buffer | string | number | null;
    return Buffer.isBuffer(value) ? value.toString('hex') : value === null ? null : String(value);
  });
  if (values.at(-1) === '') values.pop();
  return createHmac('sha256', keyOf(key))
    .update(JSON.stringify([row.id, ...values]))
    .digest()
    .subarray(0, macBytes);
}

function sealMac(key: Buffer, seal: Omit<Seal, 'mac'>): Buffer {
  const head = JSON.stringify([seal.sequence, seal.sealedAt.toISOString(), seal.entries, seal.count]);
  return createHmac('sha256', keyOf(key))
    .update('seal\0')
    .update(seal.previous)
    .update(head)
    .update(seal.entryMacs)
    .digest();
}

/** `[1,2,3,5]` -> `1-3,5`. */
export function rangesOf(ids: readonly number[]): string {
  const ranges: string[] = [];
  let [from, to] = [ids[0], ids[0]];
  for (const id of [...ids.slice(1), undefined]) {
    if (to !== undefined && id === to + 1) to = id;
    else {
      if (from !== undefined) ranges.push(from === to ? `${from}` : `${from}-${to}`);
      [from, to] = [id, id];
    }
  }
  return ranges.join(',');
}

export function idsOf(ranges: string): readonly number[] {
  if (ranges === '') return [];
  return ranges.split(',').flatMap((range) => {
    const [from, to] = range.split('-').map(Number) as [number, number | undefined];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index);
  });
}
