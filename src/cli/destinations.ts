// relais destination ...: lists, suspends, resumes, tests and backfills destinations.
// Invariant: a test sends no lead; every change is recorded with actor and reason.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import {
  resumeDestination,
  sendFileNow,
  suspendDestination,
  discardFile,
  releaseFile,
} from '../support/acts/destinations.ts';
import { countOfBackfill } from '../support/backfill.ts';
import { beginRun } from '../support/bulk-runs.ts';
import { destinationHeads, type DestinationHead } from '../support/reads/destinations.ts';
import { wholeCentre } from '../support/scope.ts';
import { performHere, refuseInput, withFields } from './act-options.ts';
import { instant, reasonOf, type Moment, withExamples } from './arguments.ts';
import { followRun, sayGoesOn } from './bulk-work.ts';
import { destinationTestCommand } from './destination-test.ts';
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
  for (const [act, name, text, told] of [
    [suspendDestination, 'suspend', 'stop sending; its leads wait, visibly', 'is suspended.'],
    [
      resumeDestination,
      'resume',
      'send again; also makes a held destination probe at once',
      'is active. One goes first; what else waits follows once that is accepted (relais destination list).',
    ],
  ] as const) {
    withExamples(
      withFields(destination.command(`${name} <destination>`).description(text), act),
      '',
      `relais destination ${name} horizon-crm --reason "ticket 13"`,
    ).action((id: string, options: object) => {
      refuseInput(act, options);
      return withApp(async (app) => {
        await performHere(app, act, { to: [id], input: options });
        out(`${id} ${told}`);
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
      const { database, config } = app;
      const since = options.since(database.now());
      const wanted = { destinationId: id, since };
      const counted = await countOfBackfill(database, wanted);
      if (reason === undefined) return out(`${counted} leads would be handed to the planner.`);
      const run = await beginRun(database, {
        order: { kind: 'backfill', ...wanted },
        by: { actor: config.actor, reason },
        filter: { destination: id, since },
        deliveries: [],
        counted,
      });
      sayGoesOn(run.id);
      const { done } = await followRun(app, run);
      out(
        `${done} leads handed to the planner; those the mapping accepts will be sent, a few at a time beside fresh ones.`,
      );
    });
  });
}

function sendFileCommand(destination: Command): void {
  withExamples(
    withFields(
      destination
        .command('send-file <destination>')
        .description('make a file of what waits now, instead of at the next scheduled hour'),
      sendFileNow,
    ),
    '',
    'relais destination send-file alpes-csv --reason "ticket 15"',
  ).action((id: string, options: object) => {
    refuseInput(sendFileNow, options);
    return withApp(async (app) => {
      await performHere(app, sendFileNow, { to: [id], input: options });
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
}: Pick<DestinationHead, 'status' | 'statusReason' | 'heldFile'>): string {
  const because = [
    ...(statusReason === '' ? [] : [statusReason]),
    ...(heldFile === null ? [] : [`file held: ${heldFile.rows} leads, ${heldFile.missing} missing`]),
  ];
  return because.length === 0 ? status : `${status} (${because.join('; ')})`;
}

/** relais destination release-file | discard-file: a person releases or gives up a full file withheld for missing leads. */
function heldFileCommands(destination: Command): void {
  for (const [name, act, text] of [
    ['release-file', releaseFile, 'let a full file that was held back leave all the same'],
    ['discard-file', discardFile, 'give up a full file that was held back; the next hour makes another'],
  ] as const) {
    withExamples(
      withFields(destination.command(`${name} <destination>`).description(text), act),
      '',
      `relais destination ${name} alpes-csv --reason "ticket 16"`,
    ).action((id: string, options: object) => {
      refuseInput(act, options);
      return withApp(async (app) => {
        const held = await performHere(app, act, { to: [id], input: options });
        out(
          act === releaseFile
            ? `A file of ${held.rows} leads or more leaves now, ${held.missing} of the last one's missing.`
            : 'Given up. Its leads stand in the file of the next hour, which is looked at in the same way.',
        );
      });
    });
  }
}
