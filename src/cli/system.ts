// relais config | migrate | redis: shows and changes the set-up itself.
// Invariant: secrets are never printed; migrate changes the schema and rights, and creates no account.
import type { Command, Given } from './command.ts';
import { ownEnvironment } from '../config.ts';
import { RelaisError } from '../errors.ts';
import { collect, reasonOf } from './arguments.ts';
import { outJson, config, out, ownerUrlFor, say, strong, withApp } from './terminal.ts';
import {
  accountExists,
  accountHosts,
  openAccount,
  adoptRedis,
  foreignText,
  ownIdentity,
  type Database,
} from '../app/for-terminal.ts';
import { strangeVariables } from '../app/strange-variables.ts';
import type { App } from '../app.ts';
import { belongingOf, parseIdentity } from '../domain/installation.ts';
import { openRedis } from '../queue/connect.ts';
import { createIdentityKey, type IdentityKey } from '../queue/identity.ts';

export function systemCommands(program: Command): void {
  program
    .command('config')
    .description('print the configuration in force, secrets masked')
    .json()
    .examples('', 'relais config')
    .action((options: Given<'json'>) => {
      const { listing, env } = config();
      if (options.json === true) return outJson(listing);
      // Untruncated, whatever the width: a name cut short cannot be set.
      for (const setting of listing) {
        out(`${strong(setting.name.padEnd(28))} ${setting.value || '-'}  (${setting.from})`);
        out(`  ${setting.meaning}`);
      }
      out(`\nenvironment: ${env}`);
      for (const line of strangeVariables(ownEnvironment())) say(line);
    });

  program
    .command('migrate')
    .description('bring the schema up to date and give the working accounts their rights')
    .option(
      '--host <host>',
      'host part of the accounts, e.g. 10.0.3.7; default: the one MySQL knows the account under',
    )
    .option(
      '--intake-host <host>',
      'host part of the intake account where it differs; again, or comma between, for each one systems send leads from; default: all that MySQL knows',
      collect,
    )
    .option('--check', 'say what would run, or why it would be refused, and change nothing')
    .examples(
      'Needs RELAIS_MYSQL_OWNER_URL. The accounts are the users of RELAIS_MYSQL_URL and RELAIS_MYSQL_INTAKE_URL;\nthey must exist already. Running it again changes nothing.',
      'relais migrate',
      'relais migrate --host 10.0.3.7',
      'relais migrate --check',
      'relais migrate --host 10.0.3.7 --intake-host 10.0.3.7 --intake-host 10.1.2.7',
    )
    .action(migrateCommand);
}

/** The named hosts, else the gateway's where that one is named, else all hosts that MySQL has for the account. */
async function intakeHosts(
  owner: Database,
  url: string,
  { host, intakeHost }: Given<'host intakeHost'>,
): Promise<readonly (string | undefined)[]> {
  if (intakeHost !== undefined) return intakeHost.flatMap((given) => given.split(','));
  if (host !== undefined) return [host];
  const known = await accountHosts(owner, decodeURIComponent(new URL(url).username));
  return known.length === 0 ? [undefined] : known;
}

