// relais cancel: cancels deliveries that are not being sent.
// Invariant: recorded with actor and reason; a right without a notice to its recipient is named.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { cancelAll, planBulk, planWords } from '../support/acts/bulk.ts';
import { readFilter } from '../support/reads/filter.ts';
import { wholeCentre } from '../support/scope.ts';
import { refuseInput, withFields } from './act-options.ts';
import { withExamples } from './arguments.ts';
import { countOf, idsOf, refuseNone, workAll } from './bulk-work.ts';
import { refuseBoth, withFilters, type FilterOptions } from './delivery-filter.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface CancelOptions extends FilterOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function cancelCommands(program: Command): void {
  withExamples(
    withFields(
      withFilters(
        program
          .command('cancel [deliveries...]')
          .description('end deliveries that are not being sent; the lead stays'),
      )
        .option('--dry-run', 'count by filter, do nothing')
        .option('--yes', 'do not ask'),
      cancelAll,
    ),
    '',
    'relais cancel 4711 4712 --reason "ticket 12"',
    'relais cancel --destination horizon-crm --state waiting --dry-run',
    'relais cancel --destination horizon-crm --state waiting --reason "ticket 12"',
  ).action((names: readonly string[], options: CancelOptions) => cancelCommand(names, options));
}

async function cancelCommand(names: readonly string[], options: CancelOptions): Promise<void> {
  refuseBoth(names, options, 'cancel');
  const isDry = options.dryRun === true;
  if (!isDry) refuseInput(cancelAll, options);
  await withApp(async (app) => {
    const filter = readFilter(options, app.database.now());
    const plan = await planBulk(app, wholeCentre, { kind: 'cancel', filter, named: names });
    refuseNone(plan.matched);
    if (isDry || names.length === 0)
      for (const group of plan.groups)
        out(`${String(group.count).padStart(6)}  ${planWords(group.plan, 2)[1]}`);
    if (isDry) return;
    if (names.length === 0 && plan.going === 0)
      throw new RelaisError('REPLAY-002', 'Nothing can be cancelled.');
    const question = `${plan.going} deliveries will be cancelled.`;
    if (names.length === 0 && !(await confirmed(question, String(plan.going), options.yes === true)))
      return say('Nothing was cancelled.');
    return work(app, names, { ...options, filter: options, expected: plan.going });
  });
}

async function work(app: App, names: readonly string[], input: object): Promise<void> {
  const run = await workAll(app, cancelAll, { to: names, input });
  out(`${run.done} of ${run.counted} cancelled.`);
  const byHand = idsOf(run, 'passed_on_by_hand');
  if (byHand.length > 0)
    out(
      `A right of the person that the recipient has not heard; write to it, then \`relais task close\`: ${listOf(byHand, countOf(run, 'passed_on_by_hand'))}`,
    );
  if (run.refused > 0)
    throw new RelaisError(
      'REPLAY-002',
      `Not cancelled, being sent, at their end already, or opened again since they were counted: ${listOf([...idsOf(run, 'not_cancellable'), ...idsOf(run, 'moved_on')], run.refused)}.`,
    );
}

const listOf = (ids: readonly number[], count: number): string =>
  `${ids.join(', ')}${count > ids.length ? ` and ${count - ids.length} more` : ''}`;
