// relais restore load | open: brings a backup back into an empty database, and opens it once a person has looked at it (C44).
// Invariant: nothing is restored over existing tables; until `open` every process of that database reads only.
import type { Command, Given } from './command.ts';
import { openAccount, openDatabase, type Database } from '../app/for-terminal.ts';
import { ledgerParts, readLedger, refuseMissing, refuseOlder, type LedgerRead } from '../backups/ledger.ts';
import { readManifest } from '../backups/manifest.ts';
import { loadStatistics } from '../backups/statistics.ts';
import { loadBackup, type Loaded } from '../backups/restore.ts';
import { bringPersonsBack, openRestored, resume } from '../backups/resume.ts';
import type { Config } from '../config.ts';
import { RelaisError } from '../errors.ts';
import { silentLog } from '../log.ts';
import { actorOf } from '../support/named-text.ts';
import { collect, reasonOf, identityIn } from './arguments.ts';
import { config, keysOf, out, ownerUrlFor, progress, say } from './terminal.ts';

export function restoreCommands(program: Command): void {
  const restore = program
    .command('restore')
    .description('bring a backup back: load it, then open the gateway');

  restore
    .command('load <backup>')
    .description(
      'load a backup into empty schemas; apply the ledger of erasures and withdrawals, and the retention calendar',
    )
    .requiredOption(
      '--identity <file>',
      'file of the age private key that RELAIS_BACKUP_RECIPIENT belongs to',
    )
    .requiredOption('--ledger <folder>', 'the newest ledger of erasures, of every host that wrote one')
    .option('--older-ledger', 'restore although the ledger ends before the backup began')
    .option(
      '--without-ledger <name>',
      'restore although the ledger of this host is lost; may be repeated',
      collect,
    )
    .option('--secrets <backup>', 'for a long copy: the newest backup, whose dump of the secrets opens it')
    .option('--reason <text>', 'why (ticket number); mandatory, kept in the log')
    .examples(
      'Needs RELAIS_MYSQL_OWNER_URL, both schemas empty, and the keys of the installation. Then run `relais migrate` for the rights of\nthe working accounts, look at the data, and open it.',
      'relais restore load /srv/backups/2026-11-24T030000Z --identity backup.key --ledger /srv/ledger --reason "ticket 90"',
    )
    .action(load);

  restore
    .command('open')
    .description('let the gateway go on after a restore; processes that run are to be restarted')
    .option('--reason <text>', 'why (ticket number); mandatory, kept in the log')
    .examples(
      'Leads sent since the backup are sent again. Give the database a new Redis, or `relais redis adopt`.',
      'relais restore open --reason "checked with the client, ticket 90"',
    )
    .action(open);
}

type LoadOptions = Given<'identity! ledger! olderLedger withoutLedger secrets reason'>;

async function load(backup: string, options: LoadOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  const loaded = config();
  const ownerUrl = ownerUrlFor(loaded, 'a restore needs the owner account');
  const sealKeys = (await keysOf(loaded)).seal;
  const identity = identityIn(options.identity);
  const ledger = await readLedger(options.ledger, sealKeys);
  const manifest = await readManifest(backup, sealKeys);
  if (options.olderLedger !== true) refuseOlder(ledger, options.ledger, manifest);
  const lost = options.withoutLedger ?? [];
  refuseMissing(ledger, options.ledger, manifest, lost);
  const statistics = writerOf(loaded, manifest.statistics !== undefined);
  if (ledger.cut > 0) say(`${ledger.cut} lines of the ledger are cut off; each was written again.`);
  const owner = await openAccount(loaded, { url: ownerUrl, connections: 2, silenceMs: 6 * 3_600_000 });
  const line = progress();
  const { keysSchema, backups } = loaded;
  const place = { owner, ownerUrl, keysSchema, sealKeys, backup, identity };
  const more = { caFile: backups.caFile, secretsOf: options.secrets };
  try {
    let read: Loaded;
    try {
      read = await loadBackup({ ...place, ...more }, (part) => line.at(part.padEnd(70)));
    } finally {
      line.end();
      await owner.close();
    }
    const form = read.long === undefined ? '' : ' from its long copy';
    out(`${read.manifest.name} is loaded${form}: ${read.rows} rows, as its manifest says.`);
    if (statistics !== undefined)
      out(`${await loadStatistics(statistics, { folder: backup, identity })} months of statistics are back.`);
    await goOn(loaded, ownerUrl, {
      ...read,
      folder: backup,
      identity,
      ledgerFolder: options.ledger,
      ledger,
      reason,
      waived: [
        ...(options.olderLedger === true ? ['--older-ledger'] : []),
        ...(lost.length === 0 ? [] : [`--without-ledger ${lost.length > 2 ? lost.length : lost.join(',')}`]),
      ].join(' '),
    });
  } finally {
    await statistics?.close();
  }
}

