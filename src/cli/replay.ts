// relais replay: sends ended deliveries again, and brings waiting ones forward.
// Invariant: a replay is counted and confirmed before it starts, recorded with actor and reason, and cancels no pending retry.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import type { BulkRow } from '../store/bulk-runs.ts';
import { findDestination, readStates } from '../store/destinations.ts';
import type { ListedDelivery } from '../store/delivery-lists.ts';
import { isReplayRefusal, replayPlans, replayRefusals, type ReplayPlan } from '../support/replay.ts';
import { publishedHours } from '../support/published-hours.ts';
import { sendingStateOf } from '../support/sending-state.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { countOf, refuseNone, reportRefused, workAll } from './bulk-work.ts';
import {
  askedFilter,
  refuseBoth,
  wantedDeliveries,
  withFilters,
  type FilterOptions,
} from './delivery-filter.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface ReplayOptions extends FilterOptions {
  readonly anew?: boolean;
  readonly acceptDoubles?: boolean;
  readonly again?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
}

export function replayCommands(program: Command): void {
  withExamples(
    withFilters(
      program
        .command('replay [deliveries...]')
        .description('send again: a new run for what has ended, a try brought forward for what waits'),
    )
      .option(
        '--anew',
        'what waits with the content of an earlier mapping is written by the one in force, under a new key',
      )
      .option(
        '--accept-doubles',
        'what the recipient may have already (unknown_hold) is sent all the same; the reason says why doubles are accepted',
      )
      .option(
        '--again',
        'sends once more what is delivered already, or never left under a mapping that has not changed',
      )
      .option('--dry-run', 'say what would happen, do nothing')
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'why (ticket number); mandatory, written in the log'),
    'Consent and authorisation are read again at departure. Pending retries are kept.',
    'relais replay 4711 --reason "ticket 12"',
    'relais replay --destination horizon-crm --state failed --cause invalid --since 1d --dry-run',
    'relais replay --destination horizon-crm --state failed --reason "ticket 13" --yes',
  ).action((names: readonly string[], options: ReplayOptions) => replayCommand(names, options));
}

async function replayCommand(names: readonly string[], options: ReplayOptions): Promise<void> {
  refuseBoth(names, options, 'replay');
  const reason = options.dryRun === true ? '' : reasonOf(options.reason);
  const how = {
    anew: options.anew === true,
    acceptDoubles: options.acceptDoubles === true,
    again: options.again === true,
  };
  await withApp(async (app) => {
    const rows = await wantedDeliveries(app, names, options);
    const plans = await replayPlans(app, rows, { ...how, named: names.length > 0 });
    const planOf = (row: ListedDelivery): ReplayPlan => plans.get(row.id) ?? 'not_found';
    for (const [plan, group] of Map.groupBy(rows, planOf))
      out(`${String(group.length).padStart(6)}  ${planWords(plan)}`);
    refuseNone(rows);
    const slowed = await slowedDestinations(app, rows);
    for (const { line } of slowed) out(line);
    if (options.dryRun === true) return;
    const going = rows.filter((row) => !isReplayRefusal(planOf(row)));
    if (going.length === 0) throw new RelaisError('REPLAY-001', 'Nothing can be replayed.');
    const question = `${going.length} deliveries will be replayed.`;
    const sure =
      (going.length === 1 && !going.some((row) => isDoubtful(planOf(row)))) ||
      (await confirmed(question, String(going.length), options.yes === true));
    if (!sure) return say('Nothing was replayed.');
    report(
      await workAll(app, {
        order: { kind: 'replay', ...how, named: names.length > 0 },
        filter: askedFilter(app, names, options),
        deliveries: going,
        reason,
      }),
    );
    if (slowed.some(({ waits }) => waits))
      say('Nothing leaves for a destination that is named above until it sends again.');
  });
}

interface Slowed {
  readonly line: string;
  /** True where a replayed delivery does not leave now. */
  readonly waits: boolean;
}

/** A line for each destination of these that does not send normally at the moment. */
async function slowedDestinations(app: App, rows: readonly ListedDelivery[]): Promise<readonly Slowed[]> {
  const ids = [...new Set(rows.map((row) => row.destinationId))];
  const states = await readStates(app.database, ids);
  const lines: Slowed[] = [];
  for (const id of ids) {
    const destination = await findDestination(app.database, id);
    const hours = await publishedHours(app, [destination]);
    const sending =
      destination === undefined ? undefined : sendingStateOf(destination, states.get(id), hours.get(id));
    if (sending === undefined) continue;
    const resumed = `what is replayed waits (relais destination resume ${id})`;
    const then = {
      suspended: resumed,
      held: resumed,
      closed: 'what is replayed waits for the opening',
      quiet: 'what is replayed waits until then',
      few: 'what is replayed leaves in its turn',
    }[sending.sends];
    lines.push({ line: `        ${id} ${sending.words[1]}; ${then}`, waits: sending.sends !== 'few' });
  }
  return lines;
}

/** A replay without use, or one that sends twice: it is confirmed even for one delivery. */
const isDoubtful = (plan: ReplayPlan): boolean =>
  plan === 'delivered_again' || plan === 'unchanged' || plan === 'may_double';

const plannedWords: Readonly<Record<string, string>> = {
  new_run: 'get a new run',
  delivered_again: 'are delivered already and are sent again',
  unchanged: 'get a new run, though the mapping has not changed since they failed',
  may_double: 'are sent, and their recipient may hold them twice',
  brought_forward: 'have their next try brought forward',
  looked_at_again: 'are withheld and will be looked at again',
};
const planWords = (plan: ReplayPlan): string =>
  isReplayRefusal(plan) ? `refused: ${replayRefusals[plan]}` : (plannedWords[plan] ?? plan);

function report(run: BulkRow): void {
  out(`${run.done} replayed, ${run.refused} refused.`);
  const renewed = countOf(run, 'new_run_new_key');
  if (renewed > 0)
    out(
      `${renewed} under a new Idempotency-Key (refused before, or lead or mapping changed since); webhook-id stays.`,
    );
  reportRefused(run);
}
