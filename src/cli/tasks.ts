// relais task list | close: lists tasks that need a person, and closes them.
// Invariant: closing is recorded with actor, reason and evidence; nothing but the count of open tasks changes.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { closeAlertTasks, closeDeliveries, type Closing } from '../support/close-tasks.ts';
import { reasonText } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import type { ReadOnlySql, Sql } from '../store/database.ts';
import { eachDelivery, listDeliveries, type ListedDelivery } from '../store/delivery-lists.ts';
import { alertTasks, countTasks, type AlertTask, type TaskFilter } from '../store/tasks.ts';
import { countOf, reportRefused, workAll } from './bulk-work.ts';
import { closingText } from '../support/typed-text.ts';
import { impersonal, listLength, reasonOf, wholeNumber, withExamples } from './arguments.ts';
import {
  existingDelivery,
  filterOf,
  isFiltered,
  withFilters,
  type FilterOptions,
} from './delivery-filter.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { knownNames } from '../support/known-names.ts';
import { advice, adviceLine } from '../support/advice.ts';
import { inLanguage } from '../support/words.ts';
import { age, parisShort, table } from './table.ts';
import { confirmed, out, say, strong, withApp } from './terminal.ts';
import { rightsContact } from '../support/rights-contact.ts';

interface ListOptions extends TaskFilter, JsonOption {
  readonly limit: number;
  readonly after?: number;
}

interface CloseOptions extends FilterOptions {
  readonly reason?: string;
  readonly evidence?: string;
  readonly yes?: boolean;
}

export function taskCommands(program: Command): void {
  const task = program.command('task').description('what needs a person: list it, close it');
  withExamples(
    withJson(
      task
        .command('list')
        .description('failed deliveries, decisions that wait for support, alerts that ask for somebody')
        .option('--client <client>', 'of one client')
        .option('--destination <destination>', 'of one destination')
        .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
        .option('--after <delivery>', 'continue after this delivery (next page)', wholeNumber),
    ),
    'Causes are counted first; then each task with what can be done. `relais delivery show` tells its whole story.',
    'relais task list',
    'relais task list --destination horizon-crm --json',
  ).action((options: ListOptions) =>
    withApp(({ reading, database }) => listTasks(reading, options, database)),
  );

  withExamples(
    withFilters(
      task
        .command('close [tasks...]')
        .description('say that failed deliveries (4711) or alerts (A12) need nobody any more'),
    )
      .option('--reason <text>', 'why it needs nobody any more; mandatory, written in the log')
      .option('--evidence <text>', 'what that rests on: a mail, a ticket; mandatory, names no person')
      .option('--yes', 'do not ask'),
    'Closing sends nothing and changes no delivery; a replay that fails again is open again.',
    'relais task close 4711 --reason "client has it by phone" --evidence "mail of 2026-11-20, ticket 12"',
    'relais task close A12 --reason "row corrected and sent again" --evidence "ticket 14"',
    'relais task close --destination horizon-crm --cause refused:programme_closed --reason "programme sold out" --evidence "ticket 15"',
  ).action((names: readonly string[], options: CloseOptions) => closeCommand(names, options));
}

export const taskFilter = ({ client, destination }: TaskFilter): TaskFilter => ({
  ...(client === undefined ? {} : { client }),
  ...(destination === undefined ? {} : { destination }),
});

