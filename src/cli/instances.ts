// relais instance create | list: installations for one client, beside the shared one (C36).
// Invariant: a command that was interrupted goes on when it is run again; passwords and keys are written to files, never printed.
import { join, resolve } from 'node:path';
import type { Command, Given } from './command.ts';
import { openDatabase, type Database } from '../app/for-terminal.ts';
import { loadConfig, type Config, type Environment } from '../config.ts';
import { RelaisError } from '../errors.ts';
import { createInstance, type MadeInstance } from '../hosting/create.ts';
import { actorOf } from '../support/named-text.ts';
import { collect, reasonOf, wholeNumber } from './arguments.ts';
import { config, keysOf, out, ownerUrlFor, say, confirmed, progress, outJson, tableOf } from './terminal.ts';
import { readFileSync, existsSync, writeFileSync } from 'node:fs';
import type { App } from '../app.ts';
import { moveClient } from '../hosting/move.ts';
import { createSign } from '../privacy/macs.ts';
import { endReading, isOverdue, letRead, listReaders, type DatabaseReader } from '../hosting/readers.ts';
import { addDays, civilDate, isCivilDate } from '../domain/civil-date.ts';

export function instanceCommands(program: Command): void {
  const instance = program
    .command('instance')
    .description('installations for one client each: own schemas, keys, accounts and Redis prefix');

  instance
    .command('create <client>')
    .description('make all that an installation for this client needs, and say what is left to do')
    .requiredOption('--host <address>', 'address of its gateway’s host, for its accounts in MySQL')
    .option(
      '--intake-host <address>',
      'address that sends leads; again for each one; default: that of --host',
      collect,
    )
    .option('--folder <folder>', 'where its keys and settings go', '/etc/relais/instances')
    .option('--data <folder>', 'where it writes', '/var/lib/relais/instances')
    .examples(
      'Run it with the settings of the shared installation, RELAIS_MYSQL_OWNER_URL and RELAIS_MYSQL_ADMIN_URL. Interrupted, it continues when\nit is run again; what exists is kept. Files get the group of the folder they are in.',
      'relais instance create horizon --host 10.0.3.7',
      'relais instance create horizon --host 10.0.3.7 --intake-host 10.0.3.7 --intake-host 10.1.2.7',
    )
    .action(create);
  moveCommand(instance);
  readerCommands(program);
}

type CreateOptions = Given<'host! intakeHost folder! data!'>;

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
    `make its first administrator: relais account add LOGIN --role admin, with ${environmentFile}`,
    `point the client’s systems at ${names.schema}, as ${names.intake}`,
  ])
    out(`- ${step}`);
}

/** The shared installation under its owner's account, and who works here. */
async function withOwner<T>(
  loaded: Config,
  work: (owner: Database, actor: string) => Promise<T>,
): Promise<T> {
  const url = ownerUrlFor(loaded, 'an installation is made under the owner account');
  const owner = openDatabase({ url, connections: 2 });
  try {
    return await work(owner, await actorOf(owner, loaded.actor, loaded.actorIsProved));
  } finally {
    await owner.close();
  }
}

// relais instance move: moves a client from the shared installation to its own, or back (C36).
// Invariant: without a written instruction and a confirmation nothing changes; an interrupted move goes on when it is run again.

type MoveOptions = Given<'instruction! deleteOn! reason yes'> & {
  readonly to: readonly string[];
  readonly wait: number;
};

export function moveCommand(instance: Command): void {
  instance
    .command('move <client>')
    .description('move a client between the shared installation and its own: run it where the client is')
    .requiredOption(
      '--to <file>',
      'environment file of the other installation; again for the one with its owner’s account',
      collect,
    )
    .requiredOption('--instruction <number>', 'the client’s instruction (--covers hosting)', wholeNumber)
    .requiredOption('--delete-on <date>', 'the day on which its data is deleted here: 2027-01-31')
    .option('--reason <text>', 'why (contract, ticket number); mandatory, kept in both logs')
    .option('--wait <seconds>', 'how long it waits for what is being sent', wholeNumber, 120)
    .option('--yes', 'do not ask')
    .examples(
      'The new installation is stopped until the move is over. Here the client is closed as at the end of a contract, and its data deleted on\nthe agreed day, with a proof; rows that systems still send here wait, and are carried over when the command is run again.',
      'relais instance move horizon --to /etc/relais/instances/horizon/relais.env --to /etc/relais/instances/horizon/owner.env \\\n    --instruction 8 --delete-on 2027-01-31 --reason "annex 4"',
    )
    .gateway(move);
}

async function move(app: App, clientId: string, options: MoveOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  const target = loadConfig(Object.assign({}, ...options.to.map(environmentIn)) as Environment);
  const { ownerUrl } = target.mysql;
  if (ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'The files of --to name no RELAIS_MYSQL_OWNER_URL: the client is written under the owner account.',
    );
  const question = `${clientId} is closed here and continues in ${target.listing.find(({ name }) => name === 'RELAIS_KEYS_SCHEMA')?.value ?? 'the other installation'}; its data here is deleted on ${options.deleteOn}.`;
  if (!(await confirmed(question, clientId, options.yes === true))) return say('Nothing was changed.');
  const keys = await keysOf(target);
  const there = openDatabase({ url: ownerUrl, connections: 2, sign: createSign(keys.seal) });
  const line = progress();
  try {
    const moved = await moveClient({
      from: { database: app.database, keysSchema: app.config.keysSchema, keys: app.keys },
      to: { database: there, keysSchema: target.keysSchema, keys },
      clientId,
      instruction: options.instruction,
      deleteOn: options.deleteOn,
      reason,
      actor: app.config.actor,
      waitMs: options.wait * 1_000,
      progress: (table) => line.at(table.padEnd(40)),
    });
    line.end();
    out(
      `${clientId} is open in the other installation, with ${moved.leads} leads and ${moved.waiting} rows that waited here.`,
    );
    out(
      'Start its processes, point its systems and callbacks there, and give its accounts and API keys anew.',
    );
  } finally {
    line.end();
    await there.close();
  }
}

