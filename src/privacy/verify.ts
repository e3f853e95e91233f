// Verifies the hand-over log: every seal, every entry, the archives, entries that no seal covers, and what is kept beside it.
// Invariant: every break is reported, the first one first; memory does not grow with the log.
import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { KeyRing } from '../domain/key-ring.ts';
import {
  logArchives,
  newestEntryId,
  readEntries,
  sealsAfter,
  entryIdsBetween,
  nextEntryId,
  type HandoverRow,
  type Seal,
  type LogArchive,
} from '../store/log/seals.ts';
import type { Database, Sql } from '../store/database.ts';
import { isRegisteredKey, registeredKeys } from '../store/keys.ts';
import { idsOf } from '../store/log/log-range.ts';
import {
  countUnsealed,
  queueWithoutEntry,
  waitingAfter,
  unsealedAmong,
  type Waiting,
} from '../store/log/handovers-unsealed.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import {
  createCitedCheck,
  createFindings,
  mostFindings,
  type Findings,
  type Anchor,
  type Period,
  partRead,
  type SealCounts,
  type Verification,
  type VerificationProblem,
} from './verification.ts';
import { coveredBy, isSigned, entryMac, keyOfSeal, macAt, noSeal } from './macs.ts';
import { alteredDays, alteredNotices } from './beside-log.ts';
import { checkArchiveFile, isArchiveMac } from './archive-file.ts';

interface Question {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  /** Without it the consents that entries cite are not checked. */
  readonly secrets?: Pick<LeadSecrets, 'read'> | undefined;
  readonly anchor: Anchor | undefined;
  readonly progress: ((entries: number) => void) | undefined;
  readonly archives?: string;
  /** Entries of this period alone are read; every seal is, so that the chain is whole. */
  readonly period?: Period;
}

export async function verifyLog(question: Question): Promise<Verification> {
  const { database, sealKeys, anchor, progress } = question;
  const cited = createCitedCheck(database, question.secrets);
  const unsealed = await countUnsealed(database);
  const gone = await queueWithoutEntry(database);
  const newest = await newestEntryId(database);
  const [first, end] = question.period === undefined ? [0, Infinity] : await idsOf(database, question.period);
  const part = partRead(question.period, [first, end]);
  const strays = watchStrays(database, first, Math.min(newest, end));
  let good: SealCounts = { seals: 0, entries: 0, archived: 0 };
  const findings = createFindings(() => {
    good = walk.counts();
  });
  const archives = await logArchives(database);
  const isArchived = (sequence: number): boolean =>
    archives.some((archive) => archive.firstSeal <= sequence && sequence <= archive.lastSeal);
  const walk = walkSeals({
    database,
    sealKeys,
    anchor,
    progress,
    findings,
    cited,
    strays,
    isArchived,
    isRead: part.isRead,
  });

  const wrong = await firstWrongArchive(database, archives, { sealKeys, folder: question.archives });
  if (wrong !== undefined) findings.add(wrong);
  await walk.follow();
  if (anchor !== undefined && !findings.isFull() && anchor.sequence > walk.counts().seals)
    findings.add({ kind: 'anchor_missing', seal: anchor.sequence });
  if (gone !== undefined) findings.add({ kind: 'queue_points_nowhere', entry: gone });
  findings.add(
    ...(await alteredDays(database, sealKeys, () => lacksKey(database, sealKeys))),
    ...(await alteredNotices(database)),
  );
  if (!findings.isFull()) await findUnsigned(database, sealKeys, findings);
  if (!findings.isFull() && walk.isWhole()) await findStrays(database, strays, walk, findings);
  const [problem] = findings.all();
  if (problem === undefined) return { ok: true, ...walk.counts(), unsealed, ...part.said };
  return { ok: false, ...good, unsealed, ...part.said, problem, problems: findings.all() };
}

/** Entries of the table that no seal covers and that do not wait for one. */
async function findStrays(
  database: Database,
  strays: StrayWatch,
  walk: SealWalk,
  findings: Findings,
): Promise<void> {
  await strays.finish();
  const left = await notWaiting(database, strays.unknown());
  // Appended or sealed while we were reading: in the queue first, in a later seal afterwards.
  if (left.length > 0) await walk.follow();
  if (!walk.isWhole()) return;
  const known = strays.unknown();
  findings.add(
    ...left.filter((id) => known.has(id)).map((id) => ({ kind: 'entry_unsealed' as const, entry: id })),
  );
}

