// Verifies the hand-over log: every seal, every entry, the archives, and entries that no seal covers.
// Invariant: every break is reported, the first one first; memory does not grow with the log.
import type { KeyRing } from '../domain/key-ring.ts';
import { logArchives } from '../store/archives.ts';
import type { Database } from '../store/database.ts';
import { isRegisteredKey } from '../store/keys.ts';
import { countUnsealed, queueWithoutEntry, waitingAfter, type Waiting } from '../store/handovers-unsealed.ts';
import { newestEntryId, readEntries, type HandoverRow } from '../store/seals.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import { createCitedCheck } from './cited-check.ts';
import { createFindings, type Findings } from './findings.ts';
import { isSigned } from './sign.ts';
import { notWaiting, watchStrays, type StrayWatch } from './unsealed-entries.ts';
import { firstWrongArchive } from './verify-archives.ts';
import type { Anchor, SealCounts, Verification } from './verification.ts';
import { walkSeals, type SealWalk } from './verify-seals.ts';

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
  const { database, sealKeys, anchor, progress } = question;
  const cited = createCitedCheck(database, question.secrets);
  const unsealed = await countUnsealed(database);
  const gone = await queueWithoutEntry(database);
  const strays = watchStrays(database, await newestEntryId(database));
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
  });

  const wrong = await firstWrongArchive(database, archives, { sealKeys, folder: question.archives });
  if (wrong !== undefined) findings.add(wrong);
  await walk.follow();
  if (anchor !== undefined && !findings.isFull() && anchor.sequence > walk.counts().seals)
    findings.add({ kind: 'anchor_missing', seal: anchor.sequence });
  if (gone !== undefined) findings.add({ kind: 'queue_points_nowhere', entry: gone });
  if (!findings.isFull()) await findUnsigned(database, sealKeys, findings);
  if (!findings.isFull() && walk.isWhole()) await findStrays(database, { strays, walk, findings });
  const [problem] = findings.all();
  if (problem === undefined) return { ok: true, ...walk.counts(), unsealed };
  return { ok: false, ...good, unsealed, problem, problems: findings.all() };
}

/** Entries of the table that no seal covers and that do not wait for one. */
async function findStrays(
  database: Database,
  {
    strays,
    walk,
    findings,
  }: {
    readonly strays: StrayWatch;
    readonly walk: SealWalk;
    readonly findings: Findings;
  },
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
