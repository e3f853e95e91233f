// relais destination ...: lists, suspends, resumes, tests and backfills destinations.
// Invariant: a test sends no lead; every change is recorded with actor and reason.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { sendFileNow } from '../support/acts/destinations.ts';
import { destinationHeads } from '../support/reads/destinations.ts';
import { wholeCentre } from '../support/scope.ts';
import { setDestinationStatus } from '../support/suspend.ts';
import type { Destination } from '../store/destinations.ts';
import type { HeldFile } from '../store/full-files.ts';
import { countBackfill } from '../store/support-leads.ts';
import { instant, reasonOf, type Moment, withExamples } from './arguments.ts';
import { workAll } from './bulk-work.ts';
import { existingDestination } from './destination-name.ts';
import { destinationTestCommand } from './destination-test.ts';
import { heldFileCommands } from './held-files.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { table } from './table.ts';
import { out, withApp } from './terminal.ts';

interface Why {
  readonly reason?: string;
}

const why = ['--reason <text>', 'why (ticket number); mandatory, written in the log'] as const;

export function destinationCommands(program: Command): void {
  const destination = program
    .command('destination')
    .description('the authorised ways out: list, suspend, resume, test, backfill, file now');

  withExamples(
    withJson(destination.command('list').description('every destination: mapping version, status, circuit')),
    '',
    'relais destination list',
  ).action((options: JsonOption) => withApp((app) => list(app, options.json === true)));

  statusCommands(destination);
  destinationTestCommand(destination);
  backfillCommand(destination);
  sendFileCommand(destination);
  heldFileCommands(destination);
}

function statusCommands(destination: Command): void {
  for (const [name, status, text] of [
    ['suspend', 'suspended', 'stop sending; its leads wait, visibly'],
    ['resume', 'active', 'send again; also makes a held destination probe at once'],
  ] as const) {
    withExamples(
      destination
        .command(`${name} <destination>`)
        .description(text)
        .option(...why),
      '',
      `relais destination ${name} horizon-crm --reason "ticket 13"`,
    ).action((id: string, options: Why) => {
      const reason = reasonOf(options.reason);
      return withApp(async ({ database, config }) => {
        await setDestinationStatus(database, id, status, { actor: config.actor, reason });
        out(
          status === 'active'
            ? `${id} is active. One goes first; what else waits follows once that is accepted (relais destination list).`
            : `${id} is ${status}.`,
        );
      });
    });
  }
}

function backfillCommand(destination: Command): void {
  withExamples(
    destination
      .command('backfill <destination>')
      .description('plan leads that were there before the destination')
      .requiredOption('--since <date>', 'leads created since: 2026-11-25 or an age such as 30d', instant)
      .option('--dry-run', 'count only')
      .option(...why),
    '',
    'relais destination backfill horizon-crm --since 2026-11-01 --dry-run',
    'relais destination backfill horizon-crm --since 30d --reason "ticket 14"',
  ).action((id: string, options: Why & { readonly since: Moment; readonly dryRun?: boolean }) => {
    const reason = options.dryRun === true ? undefined : reasonOf(options.reason);
    return withApp(async (app) => {
      const { database } = app;
      const { clientId } = await existingDestination(database, id);
      const since = options.since(database.now());
      if (reason === undefined) {
        const count = await countBackfill(database, clientId, id, since);
        return out(`${count} leads would be handed to the planner.`);
      }
      const counted = await countBackfill(database, clientId, id, since);
      const run = await workAll(app, {
        order: { kind: 'backfill', destinationId: id, since },
        filter: { destination: id, since },
        deliveries: [],
        counted,
        reason,
      });
      out(
        `${run.done} leads handed to the planner; those the mapping accepts will be sent, a few at a time beside fresh ones.`,
      );
    });
  });
}

function sendFileCommand(destination: Command): void {
  withExamples(
    destination
      .command('send-file <destination>')
      .description('make a file of what waits now, instead of at the next scheduled hour')
      .option(...why),
    '',
    'relais destination send-file alpes-csv --reason "ticket 15"',
  ).action((id: string, options: Why) => {
    const reason = reasonOf(options.reason);
    return withApp(async (app) => {
      await sendFileNow(app, { scope: wholeCentre, actor: app.config.actor }, id, { reason });
      out('The file leaves within a second, if anything waits for it.');
    });
  });
}

async function list(app: App, json: boolean): Promise<void> {
  const rows = await destinationHeads(app, wholeCentre);
  if (json) return outJson(rows.map(({ sendsFiles: _, ...row }) => row));
  table(
    ['destination', 'client', 'connector', 'mapping', 'status', 'circuit', 'sends'],
    rows.map((row) => [
      row.destination,
      row.client,
      row.connector,
      row.mapping === null ? 'none' : `v${row.mapping}`,
      statusOf(row),
      row.cause === '' ? row.circuit : `${row.circuit} (${row.cause})`,
      row.sendsText,
    ]),
  );
}

function statusOf({
  status,
  statusReason,
  heldFile,
}: Pick<Destination, 'status' | 'statusReason'> & { readonly heldFile: HeldFile | null }): string {
  const because = [
    ...(statusReason === '' ? [] : [statusReason]),
    ...(heldFile === null ? [] : [`file held: ${heldFile.rows} leads, ${heldFile.missing} missing`]),
  ];
  return because.length === 0 ? status : `${status} (${because.join('; ')})`;
}
