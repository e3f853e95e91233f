// relais replay: sends ended deliveries again, and brings waiting ones forward.
// Invariant: a replay is counted and confirmed before it starts, recorded with actor and reason, and cancels no pending retry.
import type { Command } from 'commander';
import { RelaisError } from '../errors.ts';
import { planBulk, planWords, replayAll, type PlanGroup } from '../support/acts/bulk.ts';
import type { ReplayHow } from '../support/acts/deliveries.ts';
import type { BulkRow } from '../support/bulk-runs.ts';
import { slowedDestinations } from '../support/reads/destinations.ts';
import { readFilter } from '../support/reads/filter.ts';
import { wholeCentre } from '../support/scope.ts';
import type { SendingState } from '../support/sending-state.ts';
import { refuseInput, withFields } from './act-options.ts';
import { withExamples } from './arguments.ts';
import { countOf, refuseNone, reportRefused, workAll } from './bulk-work.ts';
import { refuseBoth, withFilters, type FilterOptions } from './delivery-filter.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface ReplayOptions extends FilterOptions, Partial<ReplayHow> {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function replayCommands(program: Command): void {
  withExamples(
    withFields(
      withFilters(
        program
          .command('replay [deliveries...]')
          .description('send again: a new run for what has ended, a try brought forward for what waits'),
      )
        .option('--dry-run', 'say what would happen, do nothing')
        .option('--yes', 'do not ask'),
      replayAll,
    ),
    'Consent and authorisation are read again at departure. Pending retries are kept.',
    'relais replay 4711 --reason "ticket 12"',
    'relais replay --destination horizon-crm --state failed --cause invalid --since 1d --dry-run',
    'relais replay --destination horizon-crm --state failed --reason "ticket 13" --yes',
  ).action((names: readonly string[], options: ReplayOptions) => replayCommand(names, options));
}

async function replayCommand(names: readonly string[], options: ReplayOptions): Promise<void> {
  refuseBoth(names, options, 'replay');
  if (options.dryRun !== true) refuseInput(replayAll, options);
  await withApp(async (app) => {
    const filter = readFilter(options, app.database.now());
    const plan = await planBulk(app, wholeCentre, { ...options, kind: 'replay', filter, named: names });
    for (const group of plan.groups)
      out(
        `${String(group.count).padStart(6)}  ${group.isRefused ? 'refused: ' : ''}${planWords(group.plan, 2)[1]}`,
      );
    refuseNone(plan.matched);
    const slowed = await slowedDestinations(app, plan.destinations);
    for (const { destination, sending } of slowed)
      out(`        ${destination} ${sending.words[1]}; ${thenWords(destination)[sending.sends]}`);
    if (options.dryRun === true) return;
    const { going } = plan;
    if (going === 0) throw new RelaisError('REPLAY-001', 'Nothing can be replayed.');
    const question = `${going} deliveries will be replayed.`;
    const sure =
      (going === 1 && !plan.groups.some(isDoubtful)) ||
      (await confirmed(question, String(going), options.yes === true));
    if (!sure) return say('Nothing was replayed.');
    const input = { ...options, filter: options, expected: going };
    report(await workAll(app, replayAll, { to: names, input }));
    if (slowed.some(({ sending }) => sending.sends !== 'few'))
      say('Nothing leaves for a destination that is named above until it sends again.');
  });
}

const thenWords = (destination: string): Readonly<Record<SendingState['sends'], string>> => {
  const resumed = `what is replayed waits (relais destination resume ${destination})`;
  return {
    suspended: resumed,
    held: resumed,
    closed: 'what is replayed waits for the opening',
    quiet: 'what is replayed waits until then',
    few: 'what is replayed leaves in its turn',
  };
};

/** A replay without use, or one that sends twice: it is confirmed even for one delivery. */
const isDoubtful = ({ plan }: PlanGroup): boolean =>
  plan === 'delivered_again' || plan === 'unchanged' || plan === 'may_double';

function report(run: BulkRow): void {
  out(`${run.done} replayed, ${run.refused} refused.`);
  const renewed = countOf(run, 'new_run_new_key');
  if (renewed > 0)
    out(
      `${renewed} under a new Idempotency-Key (refused before, or lead or mapping changed since); webhook-id stays.`,
    );
  reportRefused(run);
}
