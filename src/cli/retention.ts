// relais retention plan | run | list: plans deletions with dates and reasons, runs them now, and lists past runs.
// Invariant: the plan changes nothing; a lead is shown by the centre's reference, never the person.
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { addDays, addMonths, civilDate, isCivilDate } from '../domain/civil-date.ts';
import type { RetentionRule } from '../domain/retention.ts';
import { RelaisError } from '../errors.ts';
import type { Ending } from '../privacy/requests/let-go.ts';
import { planRetention, type PlannedDate, type RetentionPlan } from '../retention/plan.ts';
import { wholeCentre } from '../support/place.ts';
import { clientsMeant, isRunning, retentionRuns, type RetentionRun } from '../support/reads/retention.ts';
import { outJson, table, confirmed, out, say } from './terminal.ts';

type PlanOptions = Given<'client month until leads json'>;

export function retentionCommands(program: Command): void {
  const retention = program
    .command('retention')
    .description('how long leads are kept (C30 to C35): the calendar, and carrying it out');
  retention
    .command('plan')
    .description('what will be deleted or anonymised when, and why; twelve months ahead')
    .option('--client <client>', 'of one client')
    .option('--month <month>', 'of one month: 2027-03')
    .option('--until <date>', 'up to a day: 2027-06-30')
    .option('--leads', 'with the references of the leads')
    .json()
    .examples(
      'As things stand today: a new request of the person moves all of theirs, up to the cap of each.',
      'relais retention plan --client horizon --month 2027-03',
      'relais retention plan --until 2027-06-30 --leads',
    )
    .gateway(showPlan);
  retention
    .command('run')
    .description('delete and anonymise what is due now; the planner does so by itself once a day')
    .option('--client <client>', 'of one client')
    .option('--yes', 'do not ask')
    .examples(
      'May be interrupted: the rest is deleted by the next run, or by the running planner.',
      'relais retention run --client horizon',
    )
    .gateway(runNow);
  retention
    .command('list')
    .description('runs, newest first')
    .option('--client <client>', 'of one client')
    .json()
    .examples('', 'relais retention list --client horizon')
    .gateway(showRuns);
}

async function runNow(app: App, options: Given<'client yes'>): Promise<void> {
  const clients = await clientsMeant(app, wholeCentre, options.client);
  const today = civilDate(app.database.now());
  const { dates, requests } = await planRetention(app.database, clients, { until: today });
  const leads = dates.reduce((sum, line) => sum + line.leads, 0);
  const ended = requests.reduce((sum, line) => sum + line.requests, 0);
  if (leads + ended === 0 && !(await isRunning(app, wholeCentre))) return say('Nothing is due.');
  const question = `${leads} leads are due, and what is kept of ${ended} requests: relais retention plan --until ${today} shows them. This cannot be undone.`;
  if (!(await confirmed(question, String(leads > 0 ? leads : ended), options.yes === true)))
    return say('Nothing was changed.');
  for (const clientId of clients) {
    const run = await app.retention.finish(await app.retention.begin(clientId, app.config.actor));
    if (run !== undefined && run.found > 0) out(`${clientId}: ${countsText(run)}`);
  }
  await letRequestsGo(app, clients);
  const { waiting } = await planRetention(app.database, clients, { until: '1970-01-01' });
  tellWaiting(waiting);
}

async function letRequestsGo({ requests, config }: App, clients: readonly string[]): Promise<void> {
  const broken: number[] = [];
  const gone = await requests.letGo({
    actor: config.actor,
    clients,
    onBroken: (request) => void broken.push(request),
  });
  if (gone.demand + gone.request > 0)
    out(`Requests: ${gone.demand} demands destroyed, ${gone.request} requests removed.`);
  if (broken.length > 0) say(`An error of ours over request ${broken.join(', ')}: left as they were.`);
}

const countsText = ({ found, purged, anonymised, kept, state }: RetentionRun): string =>
  `${found} due, ${purged} deleted, ${anonymised} anonymised, ${kept} not due any more${state === 'done' ? '' : '; the rest follows'}.`;

