// Checks the log of an audit pack: one chain of seals, each entry covered by its seal; with the sealing key both are computed again.
// Invariant: read line by line; the first fault is named, with its seal or entry.
import { timingSafeEqual } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Key, KeyRing } from '../../domain/key-ring.ts';
import { sealOf } from '../../privacy/archive-file.ts';
import { entryIdsOf, keyOfSeal, macBytes, textMac } from '../../privacy/macs.ts';
import type { Seal } from '../../store/seals.ts';
import { journalFormat } from './journal.ts';

export type PackProblem =
  | 'not_a_pack'
  | 'archive_padded'
  | 'key_unreadable'
  | 'other_key'
  | 'signature_wrong'
  | 'file_missing'
  | 'file_added'
  | 'file_changed'
  | 'log_broken'
  | 'seal_changed'
  | 'entry_changed'
  | 'key_missing';

export class Wrong extends Error {
  readonly problem: PackProblem;
  readonly where: string;
  constructor(problem: PackProblem, where = '') {
    super(problem);
    this.problem = problem;
    this.where = where;
  }
}

export interface JournalCounts {
  readonly seals: number;
  readonly entries: number;
  readonly unsealed: number;
}

/** The seal whose entries are being read, and the position in it. */
interface OpenSeal {
  readonly seal: Seal;
  readonly ids: readonly number[];
  /** Undefined without the sealing keys. */
  readonly key: Key | undefined;
  at: number;
}

export async function checkJournal(bytes: Readable, sealKeys: KeyRing | undefined): Promise<JournalCounts> {
  const counts = { seals: 0, entries: 0, unsealed: 0 };
  let part: 'head' | 'sealed' | 'unsealed' | 'ended' = 'head';
  let open: OpenSeal | undefined;
  let before: { readonly sequence: number; readonly mac: string } | undefined;
  for await (const line of createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (part === 'ended') throw new Wrong('log_broken', 'journal.jsonl');
    if (line.startsWith('[')) {
      if (part === 'unsealed') counts.unsealed += 1;
      else {
        if (open === undefined) throw new Wrong('log_broken', 'journal.jsonl');
        nextEntry(open, line);
        counts.entries += 1;
      }
      continue;
    }
    const said = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (part === 'head') {
      if (said['format'] !== journalFormat) throw new Wrong('log_broken', 'journal.jsonl');
      part = 'sealed';
    } else if (said['end'] === true) {
      if (['seals', 'entries', 'unsealed'].some((name) => said[name] !== counts[name as keyof typeof counts]))
        throw new Wrong('log_broken', 'journal.jsonl');
      part = 'ended';
    } else if (typeof said['unsealed'] === 'number') part = 'unsealed';
    else {
      open = openSeal(said, sealKeys);
      const { sequence, previous, mac } = linkOf(said);
      if (before !== undefined && (sequence !== before.sequence + 1 || previous !== before.mac))
        throw new Wrong('log_broken', `seal ${sequence}`);
      before = { sequence, mac };
      counts.seals += 1;
    }
  }
  if (part !== 'ended') throw new Wrong('log_broken', 'journal.jsonl');
  return counts;
}

function linkOf(said: Readonly<Record<string, unknown>>): {
  readonly sequence: number;
  readonly previous: string;
  readonly mac: string;
} {
  const { seal, link, previous, mac } = said;
  const sequence = seal ?? link;
  if (typeof sequence !== 'number' || typeof previous !== 'string' || typeof mac !== 'string')
    throw new Wrong('log_broken', 'journal.jsonl');
  return { sequence, previous, mac };
}

/** Undefined for a seal that is only a link. */
function openSeal(
  said: Readonly<Record<string, unknown>>,
  sealKeys: KeyRing | undefined,
): OpenSeal | undefined {
  if (said['link'] !== undefined) return undefined;
  const seal = sealOf(said);
  if (seal === undefined) throw new Wrong('log_broken', 'journal.jsonl');
  const key = sealKeys === undefined ? undefined : keyOfSeal(sealKeys, seal);
  if (key === 'unknown') throw new Wrong('key_missing', `seal ${seal.sequence}`);
  if (key === undefined && sealKeys !== undefined) throw new Wrong('seal_changed', `seal ${seal.sequence}`);
  const ids = entryIdsOf(seal.entries);
  if (ids.length !== seal.count || seal.entryMacs.length !== ids.length * macBytes)
    throw new Wrong('seal_changed', `seal ${seal.sequence}`);
  return { seal, ids, key, at: 0 };
}

/** Checks that an entry is the next one of the seal; with the key also that its text is the sealed one. */
function nextEntry(open: OpenSeal, line: string): void {
  const { seal, ids, key } = open;
  const id = Number((JSON.parse(line) as readonly unknown[])[0]);
  const at = ids.indexOf(id, open.at);
  if (at < 0) throw new Wrong('entry_changed', `entry ${id}`);
  open.at = at + 1;
  if (key === undefined) return;
  const mac = seal.entryMacs.subarray(at * macBytes, (at + 1) * macBytes);
  if (!timingSafeEqual(textMac(key, line), mac)) throw new Wrong('entry_changed', `entry ${id}`);
}
