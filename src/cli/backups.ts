// relais backup run | test | rotate: copies of all that is needed to start again, and the choice of those that are kept (C42, C43).
// Invariant: a backup that fails is one sentence and an alert; rotate deletes only what the rule lets go, after a confirmation.
import { readFileSync } from 'node:fs';
import type { Command, Given } from './command.ts';
import { leadSecretsOf, openAccount, openDatabase } from '../app/for-terminal.ts';
import { runBackup } from '../backups/run.ts';
import { engineOf, testBackup } from '../backups/test-restore.ts';
import { mayGo, newestWhole, rotateFolder, rotationOf } from '../backups/rotate.ts';
import { programVersion } from '../config/version.ts';
import { testConfig } from '../config.ts';
import { createKeyRing } from '../domain/key-ring.ts';
import { isCivilDate, civilDate } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import { recogniseKeys } from '../privacy/keys.ts';
import { createSign } from '../privacy/macs.ts';
import { identityIn, standardInput } from './arguments.ts';
import { ofSandbox } from './sandbox.ts';
import { hostNow, outJson, config, confirmed, keysOf, out, progress, say } from './terminal.ts';

export function backupCommands(program: Command): void {
  const backup = program
    .command('backup')
    .description('copies of the database, keys, mappings and log: make, test, rotate');

  backup
    .command('run')
    .description('dump both schemas, encrypt all for RELAIS_BACKUP_RECIPIENT, write a manifest')
    .examples(
      'Needs RELAIS_MYSQL_OWNER_URL and the server’s own mariadb-dump or mysqldump. Killed, it leaves a draft that the next run deletes.',
      'relais backup run',
    )
    .action(run);

  backup
    .command('test [backup]')
    .description('restore a backup into a private instance, compare the counts, verify its log')
    .requiredOption(
      '--identity <file>',
      'file of the age private key that RELAIS_BACKUP_RECIPIENT belongs to',
    )
    .option(
      '--server <url>',
      'a server for it, mysql://root:password@host:port; default: one is started for this',
    )
    .option('--json', 'the result as JSON')
    .examples(
      'Without a name the newest in RELAIS_BACKUP_DIR. Run it monthly where the private key is, which is not the host that makes backups: it\nneeds RELAIS_SEAL_KEY alone. The result is tested.json beside the backup: `relais backup rotate` never deletes the newest one that is good,\nand where it is carried back `relais backup run` writes it into the log.',
      'relais backup test --identity backup.key',
      'relais backup test /srv/backups/2026-11-24T030000Z --identity backup.key',
    )
    .action(test);

  backup
    .command('rotate')
    .description('delete the backups that the rule of C43 lets go; names them first')
    .option('--folder <folder>', 'folder of the backups; default: RELAIS_BACKUP_DIR')
    .option(
      '--names <file>',
      'read names of backups, one a line (- for standard input), print those that may go',
    )
    .option('--today <date>', 'as on that day, e.g. 2026-11-24')
    .option('--yes', 'do not ask before deleting')
    .examples(
      'Ten days whole; then the first of days 1–10, 11–20 and 21–end for six months, and the first of each half-year, as long copies.\nRun it where the right to delete is: the host that makes backups needs none.',
      'relais backup rotate',
      'rclone lsf --dirs-only place:relais | tr -d / | relais backup rotate --names -',
    )
    .action(rotate);
}

type TestOptions = Given<'identity! server json'>;

async function test(given: string | undefined, options: TestOptions): Promise<void> {
  if (options.server !== undefined && !/^mysql:\/\/[^/]/.test(URL.parse(options.server)?.href ?? ''))
    throw new RelaisError('USAGE-001', '--server is no mysql://user:password@host:port.');
  const identity = identityIn(options.identity);
  const { sealKey, earlierSealKeys, backups } = testConfig();
  const seal = createKeyRing([sealKey, ...earlierSealKeys]);
  const backup = given ?? (await newestWhole(backups.folder));
  const engine = await engineOf(backup, seal);
  const line = progress();
  const tested = await onPrivateServer(options.server, engine, async (ownerUrl, keysSchema) => {
    const owner = openDatabase({ url: ownerUrl, connections: 3, silenceMs: 6 * 3_600_000 });
    try {
      return await testBackup(
        { owner, ownerUrl, keysSchema, sealKeys: seal, caFile: backups.caFile, backup, identity },
        (part) => line.at(part.padEnd(70)),
      );
    } finally {
      line.end();
      await owner.close();
    }
  });
  if (options.json === true) return outJson([tested]);
  out(`${tested.name} is good: ${tested.rows} rows restored, ${tested.entries} entries of the log verify.`);
}

