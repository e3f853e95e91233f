// relais status | alert list: shows running processes, backlogs with their age, slowed destinations, and alerts.
// Invariant: reads only; an idle gateway and a stopped one look different.
import { Option } from 'commander';
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { reasonText } from '../domain/delivery.ts';
import { instant, listLength, wholeNumber, type Moment } from './arguments.ts';
import { outJson, age, tableOf, out, strong, parisShort, say, sayAge } from './terminal.ts';
import { paris } from '../support/words.ts';
import { gatewayNow, type GatewayNow } from '../support/reads/status.ts';
import { alertKinds, type AlertKind } from '../domain/alert-kinds.ts';
import { alertsPage, type TaskFilter } from '../support/reads/tasks.ts';
import { wholeCentre } from '../support/place.ts';
import { alertData, taskFilter } from './tasks.ts';

export function statusCommands(program: Command): void {
  program
    .command('status')
    .description('what runs and what waits where: processes, intake, deliveries by state, destinations, log')
    .json()
    .examples(
      'Failures that were closed (`relais task close`) are not counted.',
      'relais status',
      'relais status --json',
    )
    .gateway((app, options: Given<'json'>) => statusCommand(app, options.json === true));
}

async function statusCommand(app: App, json: boolean): Promise<void> {
  const status = await gatewayNow(app, wholeCentre);
  if (json) return outJson([{ readsOnly: app.config.readOnly, ...asData(status) }]);
  const { bulkRuns, destinations } = status;
  await sayAge(app.reading);
  const now = app.database.now();
  const waits = status.oldestIntake === undefined ? '' : `, the oldest for ${age(status.oldestIntake, now)}`;
  if (app.config.readOnly)
    out(strong(`READS ONLY: ${status.restorePending ? restoredText : 'RELAIS_READ_ONLY is set'}`));
  out(`runs     ${runningText(status.processes)}`);
  out(
    `intake   ${status.intakeNew} waiting${waits}; ${status.intakeRefused} refused${status.intakeRefused > 0 ? ' (relais lead refusals)' : ''}; ${status.changes} changes to plan`,
  );
  out(`log      ${status.unsealed} entries not sealed yet`);
  out(`alerts   ${status.alertsUnsent} not sent yet`);
  if (bulkRuns.running > 0) out(`bulk     ${bulkText(bulkRuns)} (relais bulk list --state running)`);
  const open = status.deliveries
    .filter((row) => row.state === 'failed')
    .reduce((sum, row) => sum + row.count, 0);
  out(`tasks    ${open} failed deliveries to look at${open > 0 ? ' (relais task list)' : ''}\n`);
  tableOf(status.deliveries, {
    destination: (row) => row.destination,
    state: (row) => row.state,
    reason: (row) => reasonText(row.reason, 'en'),
    count: (row) => String(row.count),
    oldest: (row) => paris(row.oldest),
    for: (row) => (['delivered', 'failed', 'cancelled'].includes(row.state) ? '' : age(row.oldest, now)),
  });
  for (const { id, trouble } of destinations) if (trouble !== null) out(`\n${strong(id)} ${trouble[1]}`);
}

const restoredText =
  'a restored backup waits for `relais restore open`; until then nothing is taken in or sent';

const bulkText = ({ running, failing }: GatewayNow['bulkRuns']): string =>
  `${running} running${failing > 0 ? `, ${failing} of them cannot go on at present` : ''}`;

/** One line: the running processes, or that none runs. */
function runningText(processes: GatewayNow['processes']): string {
  const count = (role: string): number => processes.filter((running) => running.role === role).length;
  const planners = count('planner');
  const workers = count('worker');
  if (planners + workers === 0)
    return 'NOTHING RUNS: leads are kept, none is taken in or sent (start it with relais start)';
  const missing = [
    ...(planners === 0 ? ['no planner: nothing is taken in or planned'] : []),
    ...(workers === 0 ? ['no worker: nothing is sent'] : []),
  ];
  const seen = Math.max(0, Math.min(...processes.map((running) => running.seenSeconds)));
  return `${planners} planner, ${workers} worker, last seen ${seen} s ago${missing.length === 0 ? '' : ` — ${missing.join('; ')}`}`;
}

const asData = (status: GatewayNow): object => ({
  restorePending: status.restorePending,
  processes: status.processes,
  intake: {
    waiting: status.intakeNew,
    oldest: status.oldestIntake ?? null,
    refused: status.intakeRefused,
    toPlan: status.changes,
  },
  unsealed: status.unsealed,
  alertsUnsent: status.alertsUnsent,
  bulkRuns: status.bulkRuns,
  deliveries: status.deliveries,
  destinations: status.destinations.map((row) => ({ ...row, trouble: row.trouble?.[1] ?? null })),
});

// relais alert list: lists alerts, their times and the delivery of their mails.
// Invariant: reads only; alerts that need a person are closed as tasks.

export function alertCommands(program: Command): void {
  program
    .command('alert')
    .description('alerts that were raised')
    .command('list')
    .description('alerts, newest first: what was sent, when, and whether it arrived')
    .addOption(new Option('--kind <kind>', 'of one kind').choices(alertKinds))
    .option('--client <client>', 'of one client')
    .option('--destination <destination>', 'of one destination')
    .option('--since <date>', 'raised since: 2026-11-25, or an age: 2h, 7d', instant)
    .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
    .option('--after <alert>', 'continue after this alert (next page)', wholeNumber)
    .json()
    .examples('', 'relais alert list --since 24h', 'relais alert list --kind manual_task --json')
    .gateway(showAlerts);
}

type AlertOptions = TaskFilter &
  Given<'limit! after json'> & { readonly kind?: AlertKind; readonly since?: Moment };

async function showAlerts(app: App, options: AlertOptions): Promise<void> {
  const { kind, since, limit, after } = options;
  const now = app.database.now();
  const filter = { ...taskFilter(options), kind, ...(since === undefined ? {} : { since: since(now) }) };
  const asked = { limit, after };
  const { items: rows, next } = await alertsPage(app, wholeCentre, filter, asked);
  if (options.json === true)
    return outJson(
      rows.map((row) => ({ ...alertData(row), alert: row.id, sentAt: row.sentAt, closedAt: row.closedAt })),
    );
  tableOf(rows, {
    alert: (row) => row.task,
    raised: (row) => parisShort(row.raisedAt, now),
    kind: (row) => row.kind,
    client: (row) => row.client || '-',
    destination: (row) => row.destination || '-',
    delivery: (row) => (row.delivery === null ? '-' : String(row.delivery)),
    reason: (row) => reasonText(row.reason, 'en'),
    sent: (row) => (row.sentAt === null ? 'not yet' : parisShort(row.sentAt, now)),
    closed: (row) => (row.closedAt === null ? '' : paris(row.closedAt)),
  });
  if (rows.length === 0) say('None.');
  if (next !== undefined) say(`more: --after ${next}`);
}
