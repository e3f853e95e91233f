// relais cancel: cancels deliveries that are not being sent.
// Invariant: recorded with actor and reason; a right without a notice to its recipient is named.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import type { ListedDelivery } from '../store/delivery-lists.ts';
import { isCancellable } from '../support/cancel.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { countOf, idsOf, refuseNone, workAll } from './bulk-work.ts';
import {
  askedFilter,
  refuseBoth,
  wantedDeliveries,
  withFilters,
  type FilterOptions,
} from './delivery-filter.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface CancelOptions extends FilterOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
}

export function cancelCommands(program: Command): void {
  withExamples(
    withFilters(
      program
        .command('cancel [deliveries...]')
        .description('end deliveries that are not being sent; the lead stays'),
    )
      .option('--dry-run', 'count by filter, do nothing')
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'why (ticket number); mandatory'),
    '',
    'relais cancel 4711 4712 --reason "ticket 12"',
    'relais cancel --destination horizon-crm --state waiting --dry-run',
    'relais cancel --destination horizon-crm --state waiting --reason "ticket 12"',
  ).action((names: readonly string[], options: CancelOptions) => cancelCommand(names, options));
}

async function cancelCommand(names: readonly string[], options: CancelOptions): Promise<void> {
  refuseBoth(names, options, 'cancel');
  const isDry = options.dryRun === true;
  const reason = isDry ? '' : reasonOf(options.reason);
  await withApp(async (app) => {
    const rows = await wantedDeliveries(app, names, options);
    refuseNone(rows);
    const going = rows.filter(isCancellable);
    if (isDry || names.length === 0) {
      out(`${String(going.length).padStart(6)}  end`);
      if (going.length < rows.length)
        out(`${String(rows.length - going.length).padStart(6)}  stay: being sent, or at their end already`);
    }
    if (isDry) return;
    if (names.length > 0) return work(app, names, rows, { ...options, reason });
    if (going.length === 0) throw new RelaisError('REPLAY-002', 'Nothing can be cancelled.');
    const question = `${going.length} deliveries will be cancelled.`;
    if (!(await confirmed(question, String(going.length), options.yes === true)))
      return say('Nothing was cancelled.');
    return work(app, names, going, { ...options, reason });
  });
}

async function work(
  app: App,
  names: readonly string[],
  deliveries: readonly ListedDelivery[],
  options: CancelOptions & { readonly reason: string },
): Promise<void> {
  const run = await workAll(app, {
    order: { kind: 'cancel' },
    filter: askedFilter(app, names, options),
    deliveries,
    reason: options.reason,
  });
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