/** Undefined where the backup has no statistics. @throws CONFIG-001 */
function writerOf({ mysql }: Config, hasStatistics: boolean): Database | undefined {
  if (!hasStatistics) return undefined;
  if (mysql.statisticsUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'The backup has statistics: RELAIS_MYSQL_STATISTICS_URL must name the account that writes them (`relais statistics accounts`).',
    );
  return openDatabase({ url: mysql.statisticsUrl, connections: 1 });
}

interface Going extends Loaded {
  readonly folder: string;
  readonly identity: string;
  readonly ledgerFolder: string;
  readonly ledger: LedgerRead;
  readonly reason: string;
  readonly waived: string;
}

/** Under the owner's account: the working accounts have no rights yet. */
async function goOn(loaded: Config, ownerUrl: string, going: Going): Promise<void> {
  const { openApp } = await import('../app.ts');
  const mysql = { ...loaded.mysql, gatewayUrl: ownerUrl };
  const app = await openApp({ ...loaded, mysql }, { log: silentLog, restoring: true });
  try {
    const { database, secrets, oppositionKey, retention, snapshot, keys } = app;
    const { keysSchema, planner } = loaded;
    const { long, ledger, ledgerFolder, manifest, reason, waived } = going;
    const actor = await actorOf(database, loaded.actor, loaded.actorIsProved);
    if (long !== undefined) {
      const { back, forgotten } = await bringPersonsBack(app, long, going);
      out(`${back} leads came back; ${forgotten} have no secret any more and are gone.`);
    }
    const by = { actor, reason, waived };
    const deps = { database, secrets, oppositionKey, retention, snapshot, keysSchema, ...by };
    const applied = await resume(
      { ...deps, sealKeys: keys.seal, refusedDays: planner.refusedDays },
      { read: ledger, parts: ledgerParts(ledgerFolder, keys.seal) },
      manifest.name,
    );
    const { erased, gone, rows, withdrawn, restricted } = applied;
    out(
      `${ledger.lines} lines of the ledger: ${erased} leads erased again, ${gone} deleted, ${rows} rows; ${withdrawn} leads with a withdrawal or refusal again, ${restricted} restricted.`,
    );
    const verified = await app.sealer.verify();
    const { ok, problem } = verified;
    const kind = problem?.kind ?? 'unknown';
    out(ok ? 'The log verifies.' : `The log does not verify (${kind}): \`relais log verify\` says where.`);
    say('Nothing is sent and nothing changes until `relais restore open`.');
  } finally {
    await app.close();
  }
}

async function open(options: Given<'reason'>): Promise<void> {
  const reason = reasonOf(options.reason);
  const { openApp } = await import('../app.ts');
  const loaded = config();
  const app = await openApp(loaded, { log: silentLog, restoring: true });
  try {
    await openRestored(app.database, {
      actor: await actorOf(app.database, loaded.actor, loaded.actorIsProved),
      reason,
    });
    out('The gateway may go on: restart its processes. Its former Redis is refused: `relais redis adopt`.');
  } finally {
    await app.close();
  }
}
