// The result of a backup's test (C42): signed where the test ran, and an entry of the gateway's log once it is back beside the backup.
// Invariant: a result that no key of ours signed becomes no entry; a result becomes one entry, however often it is found.
import { timingSafeEqual } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backupMoment } from '../domain/backup-rotation.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { noteTest } from '../store/backups/backups.ts';
import type { Database } from '../store/database.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { macOf } from './manifest.ts';

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
