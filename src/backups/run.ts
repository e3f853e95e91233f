// Makes a backup (C42): both schemas, secrets, mappings, settings and the archives of the log, in a folder of its own with a manifest.
// Invariant: under its name a backup is whole and on the disk; a run that was killed leaves a draft, which the next run deletes.
import { createReadStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { backupMoment, backupName, startsThird } from '../domain/backup-rotation.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { foreignCode, RelaisError } from '../errors.ts';
import { syncFolder } from '../retention/sealed-files.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import { alone } from '../store/alone.ts';
import { databaseFacts, recordBackup, type DatabaseFacts } from '../store/backups/backups.ts';
import type { Database } from '../store/database.ts';
import { linesWritten, noteBackup } from '../store/backups/erasures-unwritten.ts';
import { highestLead, leftOutOfLong, namesOfTables } from '../store/backups/long-copies.ts';
import { lastSeal, logArchives } from '../store/log/seals.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import { dumpSchema, longParts, packFolder, wholeParts, type DumpPart } from './dump.ts';
import { personsFile, writePersons } from './long-copy.ts';
import { mainName, writeManifest, type LongCopy, type Manifest, type PackedFile } from './manifest.ts';
import { writePacked } from './packed.ts';
import { packStatistics } from './statistics.ts';
import { enterTests } from './tested.ts';
import { findTools } from './tools.ts';

/** Rows that say in which state a restore is: of no use in another database. */
export const leftOut = ['restores'];
const draftEnding = '.part';
export const archivesFolder = 'archives';

export interface BackupPlace {
  /** Signs entries of the log. */
  readonly owner: Database;
  readonly ownerUrl: string;
  readonly keysSchema: string;
  readonly sealKeys: KeyRing;
  readonly secrets: Pick<LeadSecrets, 'read'>;
  readonly folder: string;
  /** An age recipient: `age1...` */
  readonly recipient: string;
  readonly caFile: string | undefined;
  readonly mappingsDir: string;
  readonly secretsDir: string | undefined;
  readonly archivesDir: string | undefined;
  /** The account that reads statistics. */
  readonly statistics: Database | undefined;
  /** Settings in force, secrets masked. */
  readonly settings: unknown;
  readonly program: string;
}

export interface BackupDone {
  readonly name: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

/**
 * @param progress names the part that is being written
 * @throws BACKUP-001, USAGE-001 for a recipient that is none, the disk's own error where it is full
 */
export async function runBackup(
  place: BackupPlace,
  progress: (part: string) => void = () => undefined,
): Promise<BackupDone> {
  const done = await alone(place.owner, 'backup', () =>
    prepared(place, progress).catch(async (error: unknown) => {
      const reason = foreignCode(error);
      // Without a database there is no alert: the exit code and health say it.
      await raiseAlerts(place.owner, [{ kind: 'backup_failed', reason }]).catch(() => undefined);
      if (reason === 'ENOSPC' || reason === 'EDQUOT')
        throw new RelaisError('BACKUP-001', `The disk of ${place.folder} is full.`);
      throw error;
    }),
  );
  if (done === undefined) throw new RelaisError('BACKUP-001', 'Another backup of this database is running.');
  return done;
}

async function prepared(place: BackupPlace, progress: (part: string) => void): Promise<BackupDone> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(place.folder))
    if (name.endsWith(draftEnding) && backupMoment(name.slice(0, -draftEnding.length)) !== undefined)
      await rm(join(place.folder, name), { recursive: true });
  await enterTests(place.owner, place.folder, place.sealKeys);
  return writeBackup(place, progress);
}

