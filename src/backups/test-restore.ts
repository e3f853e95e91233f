// Tests a backup (C42): restores it into a private instance, compares the counts, verifies the log, and notes the result beside it.
// Invariant: neither the gateway's database nor the backup is changed; a backup counts as tested only when all of this was right.
import type { KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { parseAnchor } from '../privacy/verification.ts';
import { verifyLog } from '../privacy/verify.ts';
import { countRows } from '../store/backups/backups.ts';
import type { Database } from '../store/database.ts';
import { readManifest } from './manifest.ts';
import { leftOut } from './run.ts';
import { loadBackup, type RestorePlace } from './restore.ts';
import { writeTested, type TestedBackup } from './tested.ts';
import { toolsOf } from './tools.ts';

/** The kind of server that made a backup. @throws BACKUP-002, KEY-001 */
export const engineOf = async (backup: string, sealKeys: KeyRing): Promise<'mysql' | 'mariadb'> =>
  toolsOf((await readManifest(backup, sealKeys)).server).client;

/** @throws BACKUP-001, BACKUP-002, LOG-001 */
export async function testBackup(
  place: RestorePlace & { readonly owner: Database; readonly sealKeys: KeyRing },
  progress?: (part: string) => void,
): Promise<TestedBackup> {
  const { owner, keysSchema, backup, sealKeys } = place;
  const { manifest, rows, long } = await loadBackup(place, progress);
  if (long !== undefined)
    throw new RelaisError(
      'BACKUP-001',
      `${manifest.name} is a long copy: its newest whole backup is tested.`,
    );
  for (const [schema, dumped] of [
    [owner.name, manifest.main.rows],
    [keysSchema, manifest.keys.rows],
  ] as const)
    for (const [table, count] of Object.entries(dumped)) {
      const there = leftOut.includes(table) ? count : await countRows(owner, schema, table);
      // A migration of a newer program may add rows, never take some away.
      if (there < count)
        throw new RelaisError(
          'BACKUP-002',
          `${schema}.${table} has ${there} rows after the restore, not ${count}.`,
        );
    }
  const anchor = manifest.log.anchor === null ? undefined : parseAnchor(manifest.log.anchor);
  const verified = await verifyLog({ database: owner, sealKeys, anchor, progress: undefined });
  if (!verified.ok)
    throw new RelaisError(
      'LOG-001',
      `The log of ${manifest.name} does not verify (${verified.problem?.kind ?? 'unknown'}).`,
    );
  const tested = { name: manifest.name, rows, entries: verified.entries, at: owner.now().toISOString() };
  await writeTested(backup, tested, sealKeys);
  return tested;
}
