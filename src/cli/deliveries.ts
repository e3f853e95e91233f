// relais delivery list | show, relais cancel: finding deliveries, reading their story, ending them.
// Invariant: a list is read page by page by keyset; what is cancelled is recorded with who and why.
import { Option, type Command } from 'commander';
import { archiveDeliveries } from '../delivery/background/archive-erased.ts';
import { cancel } from '../support/cancel.ts';
import { deliveryStates, reasonText, type DeliveryState } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import type { Reading } from '../store/database.ts';
import type { ReadSide } from '../store/replica.ts';
import {
  deliveryStory,
  findDelivery,
  listDeliveries,
  type DeliveryFilter,
  type ListedDelivery,
} from '../store/support.ts';
import { instant, listLength, reasonOf, wholeNumber, withExamples, type Moment } from './arguments.ts';
import { outJson } from './json.ts';
import { knownNames } from '../support/known-names.ts';
import { sayAge } from './read-side.ts';
import { entryData, storyOf } from '../support/story.ts';
import { printStory } from './delivery-story.ts';
import { parisShort, table } from './table.ts';
import { confirmed, out, progress, say, withApp } from './terminal.ts';

export interface FilterOptions {
  readonly client?: string;
  readonly destination?: string;
  readonly state?: DeliveryState;
  readonly cause?: string;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly lead?: string;
}

/** The filters of a list and of a replay are the same, so that one can be looked at before the other is done. */
export function withFilters(command: Command): Command {
  return command
    .option('--client <client>', 'of one client')
    .option('--destination <destination>', 'owed to one destination')
    .addOption(new Option('--state <state>', 'in one state').choices(deliveryStates))
    .option('--cause <code>', 'reason code: refused, invalid, opt_in_missing, refused:programme_closed ...')
    .option('--since <date>', 'planned since: 2026-11-25, 2026-11-25T14:00, or an age: 2h, 7d', instant)
    .option('--until <date>', 'planned before', instant)
    .option('--lead <reference>', "the centre's reference of the lead");
}

export function filterOf(options: FilterOptions, now: Date): DeliveryFilter {
  const { client, destination, state, lead, cause } = options;
  const [since, until] = [options.since?.(now), options.until?.(now)];
  return Object.fromEntries(
    Object.entries({ client, destination, state, since, until, lead, reason: cause }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

export const isFiltered = (options: FilterOptions): boolean =>
  Object.keys(filterOf(options, new Date(0))).length > 0;

/** @throws FIND-001 */
export async function existingDelivery(sql: Reading, name: string): Promise<ListedDelivery> {
  const found = await findDelivery(sql, name);
  if (found === undefined) throw new RelaisError('FIND-001', `No delivery has the number or key ${name}.`);
  return found;
}

interface ListOptions extends FilterOptions {
  readonly reason?: string;
  readonly limit: number;
  readonly after?: number;
  readonly json?: boolean;
  readonly open?: boolean;
}

function archiveCommand(delivery: Command): void {
  withExamples(
    delivery
      .command('archive')
      .description('move deliveries of erased leads, settled long ago, to the slim table of their keys')
      .requiredOption('--before <date>', 'settled and erased before: 2026-10-01, or an age such as 90d')
      .option('--yes', 'do not ask'),
    'They can no longer be shown or replayed; the log keeps their story, their key keeps them from being planned again.',
    'relais delivery archive --before 90d',
  ).action((options: { readonly before: string; readonly yes?: true }) =>
    withApp(async ({ database }) => {
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
    }),
  );
}

/** Returns `delivery`, for what other files add to it. */
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
  ).action((options: ListOptions) =>
    withApp(({ reading, database }) => list(reading, options, database.now())),
  );

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
    withApp(async ({ database }) => {
      const row = await existingDelivery(database, name);
      if (options.json !== true) return printStory(await storyOf(database, row), options.lang);
      outJson([plain(row), ...(await deliveryStory(database, row.id)).map(entryData)]);
    }),
  );

  withExamples(
    program
      .command('cancel <deliveries...>')
      .description('end deliveries that are not being sent; the lead stays')
      .option('--reason <text>', 'why (ticket number); mandatory'),
    '',
    'relais cancel 4711 4712 --reason "ticket 12"',
  ).action((names: readonly string[], options: { readonly reason?: string }) => cancelAll(names, options));
  return delivery;
}

async function list(sql: ReadSide, options: ListOptions, now: Date): Promise<void> {
  const filter = filterOf(
    { ...options, ...(options.reason === undefined ? {} : { cause: options.reason }) },
    now,
  );
  await knownNames(sql, filter);
  const rows = await listDeliveries(
    sql,
    options.open === true ? { ...filter, open: true } : filter,
    options.limit,
    options.after,
  );
  await sayAge(sql);
  if (options.json === true) return rows.forEach((row) => out(JSON.stringify(plain(row))));
  table(
    ['delivery', 'destination', 'action', 'lead', 'state', 'reason', 'tries', 'planned', 'due or settled'],
    rows.map((row) => [
      ...[String(row.id), row.destinationId, row.action, row.leadReference, row.state],
      ...[reasonText(row.reason, 'en'), String(row.departures)],
      ...[parisShort(row.createdAt, now), dueOrSettled(row, now)],
    ]),
  );
  if (rows.length === 0) say('None.');
  if (rows.length === options.limit) say(`more: --after ${rows.at(-1)?.id ?? ''}`);
}

/** A moment that has passed is no due time, nor is one past the limit: then it waits for what its reason names. */
function dueOrSettled({ settledAt, dueAt, expiresAt }: ListedDelivery, now: Date): string {
  if (settledAt !== undefined) return parisShort(settledAt, now);
  if (dueAt >= expiresAt) return '-';
  return dueAt <= now ? 'due' : parisShort(dueAt, now);
}

/** What is exported: ids, codes and times, nothing the lead's tables hold. */
function plain(row: ListedDelivery): Record<string, unknown> {
  const { id, key, revision, action, state, reason, run, attempt, departures } = row;
  return {
    ...{ id, key, client: row.clientId, destination: row.destinationId, lead: row.leadReference, revision },
    ...{ action, state, reason, run, attempt, departures },
    ...{ createdAt: row.createdAt, dueAt: row.dueAt, settledAt: row.settledAt ?? null },
  };
}

async function cancelAll(names: readonly string[], options: { readonly reason?: string }): Promise<void> {
  const reason = reasonOf(options.reason);
  await withApp(async ({ database, config }) => {
    const found = new Set<number>();
    for (const name of names) found.add((await existingDelivery(database, name)).id);
    const wanted = [...found];
    const { ended, byHand } = await cancel(database, wanted, { actor: config.actor, reason });
    out(`${ended.length} of ${wanted.length} cancelled.`);
    if (byHand.length > 0)
      out(
        `A right of the person that the recipient has not heard; write to it, then \`relais task close\`: ${byHand.join(', ')}`,
      );
    const left = wanted.filter((id) => !ended.includes(id));
    if (left.length > 0)
      throw new RelaisError(
        'REPLAY-002',
        `Not cancelled, being sent or at their end already: ${left.join(', ')}.`,
      );
  });
}
