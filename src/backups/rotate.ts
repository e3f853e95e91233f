// Applies the rule of C43 to a folder of backups: what goes, what is reduced to its long copy, what stays.
// Invariant: only folders with the name of a backup are touched; what a manifest calls a long copy outlives the whole one.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backupMoment, keptBackups, type Kept } from '../domain/backup-rotation.ts';
import type { CivilDate } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import { mainName, manifestName } from './manifest.ts';
import { statisticsName } from './statistics.ts';
import { testedName } from './tested.ts';

/** Files of the long copy begin so. */
export const longPrefix = 'long-';

export interface Rotation {
  readonly kept: ReadonlyMap<string, Kept>;
  readonly goes: readonly string[];
  /** Kept as a long copy, and still whole. */
  readonly shrinks: readonly string[];
}

/** Names among these that the rule keeps in no form; without the folder no backup counts as tested. */
export const mayGo = (names: readonly string[], today: CivilDate): readonly string[] => {
  const kept = keptBackups(names, today);
  return names.filter((name) => backupMoment(name) !== undefined && !kept.has(name));
};

const outlives = (file: string): boolean =>
  [manifestName, testedName, statisticsName].includes(file) || file.startsWith(longPrefix);

export async function rotationOf(folder: string, today: CivilDate): Promise<Rotation> {
  const names = (await readdir(folder)).filter((name) => backupMoment(name) !== undefined).toSorted();
  const tested = new Set(names.filter((name) => existsSync(join(folder, name, testedName))));
  const kept = keptBackups(names, today, tested);
  const shrinks: string[] = [];
  for (const name of names)
    if (kept.get(name) === 'long' && !(await readdir(join(folder, name))).every(outlives)) shrinks.push(name);
  return { kept, goes: names.filter((name) => !kept.has(name)), shrinks };
}

export async function rotateFolder(folder: string, { goes, shrinks }: Rotation): Promise<void> {
  for (const name of goes) await rm(join(folder, name), { recursive: true });
  for (const name of shrinks)
    for (const file of await readdir(join(folder, name)))
      if (!outlives(file)) await rm(join(folder, name, file));
}

/** The newest backup of the folder that is whole. @throws BACKUP-001 where there is none, CONFIG-001 without a folder */
export async function newestWhole(folder: string | undefined): Promise<string> {
  if (folder === undefined)
    throw new RelaisError('CONFIG-001', 'Name a backup, or their folder in RELAIS_BACKUP_DIR.');
  const names = (await readdir(folder)).filter((name) => backupMoment(name) !== undefined).toSorted();
  const newest = names.findLast((name) => existsSync(join(folder, name, mainName)));
  if (newest === undefined) throw new RelaisError('BACKUP-001', `No whole backup is in ${folder}.`);
  return join(folder, newest);
}
