// relais delivery resolve: support says what became of a delivery of unknown outcome.
// Invariant: one of two answers, with its evidence; both are entries of the log.
import type { Command } from 'commander';
import { resolve, type Resolved } from '../delivery/attempt/resolve.ts';
import { RelaisError } from '../errors.ts';
import { impersonal, withExamples } from './arguments.ts';
import { existingDelivery } from './deliveries.ts';
import { out, withApp } from './terminal.ts';

interface ResolveOptions {
  readonly received?: true;
  readonly notReceived?: true;
  readonly reference?: string;
  readonly evidence?: string;
}

const done: Readonly<Record<Resolved, string>> = {
  delivered: 'Delivered. Updates and erasures that waited for it leave now.',
  goes_on: 'This call is done; what is left of the delivery is its next calls (relais delivery show).',
  sent_again: 'It is sent again now, under the same key.',
  ended_unreceived:
    'Noted: the recipient does not have it. It stays at its end; relais replay sends it again.',
};

export function resolveCommand(delivery: Command): void {
  withExamples(
    delivery
      .command('resolve <delivery>')
      .description('say what became of a delivery whose outcome is unknown; number or key (webhook-id)')
      .option('--received', 'the recipient has it')
      .option('--reference <reference>', "the recipient's own number of the record, with --received")
      .option('--not-received', 'the recipient does not have it: it is sent again')
      .option('--evidence <text>', 'what that rests on: a mail, a ticket; mandatory, names no person'),
    'For one that waits for a decision (unknown_hold), one of its calls, or one that ended while it may have arrived.',
    'relais delivery resolve 4711 --received --reference C-10234 --evidence "mail of 2026-11-20, ticket 12"',
    'relais delivery resolve 4711 --not-received --evidence "call of 2026-11-20, ticket 12"',
  ).action((name: string, options: ResolveOptions) => run(name, options));
}

async function run(name: string, options: ResolveOptions): Promise<void> {
  const { received, notReceived, reference, evidence } = options;
  if ((received === true) === (notReceived === true))
    throw new RelaisError('USAGE-001', 'Say one of --received and --not-received.');
  if (reference !== undefined && received !== true)
    throw new RelaisError('USAGE-001', '--reference goes with --received.');
  if (evidence === undefined || evidence.trim().length < 3)
    throw new RelaisError('USAGE-001', 'Say what this rests on: --evidence "mail of ..., ticket ...".');
  const written = impersonal(evidence.trim(), '--evidence');
  await withApp(async (app) => {
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
