// relais delivery list | show, relais replay, relais cancel.
// Invariant: a replay is counted and confirmed before it starts, recorded with who and why, and kills no pending retry.
import { Option, type Command } from 'commander';
import { cancel, replay, replayPlan, replayRefusals, type ReplayAnswer } from '../delivery/replay.ts';
import { deliveryStates, reasonText, type DeliveryState } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import {
  eachDelivery,
  findDelivery,
  listDeliveries,
  type DeliveryFilter,
  type ListedDelivery,
} from '../store/support.ts';
import { tellStory } from './story.ts';
import { confirmed, instant, out, paris, reasonOf, say, table, wholeNumber, withApp } from './terminal.ts';

interface FilterOptions {
  readonly client?: string;
  readonly destination?: string;
  readonly state?: DeliveryState;
  readonly reason?: string;
  readonly cause?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly lead?: string;
}

function withFilters(command: Command, cause: string): Command {
  return command
    .option('--client <client>')
    .option('--destination <destination>')
    .addOption(new Option('--state <state>').choices(deliveryStates))
    .option(cause, 'reason code: refused, invalid, opt_in_missing, refused:programme_closed ...')
    .option('--since <date>', 'planned since: 2026-11-25, 2026-11-25T14:00, or an age: 2h, 7d', instant)
    .option('--until <date>', 'planned before', instant)
    .option('--lead <reference>', "the centre's reference of the lead");
}

