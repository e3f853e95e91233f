// relais delivery list | show: finds deliveries and prints their story.
// Invariant: a list is read page by page by keyset.
import { Option, type Command } from 'commander';
import { reasonText } from '../domain/delivery.ts';
import type { App } from '../app.ts';
import { deliveryStory } from '../store/delivery-lists.ts';
import { findDestination } from '../store/destinations.ts';
import { deliveriesPage, headOf, type DeliveryHead } from '../support/reads/deliveries.ts';
import { wholeCentre } from '../support/scope.ts';
import { publishedHours } from '../support/published-hours.ts';
import { entryData, storyOf } from '../support/story.ts';
import { listLength, wholeNumber, withExamples } from './arguments.ts';
import { archiveCommand } from './delivery-archive.ts';
import { existingDelivery, filterOf, withFilters, type FilterOptions } from './delivery-filter.ts';
import { printStory } from './delivery-story.ts';
import { outJson } from './json.ts';
import { sayAge } from './read-side.ts';
import { parisShort, table } from './table.ts';
import { out, say, withApp } from './terminal.ts';

interface ListOptions extends FilterOptions {
  readonly reason?: string;
  readonly limit: number;
  readonly after?: number;
  readonly json?: boolean;
  readonly open?: boolean;
}

/** Returns `delivery`, to which other files add commands. */
export function deliveryCommands(program: Command): Command {
  const delivery = program.command('delivery').description('find deliveries and read their story');
  archiveCommand(delivery);

  withExamples(
    withFilters(delivery.command('list').description('deliveries, newest first'))
      .option('--reason <code>', 'the same as --cause')
      .option('--open', 'only what needs a person: failed and not closed, or waiting for a decision')
      .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
      .option('--after <id>', 'continue after this delivery (next page)', wholeNumber)
      .option('--json', 'one JSON object a line'),
    '',
    'relais delivery list --state failed --since 2h',
    'relais delivery list --destination horizon-crm --state withheld --reason opt_in_missing',
    'relais delivery list --lead HZ-000123 --json',
  ).action((options: ListOptions) => withApp((app) => list(app, options)));

  withExamples(
    delivery
      .command('show <delivery>')
      .description('the whole story of one delivery, in plain words; number or key (webhook-id)')
      .addOption(new Option('--lang <lang>', 'language').choices(['fr', 'en']).default('fr'))
      .option('--json', 'the delivery and each entry of its log as one JSON object a line'),
    '',
    'relais delivery show 4711',
    'relais delivery show 0197fa2e-5a4c-7000-8000-1f2e3d4c5b6a --lang en',
  ).action((name: string, options: { readonly lang: 'fr' | 'en'; readonly json?: boolean }) =>
    withApp(async (app) => {
      const { database } = app;
      const row = await existingDelivery(database, name);
      const hours = await publishedHours(app, [await findDestination(database, row.destinationId)]);
      if (options.json !== true)
        return printStory(await storyOf(database, row, hours.get(row.destinationId)), options.lang);
      outJson([plain(headOf(row)), ...(await deliveryStory(database, row.id)).map(entryData)]);
    }),
  );

  return delivery;
}

/** Columns of the table. */
const columns: readonly (readonly [head: string, cell: (row: DeliveryHead, now: Date) => string])[] = [
  ['delivery', (row) => String(row.id)],
  ['destination', (row) => row.destination],
  ['action', (row) => row.action],
  ['lead', (row) => row.lead],
  ['state', (row) => row.state],
  ['reason', (row) => reasonText(row.reason, 'en')],
  ['tries', (row) => String(row.departures)],
  ['planned', (row, now) => parisShort(row.createdAt, now)],
  ['due or settled', (row, now) => dueOrSettled(row, now)],
];

async function list(app: App, options: ListOptions): Promise<void> {
  const now = app.database.now();
  const filter = filterOf(
    { ...options, ...(options.reason === undefined ? {} : { cause: options.reason }) },
    now,
  );
  const { limit, after } = options;
  const { items: rows, next } = await deliveriesPage(
    app,
    wholeCentre,
    options.open === true ? { ...filter, open: true } : filter,
    { limit, ...(after === undefined ? {} : { after }) },
  );
  await sayAge(app.reading);
  if (options.json === true) return rows.forEach((row) => out(JSON.stringify(plain(row))));
  table(
    columns.map(([head]) => head),
    rows.map((row) => columns.map(([, cell]) => cell(row, now))),
  );
  if (rows.length === 0) say('None.');
  if (next !== undefined) say(`more: --after ${next}`);
}

/** A past moment is no due time, nor is one past the limit: then its reason names what it waits for. */
function dueOrSettled({ settledAt, dueAt, expiresAt }: DeliveryHead, now: Date): string {
  if (settledAt !== null) return parisShort(settledAt, now);
  if (dueAt >= expiresAt) return '-';
  return dueAt <= now ? 'due' : parisShort(dueAt, now);
}

/** The fields of `--json`, under stable names. */
const plain = ({ erased: _, expiresAt: __, ...row }: DeliveryHead): object => row;