async function writeBackup(place: BackupPlace, progress: (part: string) => void): Promise<BackupDone> {
  const { owner, folder, sealKeys } = place;
  const begun = owner.now();
  const name = backupName(begun);
  const draft = join(folder, `${name}${draftEnding}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    const writing: Writing = { place, draft, progress, facts: await databaseFacts(owner, place.keysSchema) };
    const ledger = await linesWritten(owner);
    await noteBackup(owner, begun);
    const seal = await lastSeal(owner);
    const isLong = startsThird(begun, await readdir(folder));
    const dumps = await writeDumps(writing, isLong);
    const { recipient, statistics: reader } = place;
    const kept = await packStatistics(owner, reader, { folder: draft, recipient });
    const files = [
      ...dumps.files,
      ...(kept === undefined ? [] : [kept.packed]),
      ...(await packFolders(writing)),
    ];
    const manifest: Manifest = {
      format: 'relais-backup-1',
      name,
      program: place.program,
      server: writing.facts.version,
      schemaVersion: writing.facts.schemaVersion,
      log: {
        anchor: seal === undefined ? null : `${seal.sequence}:${seal.mac.toString('hex')}`,
        entry: writing.facts.entry,
      },
      ...dumps,
      files,
      ...(kept === undefined ? {} : { statistics: kept.statistics }),
      archives: await keepArchives(place, progress),
      notedInLedger: true,
      ledger,
    };
    await writeManifest(draft, manifest, sealKeys);
    await syncFolder(draft);
    await rename(draft, join(folder, name));
    await syncFolder(folder);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    await recordBackup(owner, { name, bytes });
    return { name, bytes, manifest };
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

interface Writing {
  readonly place: BackupPlace;
  readonly draft: string;
  readonly facts: DatabaseFacts;
  readonly progress: (part: string) => void;
}

async function writeDumps(
  writing: Writing,
  isLong: boolean,
): Promise<Pick<Manifest, 'main' | 'keys' | 'long' | 'files'>> {
  const { place, facts } = writing;
  const { owner, keysSchema } = place;
  const tables = facts.mainTables.filter((table) => !leftOut.includes(table));
  const main = await dump(writing, owner.name, mainName, { tables, parts: wholeParts(owner.name, leftOut) });
  const long = isLong ? await writeLong(writing, tables) : undefined;
  // Last: a lead that was erased meanwhile has its new secret, and each lead that is left has one.
  const keys = await dump(writing, keysSchema, 'keys.sql.zst.age', {
    tables: facts.keysTables,
    parts: wholeParts(keysSchema, []),
  });
  return {
    main: { file: main.file, rows: main.rows },
    keys: { file: keys.file, rows: keys.rows },
    long: long?.copy ?? null,
    files: [main.packed, keys.packed, ...(long?.files ?? [])],
  };
}

const dump = async (
  { place, draft, facts, progress }: Writing,
  schema: string,
  file: string,
  of: { readonly tables: readonly string[]; readonly parts: readonly DumpPart[] },
) =>
  dumpSchema({
    schema,
    ...of,
    recipient: place.recipient,
    login: { url: place.ownerUrl, caFile: place.caFile, scratch: draft },
    tools: await findTools(facts.version),
    path: join(draft, file),
    onTable: (table) => progress(`${schema}.${table}`),
  });

/** Written before the secrets are dumped: that dump opens its persons for as long as it is kept. */
async function writeLong(
  writing: Writing,
  all: readonly string[],
): Promise<{ readonly copy: LongCopy; readonly files: readonly PackedFile[] }> {
  const { place, draft, progress } = writing;
  const { owner, recipient, secrets } = place;
  const upTo = await highestLead(owner);
  const apart: readonly string[] = [...leftOutOfLong, ...namesOfTables];
  const tables = all.filter((table) => !apart.includes(table));
  const main = await dump(writing, owner.name, 'long-main.sql.zst.age', {
    tables,
    parts: longParts(owner.name, leftOut),
  });
  progress(personsFile);
  const path = join(draft, personsFile);
  const { leads, ...persons } = await writePersons({ path, recipient, database: owner, secrets, upTo });
  return {
    copy: { main: { file: main.file, rows: main.rows }, persons: { file: persons.name, leads }, upTo },
    files: [main.packed, persons],
  };
}

async function packFolders({ place, draft, progress }: Writing): Promise<readonly PackedFile[]> {
  const { recipient, mappingsDir, secretsDir, settings } = place;
  const packed: PackedFile[] = [];
  for (const [name, folder] of [
    ['mappings', mappingsDir],
    ['secrets', secretsDir],
  ] as const) {
    if (folder === undefined) continue;
    progress(name);
    packed.push(await packFolder(folder, join(draft, `${name}.tar.zst.age`), recipient));
  }
  const text = Readable.from([Buffer.from(`${JSON.stringify(settings, undefined, 2)}\n`)], {
    objectMode: false,
  });
  const { name, bytes, digest } = await writePacked(join(draft, 'settings.json.zst.age'), recipient, text);
  return [...packed, { name, bytes, sha256: digest.toString('hex') }];
}

/** Archives never change: each is encrypted once. Returns their names. @throws BACKUP-001 where one is missing */
async function keepArchives(
  { owner, folder, recipient, archivesDir }: BackupPlace,
  progress: (part: string) => void,
): Promise<readonly string[]> {
  const names = (await logArchives(owner)).map(({ fileName }) => fileName);
  if (names.length === 0) return [];
  if (archivesDir === undefined)
    throw new RelaisError(
      'BACKUP-001',
      'Months of the log are in archives: RELAIS_LOG_ARCHIVES_DIR must name their folder.',
    );
  const kept = join(folder, archivesFolder);
  await mkdir(kept, { recursive: true, mode: 0o700 });
  const there = new Set(await readdir(kept));
  for (const name of names) {
    const file = `${name}.zst.age`;
    if (there.has(file)) continue;
    progress(name);
    const path = join(archivesDir, name);
    await access(path).catch(() => {
      throw new RelaisError('BACKUP-001', `The archive ${name} of the log is not in ${archivesDir}.`);
    });
    await writePacked(join(kept, file), recipient, createReadStream(path));
  }
  await syncFolder(kept);
  return names.map((name) => `${name}.zst.age`);
}
