// relais alert list: lists alerts, their times and the delivery of their mails.
// Invariant: reads only; alerts that need a person are closed as tasks.
import { Option, type Command } from 'commander';
import type { App } from '../app.ts';
import { reasonText } from '../domain/delivery.ts';
import { alertKinds, type AlertKind } from '../domain/alert-kinds.ts';
import { alertsPage, type TaskFilter } from '../support/reads/tasks.ts';
import { wholeCentre } from '../support/scope.ts';
import { instant, listLength, wholeNumber, withExamples, type Moment } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { alertData, taskFilter } from './tasks.ts';
import { paris } from '../support/paris-time.ts';
import { parisShort, table } from './table.ts';
import { say, withApp } from './terminal.ts';

export function alertCommands(program: Command): void {
  withExamples(
    withJson(
      program
        .command('alert')
        .description('alerts that were raised')
        .command('list')
        .description('alerts, newest first: what was told, when, and whether it got through')
        .addOption(new Option('--kind <kind>', 'of one kind').choices(alertKinds))
        .option('--client <client>', 'of one client')
        .option('--destination <destination>', 'of one destination')
        .option('--since <date>', 'raised since: 2026-11-25, or an age: 2h, 7d', instant)
        .option('--limit <n>', 'rows, 1 to 1000', listLength, 50)
        .option('--after <alert>', 'continue after this alert (next page)', wholeNumber),
    ),
    '',
    'relais alert list --since 24h',
    'relais alert list --kind manual_task --json',
  ).action((options: AlertOptions) => withApp((app) => showAlerts(app, options)));
}

interface AlertOptions extends TaskFilter, JsonOption {
  readonly limit: number;
  readonly after?: number;
  readonly kind?: AlertKind;
  readonly since?: Moment;
}

async function showAlerts(app: App, options: AlertOptions): Promise<void> {
  const { kind, since, limit, after } = options;
  const now = app.database.now();
  const filter = {
    ...taskFilter(options),
    ...(kind === undefined ? {} : { kind }),
    ...(since === undefined ? {} : { since: since(now) }),
  };
  const asked = { limit, ...(after === undefined ? {} : { after }) };
  const { items: rows, next } = await alertsPage(app, wholeCentre, filter, asked);
  if (options.json === true)
    return outJson(
      rows.map((row) => ({ ...alertData(row), alert: row.id, sentAt: row.sentAt, closedAt: row.closedAt })),
    );
  table(
    ['alert', 'raised', 'kind', 'client', 'destination', 'delivery', 'reason', 'sent', 'closed'],
    rows.map((row) => [
      row.task,
      parisShort(row.raisedAt, now),
      row.kind,
      row.client || '-',
      row.destination || '-',
      row.delivery === null ? '-' : String(row.delivery),
      reasonText(row.reason, 'en'),
      row.sentAt === null ? 'not yet' : parisShort(row.sentAt, now),
      row.closedAt === null ? '' : paris(row.closedAt),
    ]),
  );
  if (rows.length === 0) say('None.');
  if (next !== undefined) say(`more: --after ${next}`);
}