/** Reports waiting entries without a valid signature of the gateway. */
async function findUnsigned(database: Database, sealKeys: KeyRing, findings: Findings): Promise<void> {
  for (let after = 0; ;) {
    const waiting = await waitingAfter(database, after, 100);
    if (waiting === undefined) return;
    const rows = await rowsOf(database, waiting.entries);
    for (const line of waiting.entries) {
      const row = rows.get(line.id);
      if (row === undefined || isSigned(sealKeys, row, line)) continue;
      // A key registered for this installation that this process lacks; any other name is an invention.
      const isOthers =
        sealKeys.byId(line.keyId) === undefined && (await isRegisteredKey(database, 'seal', line.keyId));
      findings.add({ kind: isOthers ? 'key_missing' : 'entry_forged', entry: line.id });
      if (findings.isFull()) return;
    }
    after = waiting.last;
  }
}

async function rowsOf(
  database: Database,
  entries: readonly Waiting[],
): Promise<ReadonlyMap<number, HandoverRow>> {
  const rows: HandoverRow[] = [];
  for (let start = 0; start < entries.length; start += 1_000)
    rows.push(
      ...(await readEntries(
        database,
        entries.slice(start, start + 1_000).map(({ id }) => id),
      )),
    );
  return new Map(rows.map((row) => [row.id, row]));
}

// Verifies the chain of seals and the entries they cover, from the first seal to the last.
// Invariant: nothing in a seal with a wrong MAC is trusted; the seals behind it are checked all the same.

type SealWalk = ReturnType<typeof walkSeals>;

interface Walk extends Pick<Question, 'database' | 'sealKeys' | 'anchor' | 'progress'> {
  readonly findings: Findings;
  readonly cited: ReturnType<typeof createCitedCheck>;
  readonly strays: StrayWatch;
  readonly isArchived: (sequence: number) => boolean;
  /** False for seals outside the period: their entries are not read. */
  readonly isRead: (seal: Seal, ids: readonly number[]) => boolean;
}

function walkSeals(walk: Walk) {
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
      entries += checked.read;
      archived += checked.gone;
    }
    seals = seal.sequence;
    previous = seal.mac;
    walk.progress?.(entries);
    if (anchor?.sequence === seal.sequence && anchor.mac !== seal.mac.toString('hex'))
      findings.add({ kind: 'anchor_differs', seal: seal.sequence });
  };

  return {
    /** Walks to the newest seal that exists now; a second call walks the seals added since. */
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
    /** True where every seal's list of entries is known: only then can an entry be called a stray. */
    isWhole: () => isWhole,
  };
}

interface CheckedSeal {
  readonly problems: readonly VerificationProblem[];
  /** The entries it covers; undefined where the seal cannot be trusted. */
  readonly ids: readonly number[] | undefined;
  readonly read: number;
  readonly gone: number;
}

/** @param previous MAC of the seal before; undefined where that is unknown */
async function checkSeal(walk: Walk, seal: Seal, previous: Buffer | undefined): Promise<CheckedSeal> {
  const unbelieved = (kind: 'key_missing' | 'seal_changed'): CheckedSeal => ({
    problems: [{ kind, seal: seal.sequence }],
    ids: undefined,
    read: 0,
    gone: 0,
  });
  // The MAC is checked first: forged ranges may name more ids than memory can take.
  const key = keyOfSeal(walk.sealKeys, seal);
  if (key === 'unknown') return unbelieved('key_missing');
  if (key === undefined || (previous !== undefined && !seal.previous.equals(previous)))
    return unbelieved('seal_changed');
  const ids = coveredBy(seal);
  if (ids === undefined) return unbelieved('seal_changed');
  if (!walk.isRead(seal, ids)) return { problems: [], ids, read: 0, gone: 0 };
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
    if (timingSafeEqual(entryMac(key, row), macAt(seal, index))) sound.push(row);
    else problems.push({ kind: 'entry_changed', seal: seal.sequence, entry: id });
  }
  for (const altered of await alteredCitations(walk.cited, sound))
    problems.push({ ...altered, seal: seal.sequence });
  return { problems, ids, read: ids.length, gone };
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

// Verifies archives of the log: their records, and the files themselves where a folder is given.
// Invariant: records are genuine and leave no seal out; a file is compared whole.

