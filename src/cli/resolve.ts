// relais delivery resolve: decides a delivery of unknown outcome.
// Invariant: one of two answers, with its evidence; both are entries of the log.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { allReceived, noneReceived, planBulk } from '../support/acts/bulk.ts';
import { deliveryNotReceived, deliveryReceived, type Resolution } from '../support/acts/deliveries.ts';
import { readFilter } from '../support/reads/filter.ts';
import { wholeCentre } from '../support/scope.ts';
import { performHere, refuseInput, withFields } from './act-options.ts';
import { withExamples } from './arguments.ts';
import { refuseNone, reportRefused, workAll } from './bulk-work.ts';
import { refuseBoth, withFilters, type FilterOptions } from './delivery-filter.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface ResolveOptions extends FilterOptions {
  readonly yes?: boolean;
  readonly received?: true;
  readonly notReceived?: true;
  readonly reference?: string;
}

const done: Readonly<Record<Resolution, string>> = {
  delivered: 'Delivered. Updates and erasures that waited for it leave now.',
  goes_on: 'This call is done; what is left of the delivery is its next calls (relais delivery show).',
  sent_again: 'It is sent again now, under the same key.',
  ended_unreceived:
    'Noted: the recipient does not have it. It stays at its end; relais replay sends it again.',
};

export function resolveCommand(delivery: Command): void {
  withExamples(
    withFields(
      withFilters(
        delivery
          .command('resolve [delivery]')
          .description(
            'say what became of a delivery whose outcome is unknown, by number or key (webhook-id), or of many by filter',
          ),
      )
        .option('--received', 'the recipient has it; with --reference, where it is one delivery')
        .option('--not-received', 'the recipient does not have it: it is sent again')
        .option('--yes', 'do not ask'),
      deliveryReceived,
    ),
    'For one that waits for a decision (unknown_hold), one of its calls, or one that ended while it may have arrived.\nA filter takes only those that wait for a decision.',
    'relais delivery resolve 4711 --received --reference C-10234 --evidence "mail of 2026-11-20, ticket 12"',
    'relais delivery resolve 4711 --not-received --evidence "call of 2026-11-20, ticket 12"',
    'relais delivery resolve --destination horizon-crm --since 2d --not-received --evidence "ticket 12: their list of 2026-11-20"',
  ).action((name: string | undefined, options: ResolveOptions) => resolveCommandOf(name, options));
}

async function resolveCommandOf(name: string | undefined, options: ResolveOptions): Promise<void> {
  const { received, notReceived, reference } = options;
  refuseBoth(name === undefined ? [] : [name], options, 'resolve');
  if ((received === true) === (notReceived === true))
    throw new RelaisError('USAGE-001', 'Say one of --received and --not-received.');
  if (reference !== undefined && (received !== true || name === undefined))
    throw new RelaisError('USAGE-001', '--reference goes with --received and the number of one delivery.');
  refuseInput(deliveryReceived, options);
  await withApp(async (app) => {
    if (name === undefined) return resolveMany(app, options);
    const asked = { to: [name], input: options };
    out(
      done[
        received === true
          ? await performHere(app, deliveryReceived, asked)
          : await performHere(app, deliveryNotReceived, asked)
      ],
    );
  });
}

async function resolveMany(app: App, options: ResolveOptions): Promise<void> {
  const received = options.received === true;
  const filter = readFilter(options, app.database.now());
  const kind = received ? 'received' : 'not_received';
  const { going } = await planBulk(app, wholeCentre, { kind, filter });
  refuseNone(going);
  const question = received
    ? `The recipient has ${going} deliveries that wait for a decision.`
    : `${going} deliveries that wait for a decision will be sent again.`;
  if (!(await confirmed(question, String(going), options.yes === true))) return say('Nothing was resolved.');
  const asked = { to: [], input: { ...options, filter: options, expected: going } };
  const run = await workAll(app, received ? allReceived : noneReceived, asked);
  out(`${run.done} resolved, ${run.refused} refused.`);
  reportRefused(run);
}
