// Verifying the hand-over log: every seal, every entry, what stands in archives, and nothing that no seal knows.
// Invariant: the first broken entry is named; memory does not grow with the log.
import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../domain/key-ring.ts';
import { logArchives, type LogArchive } from '../store/archives.ts';
import type { Database } from '../store/database.ts';
import { isRegisteredKey } from '../store/keys.ts';
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
import { createCitedCheck } from './cited-check.ts';
import { entryMac, entryIdsOf, keyOfSeal, macBytes, noSeal } from './macs.ts';
import { isSigned } from './sign.ts';
import { notWaiting, watchStrays } from './strays.ts';
import type { Anchor, VerificationProblem, Verification } from './verification.ts';
import { firstWrongArchive } from './verify-archives.ts';

interface Question {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  /** Without it the consents that entries cite are not checked. */
  readonly secrets?: Pick<LeadSecrets, 'read'> | undefined;
  readonly anchor: Anchor | undefined;
  readonly progress: ((entries: number) => void) | undefined;
  readonly archives?: string;
}

export async function verifyLog(question: Question): Promise<Verification> {
  const { database, sealKeys, anchor } = question;
  const cited = createCitedCheck(database, question.secrets);
  const unsealed = await countUnsealed(database);
  const gone = await queueWithoutEntry(database);
  const strays = watchStrays(database, await newestEntryId(database));
  const archives = await logArchives(database);
  const progress: Progress = { seals: 0, entries: 0, archived: 0, previous: noSeal };
  const follow = (): Promise<VerificationProblem | undefined> =>
    followSeals(question, progress, { archives, cited, sealed: strays.sealed });
  const rest = async (): Promise<VerificationProblem | undefined> => {
    if (anchor !== undefined && anchor.sequence > progress.seals)
      return { kind: 'anchor_missing', seal: anchor.sequence };
    if (gone !== undefined) return { kind: 'queue_points_nowhere', entry: gone };
    return (await firstUnsigned(database, sealKeys)) ?? (await firstStray(database, strays, follow));
  };
  const problem =
    (await firstWrongArchive(database, archives, { sealKeys, folder: question.archives })) ??
    (await follow()) ??
    (await rest());
  const { seals, entries, archived } = progress;
  const found = { seals, entries, archived, unsealed };
  return problem === undefined ? { ok: true, ...found } : { ok: false, ...found, problem };
}

/** How far the chain has been followed. */
interface Progress {
  seals: number;
  entries: number;
  archived: number;
  previous: Buffer;
}

/** Follows the chain from where it was left to its end. */
async function followSeals(
  { database, sealKeys, anchor, progress: report }: Question,
  progress: Progress,
  {
    archives,
    cited,
    sealed,
  }: {
    readonly archives: readonly LogArchive[];
    readonly cited: ReturnType<typeof createCitedCheck>;
    readonly sealed: (ids: readonly number[]) => Promise<void>;
  },
): Promise<VerificationProblem | undefined> {
  const inArchive = (sequence: number): boolean =>
    archives.some((archive) => archive.firstSeal <= sequence && sequence <= archive.lastSeal);
  for (let part = await sealsAfter(database, progress.seals, 50); part.length > 0;) {
    for (const seal of part) {
      const checked = await checkSeal(database, sealKeys, seal, {
        after: progress.seals,
        previous: progress.previous,
        mayBeGone: inArchive(seal.sequence),
      });
      if ('kind' in checked) return checked;
      const altered = await cited(checked.rows);
      if (altered !== undefined) return { ...altered, seal: seal.sequence };
      await sealed(checked.ids);
      progress.previous = seal.mac;
      progress.seals = seal.sequence;
      progress.entries += checked.ids.length;
      progress.archived += checked.gone;
      report?.(progress.entries);
      if (anchor?.sequence === seal.sequence && anchor.mac !== seal.mac.toString('hex'))
        return { kind: 'anchor_differs', seal: seal.sequence };
    }
    part = await sealsAfter(database, progress.seals, 50);
  }
  return undefined;
}

/** An entry that neither a seal covers nor the queue of those to be sealed names. */
async function firstStray(
  database: Database,
  strays: ReturnType<typeof watchStrays>,
  follow: () => Promise<VerificationProblem | undefined>,
): Promise<VerificationProblem | undefined> {
  await strays.finish();
  // Appended or sealed while we were reading: in the queue first, in a later seal afterwards.
  const left = await notWaiting(database, strays.unknown());
  const late = left.length === 0 ? undefined : await follow();
  if (late !== undefined) return late;
  const stray = left.find((id) => strays.unknown().has(id));
  return stray === undefined ? undefined : { kind: 'entry_unsealed', entry: stray };
}

async function checkSeal(
  database: Database,
  sealKeys: KeyRing,
  seal: Seal,
  at: { readonly after: number; readonly previous: Buffer; readonly mayBeGone: boolean },
): Promise<
  | VerificationProblem
  | { readonly ids: readonly number[]; readonly rows: readonly HandoverRow[]; readonly gone: number }
> {
  if (seal.sequence !== at.after + 1) return { kind: 'seal_missing', seal: at.after + 1 };
  // The MAC before anything else: ranges somebody else wrote may name more ids than memory holds.
  const key = keyOfSeal(sealKeys, seal);
  if (key === 'unknown') return { kind: 'key_missing', seal: seal.sequence };
  if (key === undefined || !seal.previous.equals(at.previous))
    return { kind: 'seal_changed', seal: seal.sequence };
  const ids = entryIdsOf(seal.entries);
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
async function firstUnsigned(
  database: Database,
  sealKeys: KeyRing,
): Promise<VerificationProblem | undefined> {
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
