// relais instance create | list: installations for one client, beside the shared one (C36).
// Invariant: a command that was interrupted goes on when it is run again; passwords and keys are written to files, never printed.
import { join, resolve } from 'node:path';
import type { Command } from './command.ts';
import { openDatabase, type Database } from '../app/for-terminal.ts';
import { loadConfig, type Config } from '../config.ts';
import { RelaisError } from '../errors.ts';
import { createInstance, type MadeInstance } from '../hosting/create.ts';
import { actorOf } from '../support/named-text.ts';
import { collect } from './arguments.ts';
import { moveCommand } from './instance-move.ts';
import { readerCommands } from './readers.ts';
import { config, out, say } from './terminal.ts';

export function instanceCommands(program: Command): void {
  const instance = program.subcommand(
    'instance',
    'installations for one client each: own schemas, keys, accounts and Redis prefix',
  );

  instance
    .subcommand(
      'create <client>',
      'make all that an installation for this client needs, and say what is left to do',
    )
    .requiredOption('--host <address>', 'address of its gateway’s host, for its accounts in MySQL')
    .option(
      '--intake-host <address>',
      'address that sends leads; again for each one; default: that of --host',
      collect,
    )
    .option('--folder <folder>', 'where its keys and settings go', '/etc/relais/instances')
    .option('--data <folder>', 'where it writes', '/var/lib/relais/instances')
    .examples(
      'Run it with the settings of the shared installation, RELAIS_MYSQL_OWNER_URL and RELAIS_MYSQL_ADMIN_URL. Interrupted, it goes on when\nit is run again; what exists is kept. Files get the group of the folder they are in.',
      'relais instance create horizon --host 10.0.3.7',
      'relais instance create horizon --host 10.0.3.7 --intake-host 10.0.3.7 --intake-host 10.1.2.7',
    )
    .action(create);
  moveCommand(instance);
  readerCommands(program);
}

interface CreateOptions {
  readonly host: string;
  readonly intakeHost?: readonly string[];
  readonly folder: string;
  readonly data: string;
}

/** Settings of the shared installation that hold for all: names, mailboxes, recipients of what is encrypted. */
const inheritedNames: readonly string[] = [
  'RELAIS_ENV',
  'RELAIS_MYSQL_CONNECTIONS',
  'RELAIS_ALLOWED_RANGES',
  'RELAIS_ALLOW_PLAINTEXT',
  'RELAIS_CA_FILE',
  'RELAIS_LOG_LEVEL',
  'RELAIS_ALERT_MAIL_TO',
  'RELAIS_ALERT_MAIL_FROM',
  'RELAIS_MAIL_FROM',
  'RELAIS_CENTRE_NAME',
  'RELAIS_DPO_NAME',
  'RELAIS_DPO_MAIL_TO',
  'RELAIS_RIGHTS_MAILBOX',
  'RELAIS_PHONE_PROOFS_RECIPIENT',
  'RELAIS_BACKUP_RECIPIENT',
];

const inheritedFrom = ({ listing, backups: { caFile } }: Config): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    listing
      .filter(({ name, from }) => inheritedNames.includes(name) && from === 'environment')
      .map(({ name, value }) => [name, value]),
  ),
  ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
});

async function create(clientId: string, options: CreateOptions): Promise<void> {
  const loaded = config();
  const { adminUrl } = loaded.mysql;
  if (adminUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'RELAIS_MYSQL_ADMIN_URL is missing: schemas and accounts need an account that may make them.',
    );
  const made = await withOwner(loaded, async (shared, actor) =>
    createInstance(
      {
        shared,
        adminUrl,
        redisUrl: loaded.redis.url.replace(
          /^([a-z+]+:\/\/)(?:([^:@/]*)(?::[^@/]*)?@)?/i,
          (_, scheme: string, user?: string) =>
            user === undefined || user === '' ? scheme : `${scheme}${user}@`,
        ),
        redisPassword: loaded.redis.place.password ?? '',
        inherited: inheritedFrom(loaded),
        migrate: async (environment, accounts) => {
          const { migrateDatabase } = await import('../app.ts');
          await migrateDatabase(loadConfig(environment), accounts);
        },
      },
      {
        clientId,
        host: options.host,
        intakeHosts: options.intakeHost?.flatMap((given) => given.split(',')) ?? [options.host],
        folder: join(resolve(options.folder), clientId),
        data: join(resolve(options.data), clientId),
        actor,
      },
    ),
  );
  report(clientId, made);
}

function report(clientId: string, made: MadeInstance): void {
  const { slot, names, environmentFile, ownerFile, isNew, httpPort } = made;
  out(`${clientId} has installation ${slot}: schemas ${names.schema} and ${names.keysSchema}.`);
  if (!isNew) say(`${environmentFile} existed and was left as it is.`);
  const folder = environmentFile.replace(/\/[^/]+$/, '');
  out('Left to do:');
  for (const step of [
    `keep copies of ${folder}/keys/master_key and seal_key apart from its backups`,
    `put its mappings into ${folder}/mappings, its secrets into ${folder}/secrets`,
    `give it what is in ${environmentFile}: alerts, API and console with ports of their own`,
    `systemctl enable --now relais@${clientId}; curl http://127.0.0.1:${httpPort}/ready`,
    `back it up by a timer of its own, with ${environmentFile} and ${ownerFile}`,
    `make its first administrator: relais account create, with ${environmentFile}`,
    `point the client’s systems at ${names.schema}, as ${names.intake}`,
  ])
    out(`- ${step}`);
}

/** The shared installation under its owner's account, and who works here. */
async function withOwner<T>(
  loaded: Config,
  work: (owner: Database, actor: string) => Promise<T>,
): Promise<T> {
  if (loaded.mysql.ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'RELAIS_MYSQL_OWNER_URL is missing: an installation is made under the owner account.',
    );
  const owner = openDatabase({ url: loaded.mysql.ownerUrl, connections: 2 });
  try {
    return await work(owner, await actorOf(owner, loaded.actor, loaded.actorIsProved));
  } finally {
    await owner.close();
  }
}