function filterOf(options: FilterOptions, reason: string | undefined): DeliveryFilter {
  const { client, destination, state, since, until, lead } = options;
  return Object.fromEntries(
    Object.entries({ client, destination, state, since, until, lead, reason }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

export function deliveryCommands(program: Command): void {
  const delivery = program.command('delivery').description('find deliveries and read their story');

  withFilters(delivery.command('list'), '--reason <code>')
    .description('deliveries, newest first')
    .option('--limit <n>', 'rows', wholeNumber, 50)
    .option('--before <id>', 'older than this delivery (next page)', wholeNumber)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  relais delivery list --state failed --since 2h\n  relais delivery list --destination horizon-crm --state withheld --reason opt_in_missing',
    )
    .action((options: FilterOptions & { limit: number; before?: number; json?: boolean }) =>
      withApp(async ({ database }) => {
        const rows = await listDeliveries(
          database,
          filterOf(options, options.reason),
          options.limit,
          options.before,
        );
        if (options.json === true) return rows.forEach((row) => out(JSON.stringify(plain(row))));
        table(
          [
            'delivery',
            'destination',
            'action',
            'lead',
            'state',
            'reason',
            'tries',
            'planned',
            'due or settled',
          ],
          rows.map((row) => [
            String(row.id),
            row.destinationId,
            row.action,
            row.leadReference,
            row.state,
            reasonText(row.reason) || row.reason,
            String(row.departures),
            paris(row.createdAt),
            paris(row.settledAt ?? row.dueAt),
          ]),
        );
        if (rows.length === options.limit) say(`more: --before ${rows.at(-1)?.id ?? ''}`);
      }),
    );

  delivery
    .command('show <id>')
    .description('the whole story of one delivery, in plain words; id or key (webhook-id)')
    .addOption(new Option('--lang <lang>').choices(['fr', 'en']).default('fr'))
    .action((id: string, options: { lang: 'fr' | 'en' }) =>
      withApp(async ({ database }) => tellStory(database, await existing(database, id), options.lang)),
    );

  withFilters(program.command('replay [ids...]'), '--cause <code>')
    .description('send again: a new run for what has ended, a try brought forward for what waits')
    .option('--dry-run', 'say what would happen, do nothing')
    .option('--yes', 'do not ask')
    .option('--reason <text>', 'why (ticket number); written in the log')
    .addHelpText(
      'after',
      '\nConsent and authorisation are read again at departure. Pending retries are kept.\n\nExamples:\n  relais replay 4711 --reason "ticket 12"\n  relais replay --destination horizon-crm --state failed --cause invalid --since 1d --dry-run',
    )
    .action((ids: string[], options: FilterOptions & { dryRun?: boolean; yes?: boolean }) =>
      runReplay(ids, options),
    );

  program
    .command('cancel <ids...>')
    .description('end deliveries that are not being sent; the lead stays')
    .requiredOption('--reason <text>', 'why (ticket number)')
    .action((ids: string[], options: { reason: string }) =>
      withApp(async ({ database, config }) => {
        const wanted = ids.map(wholeNumber);
        const ended = await cancel(database, wanted, {
          actor: config.actor,
          reason: reasonOf(options.reason),
        });
        out(`${ended.length} of ${wanted.length} cancelled.`);
        const left = wanted.filter((id) => !ended.includes(id));
        if (left.length > 0)
          throw new RelaisError(
            'REPLAY-002',
            `Not cancelled, being sent or at their end already: ${left.join(', ')}.`,
          );
      }),
    );
}

async function existing(database: Parameters<typeof findDelivery>[0], id: string): Promise<ListedDelivery> {
  const found = await findDelivery(database, id);
  if (found === undefined) throw new RelaisError('FIND-001', `No delivery has the number or key ${id}.`);
  return found;
}

async function runReplay(
  ids: readonly string[],
  options: FilterOptions & { readonly dryRun?: boolean; readonly yes?: boolean },
): Promise<void> {
  const filter = filterOf(options, options.cause);
  if (ids.length > 0 && Object.keys(filter).length > 0)
    throw new RelaisError('USAGE-001', 'Give ids or filters, not both.');
  if (ids.length === 0 && Object.keys(filter).length === 0)
    throw new RelaisError(
      'USAGE-001',
      'Say what to replay: ids, or filters such as --destination and --state.',
    );
  const reason = options.dryRun === true ? '' : reasonOf(options.reason);
  await withApp(async (app) => {
    const rows: ListedDelivery[] = [];
    for (const id of ids) rows.push(await existing(app.database, id));
    if (ids.length === 0) for await (const page of eachDelivery(app.database, filter)) rows.push(...page);
    const plans = Map.groupBy(rows, (row) => replayPlan(row, row.leadErased));
    for (const [plan, group] of plans) out(`${String(group.length).padStart(6)}  ${planWords(plan)}`);
    if (options.dryRun === true) return;
    const going = rows.filter((row) => !(replayPlan(row, row.leadErased) in replayRefusals));
    if (going.length === 0) throw new RelaisError('REPLAY-001', 'Nothing can be replayed.');
    if (
      going.length > 1 &&
      !(await confirmed(
        `${going.length} deliveries will be replayed.`,
        String(going.length),
        options.yes === true,
      ))
    )
      return say('Nothing was replayed.');
    const answers = await replay(
      app,
      going.map((row) => row.id),
      { actor: app.config.actor, reason },
      (done) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${going.length}`);
      },
    );
    if (process.stderr.isTTY) process.stderr.write('\n');
    report(answers);
  });
}

function report(answers: readonly ReplayAnswer[]): void {
  const refused = answers.filter((one) => one.done === 'refused');
  out(`${answers.length - refused.length} replayed, ${refused.length} refused.`);
  for (const one of refused) out(`  ${one.id}: ${replayRefusals[one.why]}`);
  if (refused.length > 0) process.exitCode = 1;
}

const plannedWords: Readonly<Record<string, string>> = {
  new_run: 'get a new run',
  brought_forward: 'have their next try brought forward',
  looked_at_again: 'are withheld and will be looked at again',
};
const planWords = (plan: string): string =>
  plannedWords[plan] ?? `refused: ${(replayRefusals as Readonly<Record<string, string>>)[plan] ?? plan}`;

function plain(row: ListedDelivery): Record<string, unknown> {
  const {
    id,
    key,
    clientId,
    destinationId,
    leadReference,
    revision,
    action,
    state,
    reason,
    run,
    attempt,
    departures,
    createdAt,
    dueAt,
    settledAt,
  } = row;
  return {
    id,
    key,
    client: clientId,
    destination: destinationId,
    lead: leadReference,
    revision,
    action,
    state,
    reason,
    run,
    attempt,
    departures,
    createdAt,
    dueAt,
    settledAt,
  };
}
