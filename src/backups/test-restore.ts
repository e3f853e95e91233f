// Tests a backup (C42): restores it into a private instance, compares the counts, verifies the log, and notes the result beside it.
// Invariant: neither the gateway's database nor the backup is changed; a backup counts as tested only when all of this was right.
import type { KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { parseAnchor } from '../privacy/verification.ts';
import { verifyLog } from '../privacy/verify.ts';
import { countRows, noteTest } from '../store/backups/backups.ts';
import type { Database } from '../store/database.ts';
import { readManifest, macOf } from './manifest.ts';
import { leftOut } from './run.ts';
import { loadBackup, type RestorePlace } from './restore.ts';
import { toolsOf } from './tools.ts';
import { timingSafeEqual } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backupMoment } from '../domain/backup-rotation.ts';
import { appendHandovers } from '../store/log/handovers.ts';

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
  const tested = {
    name: manifest.name,
    rows,
    entries: verified.entries,
    at: owner.now().toISOString(),
  };
  await writeTested(backup, tested, sealKeys);
  return tested;
}

// The result of a backup's test (C42): signed where the test ran, and an entry of the gateway's log once it is back beside the backup.
// Invariant: a result that no key of ours signed becomes no entry; a result becomes one entry, however often it is found.

/** Written beside a backup by `relais backup test`. */
export const testedName = 'tested.json';

export interface TestedBackup {
  readonly name: string;
  readonly rows: number;
  /** Entries of the log that verify. */
  readonly entries: number;
  /** ISO 8601, by the clock of the server that the backup was restored into. */
  readonly at: string;
}

export async function writeTested(backup: string, tested: TestedBackup, sealKeys: KeyRing): Promise<void> {
  const key = sealKeys.current();
  const mac = macOf(key.bytes, 'backup test', tested).toString('hex');
  const text = JSON.stringify({ ...tested, keyId: key.id, mac }, undefined, 2);
  await writeFile(join(backup, testedName), `${text}\n`, { mode: 0o600, flush: true });
}

/** Enters the results that lie beside backups of the folder and are not entered yet. Returns the names of these backups. */
export async function enterTests(
  owner: Database,
  folder: string,
  sealKeys: KeyRing,
): Promise<readonly string[]> {
  const entered: string[] = [];
  for (const name of (await readdir(folder)).filter((one) => backupMoment(one) !== undefined)) {
    const tested = await readTested(join(folder, name), sealKeys);
    if (tested?.name !== name) continue;
    const isNew = await owner.transaction(async (tx) => {
      if (!(await noteTest(tx, tested))) return false;
      const reason = `rows:${tested.rows} entries:${tested.entries} at:${tested.at}`;
      await appendHandovers(tx, [{ entry: 'backup_tested', clientId: '', fileName: name, reason }]);
      return true;
    });
    if (isNew) entered.push(name);
  }
  return entered;
}

/** Undefined where there is none, or none that we signed. */
async function readTested(backup: string, sealKeys: KeyRing): Promise<TestedBackup | undefined> {
  const text = await readFile(join(backup, testedName), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { keyId, mac, ...tested } = JSON.parse(text) as TestedBackup & {
      readonly keyId: string;
      readonly mac: string;
    };
    const key = sealKeys.byId(keyId);
    if (key === undefined) return undefined;
    const [given, expected] = [Buffer.from(mac, 'hex'), macOf(key.bytes, 'backup test', tested)];
    return given.length === expected.length && timingSafeEqual(given, expected) ? tested : undefined;
  } catch {
    return undefined;
  }
}
