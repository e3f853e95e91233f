// relais replay | cancel | delivery resolve: sends deliveries again, ends waiting ones, decides unknown outcomes.
// Invariant: a replay is counted and confirmed before it starts, recorded with actor and reason, and cancels no pending retry.
import { type Command, refuseInput, performHere, type Given } from './command.ts';
import { RelaisError } from '../errors.ts';
import {
  deliveriesCounted,
  planBulk,
  planWords,
  replayAll,
  cancelAll,
  allReceived,
  noneReceived,
  type PlanGroup,
} from '../support/acts/bulk.ts';
import {
  deliveryNotReceived,
  deliveryReceived,
  type ReplayHow,
  type Resolution,
} from '../support/acts/deliveries.ts';
import { counted } from '../domain/counted.ts';
import type { BulkRow } from '../support/bulk-runs.ts';
import { slowedDestinations } from '../support/reads/destinations.ts';
import { readFilter } from '../support/reads/filter.ts';
import { wholeCentre } from '../support/place.ts';
import type { SendingState } from '../support/sending-state.ts';
import { refuseBoth, type FilterOptions } from './arguments.ts';
import { countOf, refuseNone, reportRefused, workAll, idsOf } from './bulk.ts';
import { confirmed, out, say, withApp } from './terminal.ts';
import type { App } from '../app.ts';

type ReplayOptions = FilterOptions & Partial<ReplayHow> & Given<'dryRun yes'>;

export function replayCommands(program: Command): void {
  program
    .command('replay [deliveries...]')
    .description('send again: a new run for what has ended, a try brought forward for what waits')
    .filters()
    .option('--dry-run', 'say what would happen, do nothing')
    .option('--yes', 'do not ask')
    .fields(replayAll)
    .examples(
      'Consent and authorisation are read again at departure. Pending retries are kept.',
      'relais replay 4711 --reason "ticket 12"',
      'relais replay --destination horizon-crm --state failed --cause invalid --since 1d --dry-run',
      'relais replay --destination horizon-crm --state failed --reason "ticket 13" --yes',
    )
    .action((names: readonly string[], options: ReplayOptions) => replayCommand(names, options));
}

async function replayCommand(names: readonly string[], options: ReplayOptions): Promise<void> {
  refuseBoth(names, options, 'replay');
  if (options.dryRun !== true) refuseInput(replayAll, options);
  await withApp(async (app) => {
    const filter = readFilter(options, app.database.now());
    const plan = await planBulk(app, wholeCentre, { ...options, kind: 'replay', filter, named: names });
    for (const group of plan.groups)
      out(
        `${String(group.count).padStart(6)}  ${group.isRefused ? 'refused: ' : ''}${planWords(group.plan, group.count)[1]}`,
      );
    refuseNone(plan.matched);
    const slowed = await slowedDestinations(app, wholeCentre, plan.destinations);
    for (const { destination, sending } of slowed)
      out(`        ${destination} ${sending.words[1]}; ${thenWords(destination)[sending.sends]}`);
    if (options.dryRun === true) return;
    const { going } = plan;
    if (going === 0) throw new RelaisError('REPLAY-001', 'Nothing can be replayed.');
    const question = `${counted(going, deliveriesCounted)[1]} will be replayed.`;
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

// relais cancel: cancels deliveries that are not being sent.
// Invariant: recorded with actor and reason; a right without a notice to its recipient is named.

type CancelOptions = FilterOptions & Given<'dryRun yes'>;

export function cancelCommands(program: Command): void {
  program
    .command('cancel [deliveries...]')
    .description('end deliveries that are not being sent; the lead stays')
    .filters()
    .option('--dry-run', 'count by filter, do nothing')
    .option('--yes', 'do not ask')
    .fields(cancelAll)
    .examples(
      '',
      'relais cancel 4711 4712 --reason "ticket 12"',
      'relais cancel --destination horizon-crm --state waiting --dry-run',
      'relais cancel --destination horizon-crm --state waiting --reason "ticket 12"',
    )
    .action((names: readonly string[], options: CancelOptions) => cancelCommand(names, options));
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
        out(`${String(group.count).padStart(6)}  ${planWords(group.plan, group.count)[1]}`);
    if (isDry) return;
    if (names.length === 0 && plan.going === 0)
      throw new RelaisError('REPLAY-002', 'Nothing can be cancelled.');
    const question = `${counted(plan.going, deliveriesCounted)[1]} will be cancelled.`;
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
  const away = idsOf(run, 'client_moved');
  if (away.length > 0)
    say(`Its client has moved to another installation: ${listOf(away, countOf(run, 'client_moved'))}.`);
  if (run.refused > 0)
    throw new RelaisError(
      'REPLAY-002',
      `Not cancelled, being sent, at their end already, or opened again since they were counted: ${listOf([...idsOf(run, 'not_cancellable'), ...idsOf(run, 'moved_on')], run.refused)}.`,
    );
}

const listOf = (ids: readonly number[], count: number): string =>
  `${ids.join(', ')}${count > ids.length ? ` and ${count - ids.length} more` : ''}`;

// relais delivery resolve: decides a delivery of unknown outcome.
// Invariant: one of two answers, with its evidence; both are entries of the log.

type ResolveOptions = FilterOptions & Given<'yes notReceived reference'> & { readonly received?: true };

const done: Readonly<Record<Resolution, string>> = {
  delivered: 'Delivered. Updates and erasures that waited for it leave now.',
  goes_on: 'This call is done; what is left of the delivery is its next calls (relais delivery show).',
  sent_again: 'It is sent again now, under the same key.',
  ended_unreceived:
    'Noted: the recipient does not have it. It stays at its end; relais replay sends it again.',
};

export function resolveCommand(delivery: Command): void {
  delivery
    .command('resolve [delivery]')
    .description(
      'say what became of a delivery whose outcome is unknown, by number or key (webhook-id), or of many by filter',
    )
    .filters()
    .option('--received', 'the recipient has it; with --reference, where it is one delivery')
    .option('--not-received', 'the recipient does not have it: it is sent again')
    .option('--yes', 'do not ask')
    .fields(deliveryReceived)
    .examples(
      'For one that waits for a decision (unknown_hold), one of its calls, or one that ended while it may have arrived.\nA filter takes only those that wait for a decision.',
      'relais delivery resolve 4711 --received --reference C-10234 --evidence "mail of 2026-11-20, ticket 12"',
      'relais delivery resolve 4711 --not-received --evidence "call of 2026-11-20, ticket 12"',
      'relais delivery resolve --destination horizon-crm --since 2d --not-received --evidence "ticket 12: their list of 2026-11-20"',
    )
    .action((name: string | undefined, options: ResolveOptions) => resolveCommandOf(name, options));
}

async function resolveCommandOf(name: string | undefined, options: ResolveOptions): Promise<void> {
  const { received, notReceived, reference } = options;
  refuseBoth(name === undefined ? [] : [name], options, 'resolve');
  if ((received === true) === (notReceived === true))
    throw new RelaisError('USAGE-001', 'Say one of --received and --not-received.');
  if (reference !== undefined && (received !== true || name === undefined))
    throw new RelaisError('USAGE-001', '--reference needs --received and the number of one delivery.');
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