/** Two schemas of a server that is started for this, or of the one named; dropped afterwards. */
async function onPrivateServer<T>(
  given: string | undefined,
  engine: 'mysql' | 'mariadb',
  work: (ownerUrl: string, keysSchema: string) => Promise<T>,
): Promise<T> {
  const { privateServer } = await ofSandbox(import('../../sandbox/restore-place.ts'));
  const server = await privateServer(given, engine, say);
  try {
    return await work(server.url, server.keysSchema);
  } finally {
    await server.stop();
  }
}

async function run(): Promise<void> {
  const loaded = config();
  const { folder, recipient, ledger, caFile, archives, secretsDir } = loaded.backups;
  const { ownerUrl } = loaded.mysql;
  if (folder === undefined || recipient === undefined || ledger === undefined || ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'A backup needs RELAIS_BACKUP_DIR, RELAIS_BACKUP_RECIPIENT, RELAIS_ERASURE_LEDGER_DIR and RELAIS_MYSQL_OWNER_URL.',
    );
  const keys = await keysOf(loaded);
  const { keysSchema, mappingsDir, listing } = loaded;
  // One connection holds the lock, silent for as long as the dump takes.
  const owner = await openAccount(loaded, {
    url: ownerUrl,
    connections: 3,
    silenceMs: 6 * 3_600_000,
    sign: createSign(keys.seal),
  });
  const { statisticsReadUrl, statisticsUrl } = loaded.mysql;
  const statisticsAt = statisticsReadUrl ?? statisticsUrl;
  const statistics =
    statisticsAt === undefined
      ? undefined
      : openDatabase({ url: statisticsAt, connections: 1, readOnly: true });
  const line = progress();
  try {
    await recogniseKeys({ database: owner, keysSchema, keys });
    const secrets = leadSecretsOf(keys.master, keysSchema);
    const done = await runBackup(
      {
        owner,
        ownerUrl,
        keysSchema,
        sealKeys: keys.seal,
        secrets,
        folder,
        recipient,
        caFile,
        mappingsDir,
        secretsDir,
        archivesDir: archives,
        statistics,
        settings: listing,
        program: programVersion(),
      },
      (part) => line.at(part.padEnd(70)),
    );
    line.end();
    const rows = Object.values(done.manifest.main.rows).reduce((sum, count) => sum + count, 0);
    out(`${done.name}  ${rows} rows, ${(done.bytes / 1e6).toFixed(1)} MB`);
  } catch (error) {
    line.end();
    throw error;
  } finally {
    await statistics?.close();
    await owner.close();
  }
}

type RotateOptions = Given<'folder names today yes'>;

async function rotate({ folder: given, names, today: day, yes }: RotateOptions): Promise<void> {
  if (day !== undefined && !isCivilDate(day))
    throw new RelaisError('USAGE-001', '--today is a date, e.g. 2026-11-24.');
  const today = day ?? civilDate(hostNow());
  if (names !== undefined) {
    const listed = readFileSync(names === standardInput ? process.stdin.fd : names, 'utf8').split(/\s+/);
    for (const name of mayGo(listed, today)) out(name);
    return;
  }
  const folder = given ?? config().backups.folder;
  if (folder === undefined)
    throw new RelaisError('CONFIG-001', 'Name the folder: --folder, or RELAIS_BACKUP_DIR.');
  const rotation = await rotationOf(folder, today);
  for (const [name, kept] of rotation.kept) out(`${name}  ${kept}`);
  const count = rotation.goes.length + rotation.shrinks.length;
  if (count === 0) return say('Nothing may go.');
  for (const name of rotation.goes) out(`${name}  is deleted`);
  for (const name of rotation.shrinks) out(`${name}  is reduced to its long copy`);
  if (
    !(await confirmed(`${count} backups in ${folder} are deleted, whole or in part.`, 'delete', yes === true))
  )
    return;
  await rotateFolder(folder, rotation);
  out(`${rotation.goes.length} deleted, ${rotation.shrinks.length} reduced to their long copy.`);
}
