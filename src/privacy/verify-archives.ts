// Verifies archives of the log: their records, and the files themselves where a folder is given.
// Invariant: records are genuine and leave no seal out; a file is compared whole.
import { join } from 'node:path';
import type { KeyRing } from '../domain/key-ring.ts';
import type { LogArchive } from '../store/archives.ts';
import type { Database } from '../store/database.ts';
import { registeredKeys } from '../store/keys.ts';
import { checkArchiveFile, isArchiveMac } from './archive-file.ts';
import { noSeal } from './macs.ts';
import type { VerificationProblem } from './verification.ts';

/** Records of archives are genuine and leave no seal out; with a folder the files are checked whole. */
export async function firstWrongArchive(
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