async function firstWrongArchive(
  database: Database,
  archives: readonly LogArchive[],
  { sealKeys, folder }: { readonly sealKeys: KeyRing; readonly folder: string | undefined },
): Promise<VerificationProblem | undefined> {
  let after = 0;
  let previous = noSeal;
  for (const archive of archives) {
    if (archive.firstSeal !== after + 1) return { kind: 'archive_changed', seal: archive.firstSeal };
    if (!isArchiveMac(sealKeys, archive))
      return {
        // The record names no key: it may be one that was in force then, and is not configured here.
        kind: (await lacksKey(database, sealKeys)) ? 'key_missing' : 'archive_changed',
        seal: archive.firstSeal,
      };
    after = archive.lastSeal;
    if (folder === undefined) continue;
    const file = await checkArchiveFile(join(folder, archive.fileName), sealKeys);
    if (!file.ok) {
      const { problem } = file;
      return problem.kind === 'archive_missing' ? { ...problem, seal: archive.firstSeal } : problem;
    }
    if (
      !file.digest.equals(archive.digest) ||
      file.firstSeal !== archive.firstSeal ||
      !file.previous.equals(previous)
    )
      return { kind: 'archive_changed', seal: archive.firstSeal };
    previous = file.lastMac;
  }
  return undefined;
}

const lacksKey = async (database: Database, sealKeys: KeyRing): Promise<boolean> =>
  (await registeredKeys(database)).some(
    (registered) => registered.purpose === 'seal' && sealKeys.byId(registered.keyId) === undefined,
  );

// Finds entries that are neither sealed nor queued, while the verification walks the seals in order.
// Invariant: memory is a few pages of marks, a byte for each id, and the waiting entries, however long the log is: a page is compared with
// the table and dropped once the seals have moved on.

const pageSize = 65_536;
/** Pages behind the newest sealed id that may still be added to: late commits are seconds late, not half a million ids. */
const pagesKept = 8;

interface StrayWatch {
  readonly sealed: (ids: readonly number[]) => Promise<void>;
  /** Compares the remaining pages, up to the newest id at the beginning. */
  readonly finish: () => Promise<void>;
  /** Ids of the table that no seal named so far. */
  readonly unknown: () => ReadonlySet<number>;
}

function watchStrays(sql: Sql, first: number, newest: number): StrayWatch {
  /** By page, a mark for each id that a seal covers. */
  const pages = new Map<number, Uint8Array>();
  const unknown = new Set<number>();
  let next = Math.floor(first / pageSize);
  let highest = 0;

  const compareUpTo = async (end: number): Promise<void> => {
    while (next < end) {
      const from = next * pageSize;
      if (!pages.has(next)) {
        // No seal covers this page: jump to the next id that exists in the table.
        const id = await nextEntryId(sql, from, Math.min(newest, end * pageSize - 1));
        const page = id === undefined ? end : Math.floor(id / pageSize);
        const sealedPage = Math.min(...[...pages.keys()].filter((page) => page >= next), end);
        if (page > next) {
          next = Math.min(page, sealedPage);
          continue;
        }
      }
      const marks = pages.get(next);
      for (const id of await entryIdsBetween(sql, from, Math.min(newest, from + pageSize - 1)))
        if (marks?.[id % pageSize] !== 1) unknown.add(id);
      pages.delete(next);
      next += 1;
    }
  };

  return {
    sealed: async (ids) => {
      for (const id of ids) {
        const page = Math.floor(id / pageSize);
        if (page < next) {
          unknown.delete(id);
          continue;
        }
        const marks = pages.get(page) ?? new Uint8Array(pageSize);
        marks[id % pageSize] = 1;
        pages.set(page, marks);
        highest = Math.max(highest, page);
      }
      await compareUpTo(highest - pagesKept);
    },
    finish: () => compareUpTo(Math.floor(newest / pageSize) + 1),
    unknown: () => unknown,
  };
}

/** Those of the ids that do not wait for a seal now. */
async function notWaiting(sql: Sql, ids: Iterable<number>): Promise<readonly number[]> {
  const left: number[] = [];
  const all = [...ids];
  for (let start = 0; start < all.length; start += 1_000) {
    const part = all.slice(start, start + 1_000);
    const waiting = await unsealedAmong(sql, part);
    left.push(...part.filter((id) => !waiting.has(id)));
  }
  return left;
}
