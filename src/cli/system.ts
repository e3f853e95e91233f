// relais config | migrate | status: the house itself.
import type { Command } from 'commander';
import { migrateDatabase, openDatabase } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { reasonText } from '../domain/delivery.ts';
import { allDestinations, readStates } from '../store/destinations.ts';
import { accountHost } from '../store/migrate.ts';
import { houseState } from '../store/support.ts';
import { config, out, paris, strong, table, withApp } from './terminal.ts';

export function systemCommands(program: Command): void {
  program
    .command('config')
    .description('print the configuration in force, secrets masked')
    .action(() => {
      const { listing, env } = config();
      table(
        ['variable', 'value', 'from', 'meaning'],
        listing.map((one) => [one.name, one.value, one.from, one.meaning]),
      );
      out(`\nenvironment: ${env}`);
    });

  program
    .command('migrate')
    .description(
      'bring the schema up to date and give the working accounts their rights (needs RELAIS_MYSQL_OWNER_URL)',
    )
    .option(
      '--host <host>',
      'host part of the accounts, e.g. 10.0.3.%; default: the one MySQL knows the account under',
    )
    .action(async (options: { host?: string }) => {
      const loaded = config();
      if (loaded.mysql.ownerUrl === undefined)
        throw new RelaisError(
          'CONFIG-001',
          'RELAIS_MYSQL_OWNER_URL is missing: migrations need the owner account.',
        );
      const owner = openDatabase({ url: loaded.mysql.ownerUrl, connections: 1 });
      const account = async (url: string): Promise<{ user: string; host: string }> => {
        const user = decodeURIComponent(new URL(url).username);
        const host = options.host ?? (await accountHost(owner, user));
        if (host === undefined)
          throw new RelaisError(
            'FIND-001',
            `MySQL has no account called ${user}. Create it first, bound to the address it comes from.`,
          );
        return { user, host };
      };
      try {
        const gateway = await account(loaded.mysql.gatewayUrl);
        const intake =
          loaded.mysql.intakeUrl === undefined ? undefined : await account(loaded.mysql.intakeUrl);
        const ran = await migrateDatabase(loaded, { gateway, ...(intake === undefined ? {} : { intake }) });
        for (const one of ran) out(`migrated ${String(one.version).padStart(3, '0')} ${one.name}`);
        out(
          ran.length === 0
            ? 'The schema is up to date; rights given again.'
            : `${ran.length} migrations ran; rights given.`,
        );
      } finally {
        await owner.close();
      }
    });

  program
    .command('status')
    .description('what waits where: intake, deliveries by state, held and suspended destinations, log')
    .action(() =>
      withApp(async ({ database }) => {
        const [house, destinations] = [await houseState(database), await allDestinations(database)];
        const states = await readStates(
          database,
          destinations.map((one) => one.id),
        );
        out(
          `intake: ${house.intakeNew} new, ${house.intakeRefused} refused (relais lead refusals) · changes to plan: ${house.changes}`,
        );
        out(`log: ${house.unsealed} entries not sealed yet · alerts not sent: ${house.alertsUnsent}\n`);
        table(
          ['destination', 'state', 'count', 'oldest'],
          house.deliveries.map((row) => [row.destination, row.state, String(row.count), paris(row.oldest)]),
        );
        for (const one of destinations) {
          const circuit = states.get(one.id)?.circuit;
          if (one.status !== 'active') out(`\n${strong(one.id)} is ${one.status}: ${one.statusReason}`);
          if (circuit !== undefined && circuit.state !== 'closed') {
            out(
              `\n${strong(one.id)} is held (${circuit.cause}): ${reasonText('destination_held', 'en')}; next probe ${paris(new Date(circuit.nextProbeAt ?? 0))}`,
            );
          }
        }
      }),
    );
}
