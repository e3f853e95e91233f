// Verifies the chain of seals and the entries they cover, from the first seal to the last.
// Invariant: nothing in a seal with a wrong MAC is trusted; the seals behind it are checked all the same.
import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Database } from '../store/database.ts';
import { readEntries, sealsAfter, type HandoverRow, type Seal } from '../store/seals.ts';
import type { createCitedCheck } from './cited-check.ts';
import { mostFindings, type Findings } from './findings.ts';
import { entryMac, entryIdsOf, keyOfSeal, macBytes, noSeal } from './macs.ts';
import type { StrayWatch } from './unsealed-entries.ts';
import type { Anchor, VerificationProblem, SealCounts } from './verification.ts';

export interface SealWalk {
  /** Walks to the newest seal that exists now; a second call walks the seals added since. */
  readonly follow: () => Promise<void>;
  readonly counts: () => SealCounts;
  /** True where every seal's list of entries is known: only then can an entry be called a stray. */
  readonly isWhole: () => boolean;
}

interface Walk {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  readonly anchor: Anchor | undefined;
  readonly progress: ((entries: number) => void) | undefined;
  readonly findings: Findings;
  readonly cited: ReturnType<typeof createCitedCheck>;
  readonly strays: StrayWatch;
  readonly isArchived: (sequence: number) => boolean;
}

export function walkSeals(walk: Walk): SealWalk {
  const { database, findings, anchor } = walk;
  let [seals, entries, archived] = [0, 0, 0];
  let previous: Buffer | undefined = noSeal;
  let isWhole = true;

  const look = async (seal: Seal): Promise<void> => {
    if (seal.sequence !== seals + 1) {
      findings.add({ kind: 'seal_missing', seal: seals + 1 });
      // Unknown: the entries the missing seals covered, and the seal that this one follows.
      isWhole = false;
      previous = undefined;
    }
    const checked = await checkSeal(walk, seal, previous);
    findings.add(...checked.problems);
    if (checked.ids === undefined) isWhole = false;
    else {
      await walk.strays.sealed(checked.ids);
      entries += checked.ids.length;
      archived += checked.gone;
    }
    seals = seal.sequence;
    previous = seal.mac;
    walk.progress?.(entries);
    if (anchor?.sequence === seal.sequence && anchor.mac !== seal.mac.toString('hex'))
      findings.add({ kind: 'anchor_differs', seal: seal.sequence });
  };

  return {
    follow: async () => {
      for (let part = await sealsAfter(database, seals, 50); part.length > 0;) {
        for (const seal of part) {
          if (findings.isFull()) return;
          await look(seal);
        }
        part = await sealsAfter(database, seals, 50);
      }
    },
    counts: () => ({ seals, entries, archived }),
    isWhole: () => isWhole,
  };
}

interface CheckedSeal {
  readonly problems: readonly VerificationProblem[];
  /** The entries it covers; undefined where the seal cannot be trusted. */
  readonly ids: readonly number[] | undefined;
  readonly gone: number;
}

/** @param previous MAC of the seal before; undefined where that is unknown */
async function checkSeal(walk: Walk, seal: Seal, previous: Buffer | undefined): Promise<CheckedSeal> {
  const unbelieved = (kind: 'key_missing' | 'seal_changed'): CheckedSeal => ({
    problems: [{ kind, seal: seal.sequence }],
    ids: undefined,
    gone: 0,
  });
  // The MAC is checked first: forged ranges may name more ids than memory can take.
  const key = keyOfSeal(walk.sealKeys, seal);
  if (key === 'unknown') return unbelieved('key_missing');
  if (key === undefined || (previous !== undefined && !seal.previous.equals(previous)))
    return unbelieved('seal_changed');
  const ids = entryIdsOf(seal.entries);
  if (seal.count !== ids.length || seal.entryMacs.length !== ids.length * macBytes)
    return unbelieved('seal_changed');
  const rows = new Map((await readEntries(walk.database, ids)).map((row) => [row.id, row]));
  const problems: VerificationProblem[] = [];
  const sound: HandoverRow[] = [];
  let gone = 0;
  for (const [index, id] of ids.entries()) {
    const row = rows.get(id);
    if (row === undefined) {
      if (walk.isArchived(seal.sequence)) gone += 1;
      else problems.push({ kind: 'entry_missing', seal: seal.sequence, entry: id });
      continue;
    }
    const expected = seal.entryMacs.subarray(index * macBytes, (index + 1) * macBytes);
    if (timingSafeEqual(entryMac(key, row), expected)) sound.push(row);
    else problems.push({ kind: 'entry_changed', seal: seal.sequence, entry: id });
  }
  for (const altered of await alteredCitations(walk.cited, sound))
    problems.push({ ...altered, seal: seal.sequence });
  return { problems, ids, gone };
}

/** Entries whose citation was altered, one after the other: the check names the first of those it is given. */
async function alteredCitations(
  cited: Walk['cited'],
  rows: readonly HandoverRow[],
): Promise<readonly VerificationProblem[]> {
  const altered: VerificationProblem[] = [];
  for (let rest = rows; altered.length < mostFindings;) {
    const found = await cited(rest);
    if (found === undefined) break;
    altered.push(found);
    rest = rest.filter((row) => row.id !== found.entry);
  }
  return altered;
}
