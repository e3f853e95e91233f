// Verifying the hand-over log: every seal, every entry, what stands in archives, and nothing that no seal knows.
// Invariant: the first broken entry is named; memory does not grow with the log.
import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { KeyRing } from '../domain/key-ring.ts';
import { logArchives, type LogArchive } from '../store/archives.ts';
import type { Database } from '../store/database.ts';
import { isRegisteredKey, registeredKeys } from '../store/keys.ts';
import {
  countUnsealed,
  newestEntryId,
  queueWithoutEntry,
  readEntries,
  sealsAfter,
  waitingAfter,
  type HandoverRow,
  type Seal,
} from '../store/seals.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import { checkArchiveFile, isArchiveMac } from './archive-file.ts';
import { createCitedCheck, type CitedProblem } from './cited-check.ts';
import { entryMac, idsOf, keyOfSeal, macBytes, noSeal } from './macs.ts';
import { isSigned } from './sign.ts';
import { notWaiting, watchStrays } from './strays.ts';

export interface Anchor {
  readonly sequence: number;
  readonly mac: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly seals: number;
  readonly entries: number;
  /** Of these, entries that stand in an archive and no longer in the table. */
  readonly archived: number;
  /** Entries that wait for the next seal: neither wrong nor yet proved. */
  readonly unsealed: number;
  readonly problem?: { readonly kind: LogProblem; readonly seal?: number; readonly entry?: number };
}

export type LogProblem =
  | 'entry_changed'
  | 'entry_missing'
  | 'entry_unsealed'
  | 'entry_forged'
  | 'key_missing'
  | 'seal_changed'
  | 'seal_missing'
  | 'queue_points_nowhere'
  | 'anchor_missing'
  | 'anchor_differs'
  | 'archive_changed'
  | 'archive_missing'
  | CitedProblem;

/** `12:9f3c...` as printed by `relais log anchor`. */
export function parseAnchor(text: string): Anchor | undefined {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text.trim());
  return match === null ? undefined : { sequence: Number(match[1]), mac: match[2] ?? '' };
}

interface Question {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  /** Without it the consents that entries cite are not checked. */
  readonly secrets?: Pick<LeadSecrets, 'read'> | undefined;
  readonly anchor: Anchor | undefined;
  readonly progress: ((entries: number) => void) | undefined;
  readonly archives?: string;
}

type Problem = NonNullable<Verification['problem']>;

export async function verifyLog(question: Question): Promise<Verification> {
  const { database, sealKeys, anchor } = question;
  const cited = createCitedCheck(database, question.secrets);
  const unsealed = await countUnsealed(database);
  const gone = await queueWithoutEntry(database);
  const strays = watchStrays(database, await newestEntryId(database));
  let [seals, entries, archived] = [0, 0, 0];
  let previous: Buffer = noSeal;
  const fail = (problem: Problem): Verification => ({
    ok: false,
    seals,
    entries,
    archived,
    unsealed,
    problem,
  });

  const archives = await logArchives(database);
  const wrong = await firstWrongArchive(archives, question);
  if (wrong !== undefined) return fail(wrong);
  const inArchive = (sequence: number): boolean =>
    archives.some((archive) => archive.firstSeal <= sequence && sequence <= archive.lastSeal);

  const followSeals = async (): Promise<Problem | undefined> => {
    for (let part = await sealsAfter(database, seals, 50); part.length > 0;) {
      for (const seal of part) {
        const mayBeGone = inArchive(seal.sequence);
        const problem = await checkSeal(database, sealKeys, seal, { after: seals, previous, mayBeGone });
        if ('kind' in problem) return problem;
        const altered = await cited(problem.rows);
        if (altered !== undefined) return { ...altered, seal: seal.sequence };
        await strays.sealed(problem.ids);
        previous = seal.mac;
        seals = seal.sequence;
        entries += problem.ids.length;
        archived += problem.gone;
        question.progress?.(entries);
        if (anchor?.sequence === seal.sequence && anchor.mac !== seal.mac.toString('hex'))
          return { kind: 'anchor_differs', seal: seal.sequence };
      }
      part = await sealsAfter(database, seals, 50);
    }
    return undefined;
  };

  const broken = await followSeals();
  if (broken !== undefined) return fail(broken);
  if (anchor !== undefined && anchor.sequence > seals)
    return fail({ kind: 'anchor_missing', seal: anchor.sequence });
  if (gone !== undefined) return fail({ kind: 'queue_points_nowhere', entry: gone });
  const forged = await firstUnsigned(database, sealKeys);
  if (forged !== undefined) return fail(forged);
  await strays.finish();
  // Appended or sealed while we were reading: in the queue first, in a later seal afterwards.
  const left = await notWaiting(database, strays.unknown());
  const late = left.length === 0 ? undefined : await followSeals();
  if (late !== undefined) return fail(late);
  const stray = left.find((id) => strays.unknown().has(id));
  if (stray !== undefined) return fail({ kind: 'entry_unsealed', entry: stray });
  return { ok: true, seals, entries, archived, unsealed };
}

