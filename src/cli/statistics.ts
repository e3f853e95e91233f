// relais statistics accounts | run | remove | export: monthly statistics without persons (C26 to C28).
// Invariant: what is counted is written under an account that can read no lead, and read under one that can read nothing else.
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { openDatabase } from '../app/for-terminal.ts';
import { statisticsReaderOf } from '../config.ts';
import { RelaisError } from '../errors.ts';
import { isMonth, issueEdition, removeWithdrawn, type StatisticsPlace } from '../statistics/issue.ts';
import { out, say, withApp } from './terminal.ts';

const schema = 'relais_statistics';

export function statisticsCommands(program: Command): void {
  const statistics = program
    .command('statistics')
    .description('monthly counts without persons, of clients that authorise them (C26 to C28)');
  statistics
    .command('accounts')
    .description('print the SQL that makes the schema and its two accounts')
    .requiredOption('--writer-host <host>', 'address from which the writer connects: 10.0.3.7')
    .requiredOption('--reader-host <host>', 'address from which the reader connects: 10.0.3.9')
    .examples(
      'An administrator of MySQL runs it. Neither account has a right elsewhere, and the gateway’s has none on this schema.',
      'relais statistics accounts --writer-host 10.0.3.7 --reader-host 10.0.3.9',
    )
    .action(showAccounts);
  statistics
    .command('run')
    .description('issue the statistics of a month that is over; once, for ever')
    .option('--month <month>', 'the month: 2026-10; default: the last one', monthOf)
    .examples(
      'Counts clients with an instruction that covers `statistics`, from its date on. Needs RELAIS_MYSQL_STATISTICS_URL.',
      'relais statistics run --month 2026-10',
    )
    .action(({ month }: Given<'month'>) => withPlace((place) => run(place, month)));
  statistics
    .command('remove')
    .description('delete the cells of clients that have withdrawn their authorisation')
    .examples(
      'Withdrawn by an instruction that covers `statistics_end`; `statistics run` removes them too. Nothing is counted anew.',
      'relais statistics remove',
    )
    .action(() => withPlace(remove));
  statistics
    .command('export')
    .description('write the issued statistics as CSV files and a page in French')
    .requiredOption('--to <folder>', 'folder for the files; those of an earlier export are replaced')
    .option('--from <month>', 'first month: 2026-01', monthOf, '0000-01')
    .option('--until <month>', 'last month: 2026-12', monthOf, '9999-12')
    .examples(
      'Needs RELAIS_MYSQL_STATISTICS_READ_URL and nothing else of the gateway’s configuration.',
      'relais statistics export --to statistiques --from 2026-01 --until 2026-12',
    )
    .action(write);
}

function monthOf(text: string): string {
  if (!isMonth(text)) throw new RelaisError('USAGE-001', `"${text}" is not a month (2026-10).`);
  return text;
}

type AccountOptions = Given<'writerHost! readerHost!'>;

function showAccounts({ writerHost, readerHost }: AccountOptions): void {
  for (const host of [writerHost, readerHost])
    if (!/^[A-Za-z0-9.:-]{1,80}$/.test(host))
      throw new RelaisError('USAGE-001', `"${host}" is not the address of a host.`);
  const [writer, reader] = [`'${schema}'@'${writerHost}'`, `'${schema}_reader'@'${readerHost}'`];
  for (const line of [
    `CREATE DATABASE ${schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;`,
    `CREATE USER ${writer} IDENTIFIED BY '...' REQUIRE SSL;`,
    `GRANT CREATE, SELECT, INSERT, DELETE ON ${schema}.* TO ${writer};`,
    `CREATE USER ${reader} IDENTIFIED BY '...' REQUIRE SSL;`,
    `GRANT SELECT ON ${schema}.* TO ${reader};`,
  ])
    out(line);
}

/** Opens the gateway's account and the writer's. @throws CONFIG-001 */
const withPlace = (work: (place: StatisticsPlace) => Promise<void>): Promise<void> =>
  withApp(async (app) => {
    const place = statisticsPlaceOf(app);
    if (place === undefined)
      throw new RelaisError(
        'CONFIG-001',
        'Configuration:\n  - RELAIS_MYSQL_STATISTICS_URL is missing (the account that writes statistics)',
      );
    try {
      await work(place);
    } finally {
      await place.writer.close();
    }
  });

/** undefined where no writer is configured; its `writer` is the caller's to close. */
function statisticsPlaceOf({ config, database }: App): StatisticsPlace | undefined {
  const { mysql, silenceMs, readOnly, installation, actor } = config;
  if (mysql.statisticsUrl === undefined) return undefined;
  const writer = openDatabase({ url: mysql.statisticsUrl, connections: 1, silenceMs, readOnly });
  return { database, writer, installation, actor };
}

async function run(place: StatisticsPlace, asked: string | undefined): Promise<void> {
  const { month, cells, clients } = await issueEdition(place, asked);
  out(`${month}: ${cells} cells of ${clients} clients. It is never issued again.`);
  if (cells === 0) say('No cell has 11 persons of 3 clients, none of them with over 85 %.');
}

async function remove(place: StatisticsPlace): Promise<void> {
  const removed = await removeWithdrawn(place);
  for (const [clientId, cells] of removed) out(`${clientId}: ${cells} cells deleted.`);
  if (removed.size === 0) say('No client has withdrawn.');
}

/** After an instruction was recorded: a withdrawal takes effect at once where the writer is configured. */
export async function afterWithdrawal(app: App): Promise<void> {
  const place = statisticsPlaceOf(app);
  if (place === undefined)
    return say(
      'Issued statistics lose its part by `relais statistics remove`, where the writer is configured.',
    );
  try {
    await remove(place);
  } finally {
    await place.writer.close();
  }
}

type ExportOptions = Given<'to! from! until!'>;

async function write({ to, from, until }: ExportOptions): Promise<void> {
  // Loaded when needed: no other command draws.
  const { exportStatistics } = await import('../statistics/page.ts');
  const reader = openDatabase({ url: statisticsReaderOf(), connections: 1, readOnly: true });
  try {
    const { months, files } = await exportStatistics(reader, { folder: to, from, until });
    out(`${months.length} months in ${to}: ${files.join(', ')}.`);
  } finally {
    await reader.close();
  }
}