/** `NAME=value` a line, as systemd reads it. */
function environmentIn(path: string): Environment {
  return Object.fromEntries(
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line))
      .flatMap((match) => (match === null ? [] : [[match[1] ?? '', unquoted(match[2] ?? '')]])),
  );
}

const unquoted = (text: string): string => {
  const trimmed = text.trim();
  const quote = trimmed[0];
  return (quote === "'" || quote === '"') && trimmed.length > 1 && trimmed.endsWith(quote)
    ? trimmed.slice(1, -1)
    : trimmed;
};

// relais reader add | list | end: a client's own systems read its database, from named addresses, until a day (C57).
// Invariant: each account is in the log with its last day; a password goes into a file that did not exist, never to the screen.

export function readerCommands(program: Command): void {
  const reader = program
    .command('reader')
    .description('accounts by which the client reads its own database from its own addresses (C57)');

  reader
    .command('add <address>')
    .description('let the client read from this address until a day, or give it another day')
    .requiredOption('--until <date>', 'the last day, within a year: 2027-06-30')
    .requiredOption('--password-to <file>', 'a file that does not exist yet, for the account’s password')
    .option('--reason <text>', 'why (contract, ticket number); mandatory, kept in the log')
    .examples(
      'With the settings of the client’s installation, its owner account and RELAIS_MYSQL_ADMIN_URL. Open MySQL’s port for that address.',
      'relais reader add 10.9.0.4 --until 2027-06-30 --password-to /root/reader --reason "annex 5"',
    )
    .gateway(add);

  reader
    .command('list')
    .description('each address, its last day, and where that has passed')
    .json()
    .examples('`relais security check` is broken while one reads past its day.', 'relais reader list')
    .gateway(list);

  reader
    .command('end [address]')
    .description('take the rights of an address, or of all whose day has passed')
    .option('--over', 'all whose last day has passed')
    .option('--reason <text>', 'why (contract, ticket number); mandatory, kept in the log')
    .examples(
      'With the owner account of the client’s installation.',
      'relais reader end 10.9.0.4 --reason "annex 6"',
      'relais reader end --over --reason "their day has passed"',
    )
    .gateway(end);
}

type AddOptions = Given<'until! passwordTo! reason'>;

const longestDays = 366;

async function add(app: App, origin: string, options: AddOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  const { adminUrl, gatewayUrl } = app.config.mysql;
  if (adminUrl === undefined)
    throw new RelaisError('CONFIG-001', 'RELAIS_MYSQL_ADMIN_URL is missing: it makes the account.');
  const today = civilDate(app.database.now());
  const { until: validUntil } = options;
  if (!isCivilDate(validUntil) || validUntil < today || validUntil > addDays(today, longestDays))
    throw new RelaisError('USAGE-001', '--until is a day within a year from now, e.g. 2027-06-30.');
  if (existsSync(options.passwordTo))
    throw new RelaisError('USAGE-001', `${options.passwordTo} exists: name a file that does not exist yet.`);
  const account = `${decodeURIComponent(new URL(gatewayUrl).username).slice(0, 25)}_reader`;
  const password = await letRead(
    { database: app.database, ownerUrl: ownerUrlOf(app), adminUrl },
    { account, origin, validUntil, reason, actor: app.config.actor },
  );
  writeFileSync(options.passwordTo, `${password}\n`, { mode: 0o600, flag: 'wx' });
  out(
    `'${account}'@'${origin}' reads ${app.database.name} until ${validUntil}. Its password is in ${options.passwordTo}.`,
  );
}

const stateOf = (reader: DatabaseReader, today: string): string =>
  reader.isEnded ? 'ended' : isOverdue(reader, today) ? 'overdue' : 'reads';

async function list({ database }: App, options: Given<'json'>): Promise<void> {
  const today = civilDate(database.now());
  const rows = (await listReaders(database)).map((reader) => ({ ...reader, state: stateOf(reader, today) }));
  if (options.json === true)
    return outJson(
      rows.map(({ account, origin, validUntil, reason, state }) => ({
        account,
        origin,
        validUntil,
        reason,
        state,
      })),
    );
  if (rows.length === 0) return say('No address of a client reads this database.');
  tableOf(rows, {
    account: ({ account }) => account,
    address: ({ origin }) => origin,
    until: ({ validUntil }) => validUntil,
    state: ({ state }) => state,
    reason: ({ reason }) => reason,
  });
}

type EndOptions = Given<'over reason'>;

async function end(app: App, address: string | undefined, options: EndOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  if ((address === undefined) === (options.over === undefined))
    throw new RelaisError('USAGE-001', 'Name one address, or --over.');
  const today = civilDate(app.database.now());
  const chosen = (await listReaders(app.database)).filter((reader) =>
    address === undefined ? isOverdue(reader, today) : reader.origin === address && !reader.isEnded,
  );
  if (address !== undefined && chosen.length === 0)
    throw new RelaisError('FIND-001', `No account reads from ${address}.`);
  if (chosen.length === 0) return say('No day has passed.');
  const by = { actor: app.config.actor, reason };
  await endReading({ database: app.database, ownerUrl: ownerUrlOf(app) }, chosen, by);
  for (const { account, origin } of chosen) out(`'${account}'@'${origin}' reads nothing any more.`);
}

const ownerUrlOf = ({ config }: App): string => ownerUrlFor(config, 'it gives and takes the rights');
