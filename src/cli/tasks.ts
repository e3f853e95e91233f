// relais task list | close: lists tasks that need a person, and closes them.
// Invariant: closing is recorded with actor, reason and evidence; nothing but the count of open tasks changes.
import { type Command, performHere, refuseInput, type Given } from './command.ts';
import type { App } from '../app.ts';
import { reasonText } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import { closeAll, planBulk } from '../support/acts/bulk.ts';
import { closeTasks } from '../support/acts/tasks.ts';
import { adviceLine } from '../support/advice.ts';
import { failureGroups } from '../support/reads/deliveries.ts';
import { readFilter } from '../support/reads/filter.ts';
import {
  deliveryTasksPage,
  openAlerts,
  type AlertHead,
  type DeliveryTask,
  type TaskFilter,
} from '../support/reads/tasks.ts';
import { troubledDestinations } from '../support/reads/destinations.ts';
import { wholeCentre } from '../support/place.ts';
import { inLanguage } from '../support/words.ts';
import { listLength, wholeNumber, isFiltered, type FilterOptions } from './arguments.ts';
import { countOf, reportRefused, workAll } from './bulk.ts';
import { outJson, age, parisShort, tableOf, confirmed, out, say, strong, withApp } from './terminal.ts';

type ListOptions = TaskFilter & Given<'limit! after json'>;

type CloseOptions = FilterOptions & Given<'yes'>;

export function taskCommands(program: Command): void {
  const task = program.command('task').description('what needs a person: list it, close it');
  task
    .command('list')
    .description('failed deliveries, decisions that wait for support, alerts that need a person')
    .option('--client <client>', 'of one client')
    .option('--destination <destination>', 'of one destination')
    .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
    .option('--after <delivery>', 'continue after this delivery (next page)', wholeNumber)
    .json()
    .examples(
      'Causes are counted first; then each task with what can be done. `relais delivery show` tells its whole story.',
      'relais task list',
      'relais task list --destination horizon-crm --json',
    )
    .gateway(listTasks);

  task
    .command('close [tasks...]')
    .description('say that failed deliveries (4711) or alerts (A12) need nobody any more')
    .filters()
    .option('--yes', 'do not ask')
    .fields(closeTasks)
    .examples(
      'Closing sends nothing and changes no delivery; a replay that fails again is open again.',
      'relais task close 4711 --reason "client has it by phone" --evidence "mail of 2026-11-20, ticket 12"',
      'relais task close A12 --reason "row corrected and sent again" --evidence "ticket 14"',
      'relais task close --destination horizon-crm --cause refused:programme_closed --reason "programme sold out" --evidence "ticket 15"',
    )
    .action((names: readonly string[], options: CloseOptions) => closeCommand(names, options));
}

export const taskFilter = ({ client, destination }: TaskFilter): TaskFilter => ({ client, destination });

async function listTasks(app: App, options: ListOptions): Promise<void> {
  const { limit, after } = options;
  const now = app.database.now();
  const filter = taskFilter(options);
  const isFirst = after === undefined;
  const asked = { limit, ...(isFirst ? {} : { after }) };
  const { items: tasks, next } = await deliveryTasksPage(app, wholeCentre, filter, asked);
  const alerts = isFirst ? await openAlerts(app, wholeCentre, filter, limit) : [];
  if (options.json === true) return outJson([...tasks.map(taskData), ...alerts.map(alertData)]);
  const groups = isFirst ? await failureGroups(app, wholeCentre, filter) : [];
  const troubled = isFirst ? await troubledDestinations(app, wholeCentre, filter) : [];
  if (tasks.length + alerts.length + troubled.length === 0) return out('Nothing needs a person.');
  if (groups.length > 1) {
    tableOf(groups, {
      count: (group) => String(group.count),
      destination: (group) => group.destination,
      state: (group) => group.state,
      cause: (group) => reasonText(group.reason, 'en'),
      oldest: (group) => age(group.oldest, now),
    });
    out();
  }
  for (const { delivery, since, advice, contact } of tasks) {
    out(
      `${strong(String(delivery.id))}  ${delivery.destination}  ${delivery.action} of ${delivery.lead}  ${delivery.state}: ${reasonText(delivery.reason, 'en')}, since ${parisShort(since, now)}`,
    );
    for (const line of advice) out(`      ${inLanguage(adviceLine(line), 'en')}`);
    if (contact !== undefined) out(`      Contact for rights: ${contact}`);
  }
  for (const { task, kind, destination, client, delivery, reason, raisedAt, advice } of alerts) {
    out(
      `${strong(task)}  ${kind}  ${destination || client || '-'}${delivery === null ? '' : `  delivery ${delivery}`}  ${reasonText(reason, 'en')}, since ${parisShort(raisedAt, now)}`,
    );
    if (advice.words !== undefined) out(`      ${inLanguage(advice.words, 'en')}`);
    if (advice.command !== undefined) out(`      ${advice.command}`);
  }
  for (const { destination, status, trouble } of troubled) {
    out(`${strong(destination)}  ${trouble?.[1] ?? ''}`);
    out(
      `      relais destination ${status === 'suspended' ? `resume ${destination} --reason "..."` : `test ${destination}`}`,
    );
  }
  if (next !== undefined) say(`more: --after ${next}`);
}

const taskData = ({ task, kind, delivery, since }: DeliveryTask): object => ({
  task,
  kind,
  client: delivery.client,
  destination: delivery.destination,
  delivery: delivery.id,
  lead: delivery.lead,
  action: delivery.action,
  reason: delivery.reason,
  since,
});

export const alertData = ({
  task,
  kind,
  client,
  destination,
  delivery,
  reason,
  raisedAt,
}: AlertHead): object => ({ task, kind, client, destination, delivery, reason, since: raisedAt });

async function closeCommand(names: readonly string[], options: CloseOptions): Promise<void> {
  const filtered = isFiltered(options);
  if ((names.length === 0) === !filtered)
    throw new RelaisError('USAGE-001', 'Say what to close: tasks of `relais task list`, or filters.');
  refuseInput(closeTasks, options);
  await withApp(async (app) => {
    if (filtered) return closeByFilter(app, options);
    const closed = await performHere(app, closeTasks, { to: names, input: options });
    report(closed, new Set(names).size - closed);
  });
}

function report(closed: number, before: number): void {
  out(`${closed} closed${before > 0 ? `, ${before} closed already` : ''}.`);
}

async function closeByFilter(app: App, options: CloseOptions): Promise<void> {
  const filter = readFilter(options, app.database.now());
  const { going } = await planBulk(app, wholeCentre, { kind: 'close', filter });
  if (going === 0) throw new RelaisError('FIND-001', 'No open task matches.');
  const question = `${going} failed deliveries will count as dealt with.`;
  if (!(await confirmed(question, String(going), options.yes === true))) return say('Nothing was closed.');
  const input = { ...options, filter: options, expected: going };
  const run = await workAll(app, closeAll, { to: [], input });
  report(run.done, countOf(run, 'closed_before'));
  reportRefused(run);
}
