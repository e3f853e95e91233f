// relais bulk list | show | resume | cancel: manages bulk runs, and works one to its end for a command.
// Invariant: cancelling undoes nothing; it is recorded with actor and reason.
import { Option } from 'commander';
import { type Command, performHere, refuseInput, type Given } from './command.ts';
import { wholeCentre } from '../support/place.ts';
import { cancelRunAct } from '../support/acts/bulk.ts';
import { readRun, resumeRun, workRun, type BulkRow } from '../support/bulk-runs.ts';
import { bulkRows, bulkStates, type BulkState, type BulkRunHead } from '../support/reads/bulk-runs.ts';
import { inLanguage, paris, type Language, type Both } from '../support/words.ts';
import { listLength, wholeNumber } from './arguments.ts';
import { outJson, parisShort, tableOf, out, say, withApp, strong, progress } from './terminal.ts';
import { numbered } from '../domain/counted.ts';
import { doneWords, isRefusal, kindWords, refusalWords, type BulkDone } from '../support/bulk-steps.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import type { Act, Asked } from '../support/acts/act.ts';

type ListOptions = Given<'limit! after json'> & { readonly state?: BulkState };

const inEither = (): Option => new Option('--lang <lang>', 'language').choices(['fr', 'en']).default('fr');

export function bulkCommands(program: Command): void {
  const bulk = program
    .command('bulk')
    .description('work on many deliveries: replays, cancellations, closings, backfills');
  listCommand(bulk);

  bulk
    .command('show <run>')
    .description('what a run was asked, how far it is, what it refused')
    .addOption(inEither())
    .json()
    .examples('', 'relais bulk show 12')
    .action((name: string, options: Given<'lang! json'>) => {
      const id = wholeNumber(name);
      return withApp(async ({ database }) => {
        const run = await readRun(database, id);
        if (options.json === true) return outJson([runData(run)]);
        printRun(run, options.lang);
      });
    });

  bulk
    .command('resume <run>')
    .description('work a run from here, where no planner does, or watch the process that works it')
    .addOption(inEither())
    .examples('', 'relais bulk resume 12')
    .action((name: string, { lang }: Given<'lang!'>) => {
      const id = wholeNumber(name);
      return withApp(async (app) => printRun(await followRun(app, await resumeRun(app.database, id)), lang));
    });

  bulk
    .command('cancel <run>')
    .description('stop a run where it is; what it has done stays done')
    .fields(cancelRunAct)
    .examples('', 'relais bulk cancel 12 --reason "ticket 14: wrong destination"')
    .action((name: string, options: object) => {
      const id = wholeNumber(name);
      refuseInput(cancelRunAct, options);
      return withApp(async (app) => {
        const run = await performHere(app, cancelRunAct, { to: [name], input: options });
        out(`Bulk run ${id} is cancelled: ${run.done} of ${run.counted} done, ${run.refused} refused.`);
      });
    });
}

function listCommand(bulk: Command): void {
  bulk
    .command('list')
    .description('runs, newest first')
    .addOption(new Option('--state <state>', 'in one state').choices(bulkStates))
    .option('--limit <n>', 'rows, 1 to 1000', listLength, 20)
    .option('--after <run>', 'continue after this run (next page)', wholeNumber)
    .json()
    .examples('', 'relais bulk list --state running')
    .gateway(async (app, options: ListOptions) => {
      const { state, limit, after } = options;
      const { items: runs, next } = await bulkRows(app, wholeCentre, state === undefined ? {} : { state }, {
        limit,
        after,
      });
      if (options.json === true) return outJson(runs.map(runData));
      const now = app.database.now();
      tableOf(runs, {
        id: (run) => String(run.id),
        kind: (run) => run.kind,
        state: (run) => (run.failures > 0 ? `${run.state}, failing` : run.state),
        of: (run) => String(run.counted),
        done: (run) => String(run.done),
        refused: (run) => String(run.refused),
        begun: (run) => parisShort(run.createdAt, now),
        by: (run) => run.actor,
        reason: (run) => run.reason,
      });
      if (runs.length === 0) say('None.');
      if (next !== undefined) say(`more: --after ${next}`);
    });
}

const runData = (run: BulkRow): object => ({
  id: run.id,
  kind: run.kind,
  state: run.state,
  filter: JSON.parse(run.filter) as unknown,
  options: JSON.parse(run.options) as unknown,
  actor: run.actor,
  reason: run.reason,
  counted: run.counted,
  done: run.done,
  refused: run.refused,
  results: run.results,
  inWork: run.isLeased,
  failures: run.failures,
  failure: run.failure || null,
  cancelledBy: run.cancelledBy || null,
  cancelReason: run.cancelReason || null,
  createdAt: run.createdAt,
  updatedAt: run.updatedAt,
  endedAt: run.endedAt,
});

// Prints one bulk run: order, progress, results and refusals. French first.
// Invariant: deliveries that need a person are named by their numbers; the others are counted.

const stateWords: Readonly<Record<BulkRow['state'], Both>> = {
  running: ['en cours', 'running'],
  paused: ['en pause', 'paused'],
  done: ['terminé', 'done'],
  cancelled: ['arrêté', 'cancelled'],
};

