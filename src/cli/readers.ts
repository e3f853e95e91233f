// relais reader add | list | end: a client's own systems read its database, from named addresses, until a day (C57).
// Invariant: each account is in the log with its last day; a password goes into a file that did not exist, never to the screen.
import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from './command.ts';
import type { App } from '../app.ts';
import { endReading, isOverdue, letRead, listReaders, type DatabaseReader } from '../hosting/readers.ts';
import { addDays, civilDate, isCivilDate } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import { reasonOf } from './arguments.ts';
import { out, outJson, ownerUrlFor, say, tableOf, type JsonOption } from './terminal.ts';

export function readerCommands(program: Command): void {
  const reader = program.subcommand(
    'reader',
    'accounts by which the client reads its own database from its own addresses (C57)',
  );

  reader
    .subcommand('add <address>', 'let the client read from this address until a day, or give it another day')
    .requiredOption('--until <date>', 'the last day, within a year: 2027-06-30')
    .requiredOption('--password-to <file>', 'a file that does not exist yet, for the account’s password')
    .option('--reason <text>', 'why (contract, ticket number); mandatory, kept in the log')
    .examples(
      'With the settings of the client’s installation, its owner account and RELAIS_MYSQL_ADMIN_URL. Open MySQL’s port for that address.',
      'relais reader add 10.9.0.4 --until 2027-06-30 --password-to /root/reader --reason "annex 5"',
    )
    .gateway(add);

  reader
    .subcommand('list', 'each address, its last day, and where that has passed')
    .json()
    .examples('`relais security check` is broken while one reads past its day.', 'relais reader list')
    .gateway(list);

  reader
    .subcommand('end [address]', 'take the rights of an address, or of all whose day has passed')
    .option('--over', 'all whose last day has passed')
    .option('--reason <text>', 'why (contract, ticket number); mandatory, kept in the log')
    .examples(
      'With the owner account of the client’s installation.',
      'relais reader end 10.9.0.4 --reason "annex 6"',
      'relais reader end --over --reason "their day has passed"',
    )
    .gateway(end);
}

interface AddOptions {
  readonly until: string;
  readonly passwordTo: string;
  readonly reason?: string;
}

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

async function list({ database }: App, options: JsonOption): Promise<void> {
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

interface EndOptions {
  readonly over?: true;
  readonly reason?: string;
}

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