async function showRuns(app: App, options: Given<'client json'>): Promise<void> {
  const runs = await retentionRuns(app, wholeCentre, options.client, 200);
  if (options.json === true) return outJson(runs);
  table(
    ['run', 'day', 'client', 'by', 'state', 'due', 'deleted', 'anonymised', 'kept', 'files'],
    runs.map((run) => [
      String(run.id),
      run.day,
      run.clientId,
      run.actor,
      run.state,
      ...[run.found, run.purged, run.anonymised, run.kept, run.proofFiles].map(String),
    ]),
  );
  if (runs.length === 0) say('None.');
}

async function showPlan(app: App, options: PlanOptions): Promise<void> {
  const today = civilDate(app.database.now());
  const period = periodOf(options, today);
  const plan = await planRetention(
    app.database,
    await clientsMeant(app, wholeCentre, options.client),
    period,
  );
  if (options.json === true) return outJson([...plan.dates, ...plan.requests]);
  const dayText = (on: string): string => (on < today ? `${on} (overdue)` : on);
  table(
    ['date', 'client', 'what', 'operation', 'leads', 'why'],
    plan.dates.map((line) => [
      dayText(line.on),
      line.clientId,
      line.how === 'purge' ? 'deleted' : 'anonymised',
      line.operation || '-',
      String(line.leads),
      whyText(line),
    ]),
  );
  for (const { on, clientId, what, requests } of plan.requests)
    out(`${dayText(on)}  ${clientId}  ${endingWords[what]}: ${requests}`);
  if (options.leads === true)
    for (const line of plan.dates) out(`${line.on} ${line.clientId}: ${line.references.join(', ')}`);
  tellBeside(plan, period);
}

function tellBeside(plan: RetentionPlan, { from, until }: Period): void {
  const leads = plan.dates.reduce((sum, line) => sum + line.leads, 0);
  say(
    leads === 0
      ? `Nothing is deleted ${from === undefined ? '' : `from ${from} `}until ${until}.`
      : `${leads} leads until ${until}.`,
  );
  const endMissing = plan.dates.filter((line) => line.endMissing > 0);
  for (const operation of new Set(
    endMissing.map((line) => `${line.operation || 'no operation'} of ${line.clientId}`),
  ))
    say(`One-off, and no end is recorded: ${operation} (relais operation record CODE --ends DATE).`);
  tellWaiting(plan.waiting);
}

function tellWaiting(waiting: RetentionPlan['waiting']): void {
  for (const { clientId, waitsFor, leads: count } of waiting)
    say(`Due and waiting at ${clientId}: ${count} (${waitingWords[waitsFor] ?? waitsFor}).`);
}

const waitingWords: Readonly<Record<string, string>> = {
  restricted: 'their person asked for a restriction of processing',
  under_way: 'a delivery of theirs is under way',
  right_open: 'a request of theirs is not carried out, or a recipient has still to be informed',
  broken: 'an error of ours over them: relais task list',
  proofs: 'the proofs of phone consent could not be handed to the client: RELAIS_PHONE_PROOFS_DIR',
};

const endingWords: Readonly<Record<Ending, string>> = {
  demand: 'demands of closed requests are destroyed',
  request: 'closed requests are removed',
};

const rules: Readonly<Record<RetentionRule, string>> = {
  operation_end: 'two months after the end of the operation (C30)',
  five_years: 'fifth 1 January after its collection (C32)',
  three_years: 'three years after the last voluntary sign (C33)',
  instruction: "the client's recorded delay (C31, C35)",
  contract_end: "the end of the client's contract (C55)",
};

const whyText = (line: PlannedDate): string =>
  `${rules[line.rule]}${line.long > 0 ? `; ${line.long} later than three years after the last sign` : ''}`;

type Period = ReturnType<typeof periodOf>;

function periodOf({ month, until }: PlanOptions, today: string) {
  if (month !== undefined && until !== undefined)
    throw new RelaisError('USAGE-001', 'Say --month or --until, not both.');
  if (until !== undefined) {
    if (!isCivilDate(until)) throw new RelaisError('USAGE-001', `"${until}" is not a date (2027-06-30).`);
    return { until };
  }
  if (month === undefined) return { until: addMonths(today, 12) };
  if (!isCivilDate(`${month}-01`)) throw new RelaisError('USAGE-001', `"${month}" is not a month (2027-03).`);
  const from = `${month}-01`;
  const last = addDays(addMonths(from, 1), -1);
  // Overdue data is deleted at the next run: in this month, if it is the present one.
  return today >= from && today <= last ? { until: last } : { from, until: last };
}
