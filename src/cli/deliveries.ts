// relais delivery list | show | archive: finds deliveries, prints their story, archives those of erased leads.
// Invariant: a list is read page by page by keyset; a story adds no fact but the headings.
import { Option } from 'commander';
import type { Command, Given } from './command.ts';
import { reasonText } from '../domain/delivery.ts';
import type { App } from '../app.ts';
import {
  deliveriesPage,
  deliveryPage,
  deliveryRecord,
  deliveryColumns,
  type DeliveryHead,
} from '../support/reads/deliveries.ts';
import { readFilter } from '../support/reads/filter.ts';
import { wholeCentre } from '../support/place.ts';
import { listLength, wholeNumber, instant, type FilterOptions } from './arguments.ts';
import { outJson, parisShort, table, out, say, confirmed, progress, strong, sayAge } from './terminal.ts';
import { archiveDeliveries } from '../app/for-terminal.ts';
import { adviceLine } from '../support/advice.ts';
import { paris, inLanguage, type Both, type Language } from '../support/words.ts';
import type { Story } from '../support/story.ts';

type ListOptions = FilterOptions & Given<'reason limit! after json open'>;

/** Returns `delivery`, to which other files add commands. */
export function deliveryCommands(program: Command): Command {
  const delivery = program.command('delivery').description('find deliveries and read their story');
  archiveCommand(delivery);

  delivery
    .command('list')
    .description('deliveries, newest first')
    .filters()
    .option('--reason <code>', 'the same as --cause')
    .option('--open', 'only what needs a person: failed and not closed, or waiting for a decision')
    .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
    .option('--after <id>', 'continue after this delivery (next page)', wholeNumber)
    .option('--json', 'one JSON object a line')
    .examples(
      '',
      'relais delivery list --state failed --since 2h',
      'relais delivery list --destination horizon-crm --state withheld --reason opt_in_missing',
      'relais delivery list --lead HZ-000123 --json',
    )
    .gateway(list);

  delivery
    .command('show <delivery>')
    .description('the whole story of one delivery, in plain words; number or key (webhook-id)')
    .addOption(new Option('--lang <lang>', 'language').choices(['fr', 'en']).default('fr'))
    .option('--json', 'the delivery and each entry of its log as one JSON object a line')
    .examples(
      '',
      'relais delivery show 4711',
      'relais delivery show 0197fa2e-5a4c-7000-8000-1f2e3d4c5b6a --lang en',
    )
    .gateway(async (app, name: string, options: Given<'lang! json'>) => {
      if (options.json !== true)
        return printStory((await deliveryPage(app, wholeCentre, name)).story, options.lang);
      const { head, entries } = await deliveryRecord(app, wholeCentre, name);
      outJson([plain(head), ...entries]);
    });

  return delivery;
}

const columns: readonly (readonly [
  name: keyof DeliveryHead,
  cell: (row: DeliveryHead, now: Date) => string,
])[] = [
  ['id', (row) => String(row.id)],
  ['destination', (row) => row.destination],
  ['action', (row) => row.action],
  ['lead', (row) => row.lead],
  ['state', (row) => row.state],
  ['reason', (row) => reasonText(row.reason, 'en')],
  ['departures', (row) => String(row.departures)],
  ['createdAt', (row, now) => parisShort(row.createdAt, now)],
  ['settledAt', (row, now) => dueOrSettled(row, now)],
];
/** Heads that are none of the column's own. */
const heads: Readonly<Partial<Record<keyof DeliveryHead, string>>> = {
  id: 'delivery',
  reason: 'reason',
  settledAt: 'due or settled',
};

async function list(app: App, options: ListOptions): Promise<void> {
  const now = app.database.now();
  const filter = readFilter(
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
    columns.map(([name]) => heads[name] ?? deliveryColumns[name].words[1].toLowerCase()),
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

/** relais delivery archive: moves the deliveries of leads erased long ago to the slim table of keys; their story stays in the log. */
function archiveCommand(delivery: Command): void {
  delivery
    .command('archive')
    .description('move deliveries of erased leads, settled long ago, to the slim table of their keys')
    .requiredOption('--before <date>', 'settled and erased before: 2026-10-01, or an age such as 90d')
    .option('--yes', 'do not ask')
    .examples(
      'They can no longer be shown or replayed; the log keeps their story, their key keeps them from being planned again.',
      'relais delivery archive --before 90d',
    )
    .gateway(async ({ database }, options: Given<'before! yes'>) => {
      const before = instant(options.before)(database.now());
      if (
        !(await confirmed(
          'Deliveries of leads erased by then leave the table.',
          'archive',
          options.yes === true,
        ))
      )
        return;
      const line = progress();
      const moved = await archiveDeliveries(database, before, (count) => line.at(`${count} deliveries`));
      line.end();
      out(`${moved} deliveries moved to delivery_keys.`);
    });
}

const headings = {
  happened: ['Ce qui s’est passé', 'What happened'],
  advice: ['Ce que vous pouvez faire', 'What you can do'],
  all: [' ; --json les donne tous', '; --json gives them all'],
  contact: ['Interlocuteur pour les droits :', 'Contact for rights:'],
} as const satisfies Readonly<Record<string, Both>>;

function printStory(story: Story, language: Language): void {
  const words = (both: Both): string => inLanguage(both, language);
  out(strong(words(story.title)));
  for (const { name, label, value, because } of story.facts) {
    const shown = name === 'state' ? strong(words(value)) : words(value);
    out(`  ${words(label).padEnd(18)} ${shown}${because === undefined ? '' : ` — ${words(because)}`}`);
  }
  out(`\n${strong(words(headings.happened))}`);
  if (story.nothingLeft !== undefined) out(`  ${words(story.nothingLeft)}`);
  for (const event of story.events) {
    const more = event.isFolded === true ? words(headings.all) : '';
    out(`  ${paris(event.at)}  ${words(event.words)}${more}`);
    for (const detail of event.details) out(`${' '.repeat(23)}${words(detail)}`);
  }
  out(`\n${strong(words(headings.advice))}`);
  for (const line of story.advice) out(`  ${words(adviceLine(line))}`);
  if (story.contact !== undefined) out(`  ${words(headings.contact)} ${story.contact}`);
}
