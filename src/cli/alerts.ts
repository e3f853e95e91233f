// relais alert list: lists alerts, their times and the delivery of their mails.
// Invariant: reads only; alerts that need a person are closed as tasks.
import { Option, type Command } from 'commander';
import { reasonText } from '../domain/delivery.ts';
import { alertKinds, type AlertKind } from '../domain/alert-kinds.ts';
import type { ReadOnlySql } from '../store/database.ts';
import { listAlerts, type TaskFilter } from '../store/tasks.ts';
import { instant, listLength, wholeNumber, withExamples, type Moment } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { knownNames } from '../support/known-names.ts';
import { alertTask, taskFilter } from './tasks.ts';
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
  ).action((options: AlertOptions) =>
    withApp(({ reading, database }) => showAlerts(reading, options, database.now())),
  );
}

interface AlertOptions extends TaskFilter, JsonOption {
  readonly limit: number;
  readonly after?: number;
  readonly kind?: AlertKind;
  readonly since?: Moment;
}

async function showAlerts(sql: ReadOnlySql, options: AlertOptions, now: Date): Promise<void> {
  const { kind, since, limit } = options;
  await knownNames(sql, taskFilter(options));
  const filter = {
    ...taskFilter(options),
    ...(kind === undefined ? {} : { kind }),
    ...(since === undefined ? {} : { since: since(now) }),
  };
  const rows = await listAlerts(sql, filter, limit, options.after ?? Number.MAX_SAFE_INTEGER);
  if (options.json === true)
    return outJson(
      rows.map((row) => ({ ...alertTask(row), alert: row.id, sentAt: row.sentAt, closedAt: row.closedAt })),
    );
  table(
    ['alert', 'raised', 'kind', 'client', 'destination', 'delivery', 'reason', 'sent', 'closed'],
    rows.map((row) => [
      `A${row.id}`,
      parisShort(row.raisedAt, now),
      row.kind,
      row.clientId || '-',
      row.destinationId || '-',
      row.deliveryId > 0 ? String(row.deliveryId) : '-',
      reasonText(row.reason, 'en'),
      row.sentAt === null ? 'not yet' : parisShort(row.sentAt, now),
      row.closedAt === null ? '' : paris(row.closedAt),
    ]),
  );
  if (rows.length === 0) say('None.');
  if (rows.length === limit) say(`more: --after ${rows.at(-1)?.id ?? ''}`);
}
