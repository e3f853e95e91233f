// relais destination ...: lists, suspends, resumes, tests and backfills destinations.
// Invariant: a test sends no lead; every change is recorded with actor and reason.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import {
  backfillDestination,
  discardFile,
  releaseFile,
  resumeDestination,
  sendFileNow,
  suspendDestination,
} from '../support/acts/destinations.ts';
import { countOfBackfill } from '../support/backfill.ts';
import { destinationHeads, type DestinationHead } from '../support/reads/destinations.ts';
import { wholeCentre } from '../support/scope.ts';
import { offers, performHere, refuseInput, withFields } from './act-options.ts';
import { withExamples } from './arguments.ts';
import { followRun, sayGoesOn } from './bulk-work.ts';
import { destinationTestCommand } from './destination-test.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { table } from './table.ts';
import { out, withApp } from './terminal.ts';

export function destinationCommands(program: Command): void {
  const destination = program
    .command('destination')
    .description('the authorised ways out: list, suspend, resume, test, backfill, file now');

  withExamples(
    withJson(destination.command('list').description('every destination: mapping version, status, circuit')),
    '',
    'relais destination list',
  ).action((options: JsonOption) => withApp((app) => list(app, options.json === true)));

  destinationTestCommand(destination);
  backfillCommand(destination);
  plainCommands(destination);
}

/** The acts that are one command with the fields of their declaration. */
function plainCommands(destination: Command): void {
  for (const [act, name, text, done] of [
    [suspendDestination, 'suspend', 'stop sending; its leads wait, visibly', 'is suspended.'],
    [
      resumeDestination,
      'resume',
      'send again; also makes a held destination probe at once',
      'is active. One goes first; what else waits follows once that is accepted (relais destination list).',
    ],
  ] as const)
    offers(destination.command(`${name} <destination>`).description(text), act, {
      examples: [`relais destination ${name} horizon-crm --reason "ticket 13"`],
      told: (_, id) => `${id} ${done}`,
    });
  offers(
    destination
      .command('send-file <destination>')
      .description('make a file of what waits now, instead of at the next scheduled hour'),
    sendFileNow,
    {
      examples: ['relais destination send-file alpes-csv --reason "ticket 15"'],
      told: () => 'The file leaves within a second, if anything waits for it.',
    },
  );
  offers(
    destination
      .command('release-file <destination>')
      .description('let a full file that was held back leave all the same'),
    releaseFile,
    {
      examples: ['relais destination release-file alpes-csv --reason "ticket 16"'],
      told: ({ rows, missing }) =>
        `A file of ${rows} leads or more leaves now, ${missing} of the last one's missing.`,
    },
  );
  offers(
    destination
      .command('discard-file <destination>')
      .description('give up a full file that was held back; the next hour makes another'),
    discardFile,
    {
      examples: ['relais destination discard-file alpes-csv --reason "ticket 16"'],
      told: () =>
        'Given up. Its leads stand in the file of the next hour, which is looked at in the same way.',
    },
  );
}

interface BackfillOptions {
  readonly since?: string;
  readonly dryRun?: boolean;
}

function backfillCommand(destination: Command): void {
  withExamples(
    withFields(
      destination
        .command('backfill <destination>')
        .description('plan leads that were there before the destination')
        .option('--dry-run', 'count only'),
      backfillDestination,
    ),
    '',
    'relais destination backfill horizon-crm --since 2026-11-01 --dry-run',
    'relais destination backfill horizon-crm --since 30d --reason "ticket 14"',
  ).action((id: string, options: BackfillOptions) => {
    if (options.dryRun !== true) refuseInput(backfillDestination, options);
    return withApp(async (app) => {
      const { database } = app;
      if (options.dryRun === true) {
        const since = backfillDestination.fields.since.read(options.since, '--since', database.now());
        const counted = await countOfBackfill(database, { destinationId: id, since });
        return out(`${counted} leads would be handed to the planner.`);
      }
      const run = await performHere(app, backfillDestination, { to: [id], input: options });
      sayGoesOn(run.id);
      const { done } = await followRun(app, run);
      out(
        `${done} leads handed to the planner; those the mapping accepts will be sent, a few at a time beside fresh ones.`,
      );
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
}: Pick<DestinationHead, 'status' | 'statusReason' | 'heldFile'>): string {
  const because = [
    ...(statusReason === '' ? [] : [statusReason]),
    ...(heldFile === null ? [] : [`file held: ${heldFile.rows} leads, ${heldFile.missing} missing`]),
  ];
  return because.length === 0 ? status : `${status} (${because.join('; ')})`;
}