async function migrateCommand(options: Given<'host intakeHost check'>): Promise<void> {
  const loaded = config();
  const ownerUrl = ownerUrlFor(loaded, 'migrations need the owner account');
  const owner = await openAccount(loaded, { url: ownerUrl, connections: 1 });
  const account = async (url: string, given = options.host): Promise<{ user: string; host: string }> => {
    const user = decodeURIComponent(new URL(url).username);
    const host = given ?? (await accountHosts(owner, user))[0];
    if (host === undefined || (await accountExists(owner, { user, host })) === false)
      throw new RelaisError(
        'FIND-001',
        `MySQL has no account ${host === undefined ? `called ${user}` : `'${user}'@'${host}'`}. Create it first, bound to the address it comes from: CREATE USER '${user}'@'${host ?? '10.0.3.7'}' IDENTIFIED BY '...'`,
      );
    return { user, host };
  };
  try {
    const gateway = await account(loaded.mysql.gatewayUrl);
    const { intakeUrl } = loaded.mysql;
    const intake =
      intakeUrl === undefined
        ? []
        : await Promise.all(
            (await intakeHosts(owner, intakeUrl, options)).map((host) => account(intakeUrl, host)),
          );
    const { migrateDatabase } = await import('../app.ts');
    const checkOnly = options.check === true;
    const ran = await migrateDatabase(loaded, { gateway, intake }, { checkOnly });
    for (const migration of ran)
      out(
        `${checkOnly ? 'would migrate' : 'migrated'} ${String(migration.version).padStart(3, '0')} ${migration.name}`,
      );
    out(
      ran.length === 0
        ? 'The schema is up to date.'
        : `${ran.length} migration${ran.length > 1 ? 's' : ''} ${checkOnly ? 'would run. Nothing was changed.' : 'ran.'}`,
    );
    if (checkOnly) return;
    for (const [role, holder] of [
      ['gateway', gateway],
      ...intake.map((holder) => ['intake', holder] as const),
    ] as const)
      out(`rights of the ${role} account given to '${holder.user}'@'${holder.host}'`);
  } finally {
    await owner.close();
  }
}

// relais redis ...: shows the owner of the configured Redis, and takes it over.
// Invariant: taking over needs a reason, kept with the new life of the database; no queue is read or emptied.

export function redisCommands(program: Command): void {
  const redis = program.command('redis').description('the Redis this database uses: show whose it is, adopt');

  redis
    .command('show')
    .description('whose the Redis is that the configuration names')
    .json()
    .examples('', 'relais redis show')
    .gateway((app, options: Given<'json'>) => withRedis(app, (key) => show(app, key, options.json === true)));

  redis
    .command('adopt')
    .description('begin a new life of this database and take the Redis over from any other installation')
    .option('--reason <text>', 'why (ticket number); mandatory, kept with the new life')
    .examples(
      'After a restore, or when the installation that had it is gone for good. Nothing is lost: what is due is sent from MySQL.\nAny other installation on this Redis and prefix stops using it from now on.',
      'relais redis adopt --reason "restored from the dump of 25/11, ticket 16"',
    )
    .action((options: Given<'reason'>) => {
      const reason = reasonOf(options.reason);
      return withApp((app) =>
        withRedis(app, async (key) => {
          await adoptRedis(app.database, key, { actor: app.config.actor, reason });
          out('This Redis is ours. Processes that stood aside go on within seconds; others can be started.');
        }),
      );
    });
}

async function withRedis(app: App, work: (key: IdentityKey) => Promise<void>): Promise<void> {
  const { place, prefix } = app.config.redis;
  const redis = openRedis(place, 'commands', app.config.silenceMs);
  try {
    const key = createIdentityKey({ redis, prefix });
    await key.read().catch(() => {
      throw new RelaisError('REDIS-002', 'The Redis of RELAIS_REDIS_URL does not answer, or refuses us.');
    });
    await work(key);
  } finally {
    redis.disconnect();
  }
}

async function show({ database, config }: App, key: IdentityKey, json: boolean): Promise<void> {
  const found = await key.read();
  const theirs = found === undefined ? undefined : parseIdentity(found);
  const own = await ownIdentity(database, theirs?.entry ?? 0);
  const belonging = belongingOf(found, own);
  const { prefix } = config.redis;
  const { installation, life, entry } = own;
  if (json) return outJson([{ belonging, prefix, here: { installation, life, entry }, redis: theirs }]);
  if (belonging === 'unclaimed')
    out(`Redis under the prefix "${prefix}" is nobody's: the next start takes it.`);
  else if (belonging === 'ours') out(`Redis under the prefix "${prefix}" is ours.`);
  else out(foreignText(belonging, prefix));
  out(`here   installation ${installation}, life ${life}, log up to entry ${entry}`);
  if (theirs !== undefined)
    out(`Redis  installation ${theirs.installation}, life ${theirs.life}, log up to entry ${theirs.entry}`);
}
