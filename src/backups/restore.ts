// Loads a backup into an empty database, and checks that all of it arrived.
// Invariant: nothing is loaded over existing tables; the database is read-only from its first table on; a wrong or cut file is refused
// before anything is loaded.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { databaseVersion, tablesOf } from '../store/backups/backups.ts';
import type { Database } from '../store/database.ts';
import { migrate, shippedMigrations } from '../store/migrate.ts';
import { beginRestore } from '../store/backups/restores.ts';
import { checkFiles, readManifest, type DumpedSchema, type LongCopy, type Manifest } from './manifest.ts';
import { readPacked } from './packed.ts';
import { createRowCounter } from './rows-in-dump.ts';
import { findTools, startTool, type Login, type ServerTools } from './tools.ts';

export interface RestorePlace {
  readonly owner: Database;
  readonly ownerUrl: string;
  readonly keysSchema: string;
  readonly sealKeys: KeyRing;
  readonly caFile: string | undefined;
  readonly backup: string;
  /** The private key, `AGE-SECRET-KEY-1...`. */
  readonly identity: string;
  /** Folder of the backup whose dump of the secrets is taken: the newest, for a long copy. */
  readonly secretsOf?: string | undefined;
}

export interface Loaded {
  readonly manifest: Manifest;
  /** Rows of the tables that were loaded from SQL. */
  readonly rows: number;
  /** Set for a long copy: its persons are still to be read, with the secrets that were loaded. */
  readonly long: LongCopy | undefined;
}

/**
 * @param progress names the table that is being loaded
 * @throws BACKUP-001 where the schemas are not empty or the server's program fails, BACKUP-002 for a backup that is not as written
 */
export async function loadBackup(
  place: RestorePlace,
  progress: (part: string) => void = () => undefined,
): Promise<Loaded> {
  const { owner, keysSchema, backup, sealKeys, identity, secretsOf = backup } = place;
  const manifest = await readManifest(backup, sealKeys);
  refuseNewer(manifest);
  const isWhole = existsSync(join(backup, manifest.main.file));
  const long = isWhole ? undefined : (manifest.long ?? undefined);
  const main = long?.main ?? manifest.main;
  const wanted = [
    main.file,
    ...(long === undefined ? [] : [long.persons.file]),
    ...(manifest.statistics === undefined ? [] : [manifest.statistics.file]),
  ];
  await checkFiles(
    backup,
    manifest.files.filter(({ name }) => wanted.includes(name)),
  );
  const { name: newest, keys, files } = await readManifest(secretsOf, sealKeys);
  // Leads that came between the two would have no secret.
  if (newest < manifest.name)
    throw new RelaisError(
      'BACKUP-001',
      `The secrets of ${newest} are older than ${manifest.name}: name a later backup.`,
    );
  await checkFiles(
    secretsOf,
    files.filter(({ name }) => name === keys.file),
  );
  for (const schema of [owner.name, keysSchema]) {
    const tables = await tablesOf(owner, schema);
    if (tables.length > 0)
      throw new RelaisError(
        'BACKUP-001',
        `The schema ${schema} has ${tables.length} tables: a backup is restored into an empty one only. Drop both and create them empty: docs/backups.md, "Restoring".`,
      );
  }
  const tools = await findTools(await databaseVersion(owner));
  // A wrong private key shows here, and not in schemas that are empty no more.
  for (const path of [join(secretsOf, keys.file), ...wanted.map((name) => join(backup, name))])
    (await readPacked(path, identity)).destroy();
  await beginRestore(owner, manifest.name);
  const scratch = await mkdtemp(join(tmpdir(), 'relais-restore-'));
  try {
    const login = { url: place.ownerUrl, caFile: place.caFile, scratch };
    const loading = { tools, login, progress };
    await load(place, { ...loading, schema: keysSchema, from: secretsOf, dumped: keys });
    await load(place, { ...loading, schema: owner.name, from: backup, dumped: main });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  await migrate(owner, keysSchema);
  return { manifest, rows: Object.values(main.rows).reduce((sum, count) => sum + count, 0), long };
}

/** @throws DB-002 where this program knows neither its tables nor what their rows mean */
function refuseNewer({ name, schemaVersion, program }: Manifest): void {
  const known = Math.max(...shippedMigrations().map(({ version }) => version));
  if (schemaVersion > known)
    throw new RelaisError(
      'DB-002',
      `${name} is of schema ${schemaVersion}, made by Relais ${program}; this program knows ${known}. Nothing was loaded.`,
    );
}

interface Loading {
  readonly tools: ServerTools;
  readonly login: Login;
  readonly schema: string;
  readonly from: string;
  readonly dumped: DumpedSchema;
  readonly progress: (part: string) => void;
}

async function load(
  { identity }: RestorePlace,
  { tools, login, schema, from, dumped, progress }: Loading,
): Promise<void> {
  const counter = createRowCounter((table) => progress(`${schema}.${table}`));
  const source = await readPacked(join(from, dumped.file), identity);
  const run = startTool(tools.client, ['--default-character-set=utf8mb4', '--binary-mode', schema], {
    login,
    tools,
  });
  const { stdin } = run.process;
  if (stdin === null) throw new RelaisError('INTERNAL-001', 'A program was started without input.');
  try {
    // The program's own words say more than the pipe that it closed.
    await pipeline(source, counter.stream, stdin).catch(async (error: unknown) => {
      await run.ended;
      throw error;
    });
    await run.ended;
  } finally {
    run.process.kill();
  }
  const arrived = counter.rows();
  for (const [table, rows] of Object.entries(dumped.rows))
    if ((arrived.get(table) ?? 0) !== rows)
      throw new RelaisError(
        'BACKUP-002',
        `${schema}.${table} has ${arrived.get(table) ?? 0} rows, and the manifest says ${rows}.`,
      );
}