async function listTasks(sql: ReadOnlySql, options: ListOptions, primary: Sql): Promise<void> {
  const now = primary.now();
  const filter = taskFilter(options);
  await knownNames(sql, filter);
  const rows = await listDeliveries(sql, { ...filter, open: true }, options.limit, options.after);
  const alerts = options.after === undefined ? await alertTasks(sql, filter, options.limit) : [];
  if (options.json === true) return outJson([...rows.map(deliveryTask), ...alerts.map(alertTask)]);
  const groups = options.after === undefined ? await countTasks(sql, filter) : [];
  if (rows.length === 0 && alerts.length === 0) return out('Nothing needs a person.');
  if (groups.length > 1) {
    table(
      ['count', 'destination', 'state', 'cause', 'oldest'],
      groups.map((group) => [
        String(group.count),
        group.destinationId,
        group.state,
        reasonText(group.reason, 'en'),
        age(group.oldest, now),
      ]),
    );
    out();
  }
  for (const row of rows) {
    out(
      `${strong(String(row.id))}  ${row.destinationId}  ${row.action} of ${row.leadReference}  ${row.state}: ${reasonText(row.reason, 'en')}, since ${parisShort(row.settledAt ?? row.createdAt, now)}`,
    );
    for (const line of advice(row)) out(`      ${inLanguage(adviceLine(line), 'en')}`);
    const contact = await rightsContact(primary, row);
    if (contact !== undefined) out(`      Contact for rights: ${contact}`);
  }
  for (const alert of alerts)
    out(
      `${strong(`A${alert.id}`)}  ${alert.kind}  ${alert.destinationId || alert.clientId || '-'}${alert.deliveryId > 0 ? `  delivery ${alert.deliveryId}` : ''}  ${reasonText(alert.reason, 'en')}, since ${parisShort(alert.raisedAt, now)}`,
    );
  if (rows.length === options.limit) say(`more: --after ${rows.at(-1)?.id ?? ''}`);
}

const deliveryTask = (row: ListedDelivery): object => ({
  task: String(row.id),
  kind: row.state === 'failed' ? 'failed' : 'decision',
  client: row.clientId,
  destination: row.destinationId,
  delivery: row.id,
  lead: row.leadReference,
  action: row.action,
  reason: row.reason,
  since: row.settledAt ?? row.createdAt,
});

export const alertTask = (alert: AlertTask): object => ({
  task: `A${alert.id}`,
  kind: alert.kind,
  client: alert.clientId,
  destination: alert.destinationId,
  delivery: alert.deliveryId === 0 ? null : alert.deliveryId,
  reason: alert.reason,
  since: alert.raisedAt,
});

async function closeCommand(names: readonly string[], options: CloseOptions): Promise<void> {
  const filtered = isFiltered(options);
  if ((names.length === 0) === !filtered)
    throw new RelaisError('USAGE-001', 'Say what to close: tasks of `relais task list`, or filters.');
  const by = { reason: reasonOf(options.reason), evidence: evidenceOf(options.evidence) };
  closingText(by);
  await withApp(async (app) => {
    if (filtered) return closeByFilter(app, options, by);
    const alerts = names.filter(isAlert).map((name) => wholeNumber(name.slice(1)));
    const ids: number[] = [];
    for (const name of names.filter((task) => !isAlert(task)))
      ids.push((await existingDelivery(app.database, name)).id);
    const closing: Closing = { actor: app.config.actor, ...by };
    const closed =
      (alerts.length === 0 ? 0 : await closeAlertTasks(app.database, alerts, closing)) +
      (ids.length === 0 ? 0 : await closeDeliveries(app.database, ids, closing));
    report(closed, new Set(ids).size + new Set(alerts).size - closed);
  });
}

function report(closed: number, before: number): void {
  out(`${closed} closed${before > 0 ? `, ${before} closed already` : ''}.`);
}

async function closeByFilter(
  app: App,
  options: CloseOptions,
  by: { readonly reason: string; readonly evidence: string },
): Promise<void> {
  const filter = filterOf(options, app.database.now());
  await knownNames(app.database, filter);
  const failed: ListedDelivery[] = [];
  for await (const page of eachDelivery(app.database, { ...filter, open: true }))
    failed.push(...page.filter((row) => row.state === 'failed'));
  if (failed.length === 0) throw new RelaisError('FIND-001', 'No open task matches.');
  const question = `${failed.length} failed deliveries will count as dealt with.`;
  if (!(await confirmed(question, String(failed.length), options.yes === true)))
    return say('Nothing was closed.');
  const { reason, evidence } = by;
  const run = await workAll(app, { order: { kind: 'close', evidence }, filter, deliveries: failed, reason });
  report(run.done, countOf(run, 'closed_before'));
  reportRefused(run);
}

const isAlert = (name: string): boolean => /^[Aa]\d+$/.test(name);

function evidenceOf(given: string | undefined): string {
  const evidence = (given ?? '').trim();
  if (evidence.length < 3)
    throw new RelaisError(
      'USAGE-002',
      'Say what the closing rests on with --evidence "...": a mail, a ticket, a call and its date.',
    );
  return impersonal(evidence, '--evidence');
}
