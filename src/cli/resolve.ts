// relais delivery resolve: decides a delivery of unknown outcome.
// Invariant: one of two answers, with its evidence; both are entries of the log.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { resolve, waitsForDecision, type Resolution } from '../delivery/outcome/resolve.ts';
import { RelaisError } from '../errors.ts';
import { impersonal, withExamples } from './arguments.ts';
import { refuseNone, reportRefused, workAll } from './bulk-work.ts';
import {
  askedFilter,
  existingDelivery,
  refuseBoth,
  wantedDeliveries,
  withFilters,
  type FilterOptions,
} from './delivery-filter.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface ResolveOptions extends FilterOptions {
  readonly yes?: boolean;
  readonly received?: true;
  readonly notReceived?: true;
  readonly reference?: string;
  readonly evidence?: string;
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
    withFilters(
      delivery
        .command('resolve [delivery]')
        .description(
          'say what became of a delivery whose outcome is unknown, by number or key (webhook-id), or of many by filter',
        ),
    )
      .option('--received', 'the recipient has it')
      .option('--reference <reference>', "the recipient's own number of the record, with --received")
      .option('--not-received', 'the recipient does not have it: it is sent again')
      .option('--evidence <text>', 'what that rests on: a mail, a ticket; mandatory, names no person')
      .option('--yes', 'do not ask'),
    'For one that waits for a decision (unknown_hold), one of its calls, or one that ended while it may have arrived.\nA filter takes only those that wait for a decision.',
    'relais delivery resolve 4711 --received --reference C-10234 --evidence "mail of 2026-11-20, ticket 12"',
    'relais delivery resolve 4711 --not-received --evidence "call of 2026-11-20, ticket 12"',
    'relais delivery resolve --destination horizon-crm --since 2d --not-received --evidence "ticket 12: their list of 2026-11-20"',
  ).action((name: string | undefined, options: ResolveOptions) => resolveCommandOf(name, options));
}

async function resolveCommandOf(name: string | undefined, options: ResolveOptions): Promise<void> {
  const { received, notReceived, reference, evidence } = options;
  refuseBoth(name === undefined ? [] : [name], options, 'resolve');
  if ((received === true) === (notReceived === true))
    throw new RelaisError('USAGE-001', 'Say one of --received and --not-received.');
  if (reference !== undefined && (received !== true || name === undefined))
    throw new RelaisError('USAGE-001', '--reference goes with --received and the number of one delivery.');
  if (evidence === undefined || evidence.trim().length < 3)
    throw new RelaisError('USAGE-001', 'Say what this rests on: --evidence "mail of ..., ticket ...".');
  const written = impersonal(evidence.trim(), '--evidence');
  await withApp(async (app) => {
    if (name === undefined) return resolveMany(app, options, written);
    const row = await existingDelivery(app.database, name);
    const result = await resolve(app, row.id, {
      actor: app.config.actor,
      evidence: written,
      received: received === true,
      ...(reference === undefined ? {} : { reference }),
    });
    out(done[result]);
  });
}

async function resolveMany(app: App, options: ResolveOptions, evidence: string): Promise<void> {
  const rows = (await wantedDeliveries(app, [], options)).filter(waitsForDecision);
  refuseNone(rows);
  const received = options.received === true;
  const question = received
    ? `The recipient has ${rows.length} deliveries that wait for a decision.`
    : `${rows.length} deliveries that wait for a decision will be sent again.`;
  if (!(await confirmed(question, String(rows.length), options.yes === true)))
    return say('Nothing was resolved.');
  const run = await workAll(app, {
    order: { kind: 'resolve', received, evidence },
    filter: askedFilter(app, [], options),
    deliveries: rows,
    reason: evidence,
  });
  out(`${run.done} resolved, ${run.refused} refused.`);
  reportRefused(run);
}
