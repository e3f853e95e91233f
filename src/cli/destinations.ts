// relais destination ...: lists, suspends, resumes, tests and backfills destinations.
// Invariant: a test sends no lead; every change is recorded with actor and reason.
import { type Command, offers, performHere, refuseInput, type Given } from './command.ts';
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
import { wholeCentre } from '../support/place.ts';
import { followRun, sayGoesOn } from './bulk.ts';
import { outJson, tableOf, out, withApp } from './terminal.ts';
import { connectorOf } from '../../connectors/index.ts';
import { RelaisError } from '../errors.ts';
import { testDestination } from '../support/destination-test.ts';
import { sendTestLead } from '../support/test-leads/send.ts';
import { existingDestination } from '../support/reads/filter.ts';

export function destinationCommands(program: Command): void {
  const destination = program
    .command('destination')
    .description('the authorised ways out: list, suspend, resume, test, backfill, file now');

  destination
    .command('list')
    .description('every destination: mapping version, status, circuit')
    .json()
    .examples('', 'relais destination list')
    .gateway((app, options: Given<'json'>) => list(app, options.json === true));

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
      'is active. One lead is sent first; the others follow once it is accepted (relais destination list).',
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

function backfillCommand(destination: Command): void {
  destination
    .command('backfill <destination>')
    .description('plan leads that were there before the destination')
    .option('--dry-run', 'count only')
    .fields(backfillDestination)
    .examples(
      '',
      'relais destination backfill horizon-crm --since 2026-11-01 --dry-run',
      'relais destination backfill horizon-crm --since 30d --reason "ticket 14"',
    )
    .action((id: string, options: Given<'since dryRun'>) => {
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
  tableOf(rows, {
    destination: (row) => row.destination,
    client: (row) => row.client,
    connector: (row) => row.connector,
    mapping: (row) => (row.mapping === null ? 'none' : `v${row.mapping}`),
    status: (row) => statusOf(row),
    circuit: (row) => (row.cause === '' ? row.circuit : `${row.circuit} (${row.cause})`),
    sends: (row) => row.sendsText,
  });
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

// relais destination test: tests the connection to a recipient, without a lead or with an invented one.
// Invariant: prints the findings of support, and nothing of its own.

function destinationTestCommand(destination: Command): void {
  destination
    .command('test <destination>')
    .description('reach the recipient without sending any lead: address, TLS, login')
    .option('--lead', 'send an invented lead, ask for it by our reference, compare its fields, remove it')
    .examples('', 'relais destination test horizon-crm', 'relais destination test horizon-crm --lead')
    .gateway((app, id: string, { lead }: { readonly lead?: true }) =>
      lead === true ? testWithLead(app, id) : test(app, id),
    );
}

async function testWithLead(app: App, id: string): Promise<void> {
  const destination = await existingDestination(app.database, id);
  const sent = await sendTestLead(app, { scope: wholeCentre, actor: app.config.actor }, id);
  await connectorOf(destination.connector)?.close?.();
  const { reference, outcome, reason, isTaken, isWhole, notes } = sent;
  for (const [, note] of notes) out(note);
  const code = reason === '' ? outcome : `${outcome} ${reason}`;
  if (!isTaken)
    throw new RelaisError('DEST-001', `${id} does not take the invented lead ${reference}: ${code}.`);
  if (!isWhole)
    throw new RelaisError('DEST-001', `${id} took the invented lead ${reference} and did not keep it whole.`);
  out(`${id} took the invented lead ${reference}: ${code}.`);
}

async function test(app: App, id: string): Promise<void> {
  const destination = await existingDestination(app.database, id);
  const { isReached, outcome, reason, durationMs, tried, notes } = await testDestination(app, destination);
  await connectorOf(destination.connector)?.close?.();
  if (isReached)
    return out(
      `${id} can be reached${durationMs === null ? '' : ` (${durationMs} ms)`}. ${tried[1]} No lead was sent.`.concat(
        notes.map(([, note]) => `\n${note}`).join(''),
      ),
    );
  for (const [, note] of notes) out(note);
  throw new RelaisError(
    'DEST-001',
    `${id} ${outcome === 'invalid' ? 'is not set up' : 'cannot be reached'}: ${outcome}${reason === '' ? '' : ` ${reason}`}. No lead was sent.`,
  );
}
