// relais config | migrate: shows and changes the set-up itself.
// Invariant: secrets are never printed; migrate changes the schema and rights, and creates no account.
import type { Command } from 'commander';
import { ownEnvironment } from '../config.ts';
import { RelaisError } from '../errors.ts';
import { collect, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { accountExists, accountHosts, openDatabase, type Database } from '../app/for-terminal.ts';
import { strangeVariables } from '../app/strange-variables.ts';
import { config, out, say, strong } from './terminal.ts';

export function systemCommands(program: Command): void {
  withExamples(
    withJson(program.command('config').description('print the configuration in force, secrets masked')),
    '',
    'relais config',
  ).action((options: JsonOption) => {
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

  withExamples(
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
      .option('--check', 'say what would run, or why it would be refused, and change nothing'),
    'Needs RELAIS_MYSQL_OWNER_URL. The accounts are the users of RELAIS_MYSQL_URL and RELAIS_MYSQL_INTAKE_URL;\nthey must exist already. Running it again changes nothing.',
    'relais migrate',
    'relais migrate --host 10.0.3.7',
    'relais migrate --check',
    'relais migrate --host 10.0.3.7 --intake-host 10.0.3.7 --intake-host 10.1.2.7',
  ).action(migrateCommand);
}

/** The named hosts, else the gateway's where that one is named, else all hosts that MySQL has for the account. */
async function intakeHosts(
  owner: Database,
  url: string,
  { host, intakeHost }: { readonly host?: string; readonly intakeHost?: readonly string[] },
): Promise<readonly (string | undefined)[]> {
  if (intakeHost !== undefined) return intakeHost.flatMap((given) => given.split(','));
  if (host !== undefined) return [host];
  const known = await accountHosts(owner, decodeURIComponent(new URL(url).username));
  return known.length === 0 ? [undefined] : known;
}

async function migrateCommand(options: {
  readonly host?: string;
  readonly intakeHost?: readonly string[];
  readonly check?: true;
}): Promise<void> {
  const loaded = config();
  if (loaded.mysql.ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'RELAIS_MYSQL_OWNER_URL is missing: migrations need the owner account.',
    );
  const owner = openDatabase({ url: loaded.mysql.ownerUrl, connections: 1 });
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