function printRun(run: BulkRow, language: Language): void {
  const say = (...both: Both): string => inLanguage(both, language);
  const line = (label: Both, text: string): void => out(`  ${inLanguage(label, language).padEnd(11)}${text}`);
  const { counted, done, refused } = run;
  const title = `${inLanguage(kindWords[run.kind], language)}, ${inLanguage(stateWords[run.state], language)}`;
  out(strong(say(`Traitement groupé ${run.id} : ${title}`, `Bulk run ${run.id}: ${title}`)));
  line(['demandé par', 'asked by'], say(`${run.actor} : ${run.reason}`, `${run.actor}: ${run.reason}`));
  line(['pour', 'for'], `${run.filter}${run.options === '{}' ? '' : ` ${run.options}`}`);
  line(['commencé', 'begun'], paris(run.createdAt));
  line(
    ['avancement', 'progress'],
    say(
      `${done + refused} sur ${counted} : ${done} ${done < 2 ? 'faite' : 'faites'}, ${refused} ${refused < 2 ? 'refusée' : 'refusées'}`,
      `${done + refused} of ${counted}: ${done} done, ${refused} refused`,
    ),
  );
  if (run.state === 'running') {
    line(['maintenant', 'now'], inLanguage(nowWords(run), language));
    if (run.failures > 0) line(['en échec', 'failing'], inLanguage(failingWords(run), language));
  } else if (run.state === 'paused') line(['maintenant', 'now'], inLanguage(pausedWords, language));
  else line(['fini', 'ended'], paris(run.endedAt));
  if (run.state === 'cancelled') {
    const { cancelledBy, cancelReason } = run;
    line(
      ['arrêté', 'cancelled'],
      say(`par ${cancelledBy} : ${cancelReason}`, `by ${cancelledBy}: ${cancelReason}`),
    );
  }
  for (const [result, { count, ids }] of Object.entries(run.results))
    out(`  ${String(count).padStart(6)}  ${wordsOf(result, count, language)}${idsText(result, ids, count)}`);
}

const pausedWords: Both = [
  'il attend qu’on le reprenne : relais bulk resume',
  'it waits to be resumed: relais bulk resume',
];

function nowWords({ isLeased, updatedAt }: BulkRow): Both {
  const when = paris(updatedAt);
  return isLeased
    ? [
        `un processus y travaille ; pris pour la dernière fois le ${when}`,
        `a process has it in work; last taken ${when}`,
      ]
    : [
        `attend un planificateur, ou relais bulk resume ; pris pour la dernière fois le ${when}`,
        `it waits for a planner, or relais bulk resume; last taken ${when}`,
      ];
}

const failingWords = ({ failures, failure }: BulkRow): Both => [
  `${failures} étapes de suite, la dernière par ${failure} ; il est relancé toutes les dix secondes`,
  `${failures} steps in a row, the last with ${failure}; it is taken up every ten seconds`,
];

function wordsOf(result: string, count: number, language: Language): string {
  if (isRefusal(result)) {
    const refused = numbered(count, [
      ['refusée : ', 'refused: '],
      ['refusées : ', 'refused: '],
    ]);
    return `${inLanguage(refused, language)}${inLanguage(refusalWords[result], language)}`;
  }
  return isDone(result) ? inLanguage(numbered(count, doneWords[result]), language) : result;
}

const isDone = (result: string): result is BulkDone => result in doneWords;

/** Only for results that a person has to review. */
const idsText = (result: string, ids: readonly number[], count: number): string =>
  isRefusal(result) || result === 'passed_on_by_hand'
    ? ` (${ids.join(' ')}${count > ids.length ? ' ...' : ''})`
    : '';

// Works a bulk run from a command, with its progress and its results.
// Invariant: a command that dies loses no work: a planner finishes the run.

/** Refused deliveries named by a report; the others are counted. */
const mostNamed = 50;

/** Begins a run and works it to its end, counting on a terminal. */
export async function workAll<Input extends object>(
  app: App,
  act: Act<Input, BulkRunHead>,
  asked: Asked,
): Promise<BulkRow> {
  const { id } = await performHere(app, act, asked);
  // A few deliveries named one by one are done before anyone could read this.
  if (asked.to.length === 0) sayGoesOn(id);
  return followRun(app, { id, leaseToken: 0 });
}

export const sayGoesOn = (id: number): void =>
  say(
    `Bulk run ${id}: it continues if this command ends (relais bulk show ${id}); relais bulk cancel ${id} stops it.`,
  );

export async function followRun(app: App, run: Pick<BulkRow, 'id' | 'leaseToken'>): Promise<BulkRow> {
  const line = progress();
  const ended = await workRun(app, run, ({ done, refused, counted }) =>
    line.at(`${done + refused} of ${counted}`),
  );
  line.end();
  if (ended.state === 'cancelled') {
    process.exitCode = 1;
    say(`Cancelled by ${ended.cancelledBy}: ${ended.cancelReason}. Finished work stays done.`);
  }
  return ended;
}

export const countOf = ({ results }: BulkRow, result: string): number => results[result]?.count ?? 0;
export const idsOf = ({ results }: BulkRow, result: string): readonly number[] => results[result]?.ids ?? [];

/** Prints each refused delivery with its reason; exit code 1 where there is one. */
export function reportRefused(run: BulkRow): void {
  let named = 0;
  for (const [result, { ids }] of Object.entries(run.results)) {
    if (!isRefusal(result)) continue;
    for (const id of ids.slice(0, mostNamed - named)) out(`  ${id}: ${refusalWords[result][1]}`);
    named += Math.min(ids.length, mostNamed - named);
  }
  if (run.refused > named) out(`  ... and ${run.refused - named} more`);
  if (run.refused > 0) process.exitCode = 1;
}

/** @throws FIND-001 where a filter matched nothing */
export function refuseNone(matched: number): void {
  if (matched === 0) throw new RelaisError('FIND-001', 'No delivery matches.');
}
