// The statistic of a month in the story: three clients, accounts of its own, and what an outsider sees of it (C26 to C28, C34).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../../src/store/database.ts';
import { webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { say, type CommandLine } from './commands.ts';

/** Two more clients: a cell is published from three on. */
export const otherClients = ['alpes', 'riviera'] as const;

/** Their files; what they receive has an address of its own. */
export const filesOfOthers = (port: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    otherClients.flatMap((client) =>
      Object.entries(webhookFiles(port)).map(([name, text]) => [
        name.replace('essai', client),
        text
          .replaceAll('/leads', `/${client}`)
          .replaceAll('essai', client)
          .replaceAll(/Essai|ESSAI/g, (word) => (word === 'Essai' ? client : client.toUpperCase())),
      ]),
    ),
  );

/** What is counted of a request. */
export const counted = {
  ...{ origin_type: 'portal', departement: '69' },
  ...{ housing_type: 'apartment', rooms: 3, budget_max: 240_000 },
} as const;

/** Makes the schema and its accounts, as an administrator does, and returns their addresses for `relais`. */
export async function makeStatistics({ app, owner }: Gateway): Promise<Readonly<Record<string, string>>> {
  const { name } = app.database;
  const schema = `${name}_st`;
  const urlOf = (user: string): string =>
    Object.assign(new URL(app.config.mysql.gatewayUrl), {
      ...{ username: `${name}_${user}`, password: user, pathname: `/${schema}` },
    }).href;
  for (const line of [
    `CREATE DATABASE ${schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    `CREATE USER '${name}_writer'@'%' IDENTIFIED BY 'writer'`,
    `GRANT CREATE, SELECT, INSERT, DELETE ON ${schema}.* TO '${name}_writer'@'%'`,
    `CREATE USER '${name}_reader'@'%' IDENTIFIED BY 'reader'`,
    `GRANT SELECT ON ${schema}.* TO '${name}_reader'@'%'`,
  ])
    await owner.text(line);
  return { RELAIS_MYSQL_STATISTICS_URL: urlOf('writer'), RELAIS_MYSQL_STATISTICS_READ_URL: urlOf('reader') };
}

interface Telling {
  readonly gateway: Gateway;
  readonly relais: CommandLine;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly check: (promise: string, isKept: boolean) => void;
}

export async function authorise({ relais }: Telling): Promise<void> {
  for (const client of ['essai', ...otherClients])
    await relais(
      ...['instruction', 'record', '--client', client, '--date', '2026-01-05', '--from', 'la direction'],
      ...['--document', 'annexe 6', '--covers', 'statistics'],
    );
}

const tableOf = ({ folder }: Telling): string =>
  readFileSync(join(folder, 'statistiques', 'canaux-medias.csv'), 'utf8');

export async function issueMonth(story: Telling): Promise<void> {
  const { relais, folder, environment, gateway, check } = story;
  await relais('statistics', 'run', '--month', '2026-01');
  await relais('statistics', 'export', '--to', join(folder, 'statistiques'));
  for (const line of tableOf(story).trim().split('\n')) say(`    ${line}`);
  check(
    'eleven persons of three clients are one line, rounded to 10',
    /^2026-01,.*,10$/m.test(tableOf(story)),
  );
  const writer = openDatabase({ url: environment['RELAIS_MYSQL_STATISTICS_URL'] ?? '', connections: 1 });
  const isRefused = await writer.all(`SELECT 1 FROM ${gateway.app.database.name}.prospects`).then(
    () => false,
    () => true,
  );
  await writer.close();
  check('the account that wrote it can read no person', isRefused);
}

/** After an erasure and a purge. */
export async function sameMonth(story: Telling): Promise<void> {
  const before = tableOf(story);
  await story.relais('statistics', 'export', '--to', join(story.folder, 'statistiques'));
  story.check('the statistic of January is as it was, without Petit and Moreau', tableOf(story) === before);
}
