// relais status: shows running processes, backlogs with their age, held and suspended destinations.
// Invariant: reads only; an idle gateway and a stopped one look different.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { reasonText } from '../domain/delivery.ts';
import { withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { sayAge } from './read-side.ts';
import { paris } from '../support/paris-time.ts';
import { gatewayNow, type GatewayNow } from '../support/reads/status.ts';
import { age, table } from './table.ts';
import { out, strong, withApp } from './terminal.ts';

export function statusCommands(program: Command): void {
  withExamples(
    withJson(
      program
        .command('status')
        .description(
          'what runs and what waits where: processes, intake, deliveries by state, destinations, log',
        ),
    ),
    'Failures that were closed (`relais task close`) are not counted.',
    'relais status',
    'relais status --json',
  ).action((options: JsonOption) => withApp((app) => statusCommand(app, options.json === true)));
}

async function statusCommand(app: App, json: boolean): Promise<void> {
  const status = await gatewayNow(app);
  if (json) return outJson([asData(status)]);
  const { bulkRuns, destinations } = status;
  await sayAge(app.reading);
  const now = app.database.now();
  const waits = status.oldestIntake === undefined ? '' : `, the oldest for ${age(status.oldestIntake, now)}`;
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
  table(
    ['destination', 'state', 'reason', 'count', 'oldest', 'for'],
    status.deliveries.map((row) => [
      row.destination,
      row.state,
      reasonText(row.reason, 'en'),
      String(row.count),
      paris(row.oldest),
      ['delivered', 'failed', 'cancelled'].includes(row.state) ? '' : age(row.oldest, now),
    ]),
  );
  for (const { id, trouble } of destinations) if (trouble !== null) out(`\n${strong(id)} ${trouble[1]}`);
}

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