async function checkSeal(
  database: Database,
  sealKeys: KeyRing,
  seal: Seal,
  at: { readonly after: number; readonly previous: Buffer; readonly mayBeGone: boolean },
): Promise<
  Problem | { readonly ids: readonly number[]; readonly rows: readonly HandoverRow[]; readonly gone: number }
> {
  if (seal.sequence !== at.after + 1) return { kind: 'seal_missing', seal: at.after + 1 };
  // The MAC before anything else: ranges somebody else wrote may name more ids than memory holds.
  const key = keyOfSeal(sealKeys, seal);
  if (key === 'unknown') return { kind: 'key_missing', seal: seal.sequence };
  if (key === undefined || !seal.previous.equals(at.previous))
    return { kind: 'seal_changed', seal: seal.sequence };
  const ids = idsOf(seal.entries);
  if (seal.count !== ids.length || seal.entryMacs.length !== ids.length * macBytes)
    return { kind: 'seal_changed', seal: seal.sequence };
  const rows = new Map((await readEntries(database, ids)).map((row) => [row.id, row]));
  let gone = 0;
  for (const [index, id] of ids.entries()) {
    const row = rows.get(id);
    if (row === undefined) {
      if (!at.mayBeGone) return { kind: 'entry_missing', seal: seal.sequence, entry: id };
      gone += 1;
      continue;
    }
    const expected = seal.entryMacs.subarray(index * macBytes, (index + 1) * macBytes);
    if (!timingSafeEqual(entryMac(key, row), expected))
      return { kind: 'entry_changed', seal: seal.sequence, entry: id };
  }
  return { ids, rows: [...rows.values()], gone };
}

/** Entries that wait for their seal, each with the signature of the gateway; the others stand there set apart or to be. */
async function firstUnsigned(database: Database, sealKeys: KeyRing): Promise<Problem | undefined> {
  let after = 0;
  for (;;) {
    const waiting = await waitingAfter(database, after, 1_000);
    const rows = new Map(
      (
        await readEntries(
          database,
          waiting.map((entry) => entry.id),
        )
      ).map((row) => [row.id, row]),
    );
    for (const line of waiting) {
      const row = rows.get(line.id);
      if (row === undefined || isSigned(sealKeys, row, line)) continue;
      // A key this installation was given and we were not; any other name is an invention.
      const isOthers =
        sealKeys.byId(line.keyId) === undefined && (await isRegisteredKey(database, 'seal', line.keyId));
      return { kind: isOthers ? 'key_missing' : 'entry_forged', entry: line.id };
    }
    const last = waiting.at(-1);
    if (last === undefined) return undefined;
    after = last.id;
  }
}

/** Records of archives are genuine and leave no seal out; with a folder the files are checked whole. */
async function firstWrongArchive(
  archives: readonly LogArchive[],
  { database, sealKeys, archives: folder }: Question,
): Promise<Problem | undefined> {
  let [after, previous] = [0, noSeal];
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
