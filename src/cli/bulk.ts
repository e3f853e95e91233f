// relais bulk list | show | resume | cancel: manages bulk runs, whichever process works them.
// Invariant: cancelling undoes nothing; it is recorded with actor and reason.
import { Option, type Command } from 'commander';
import { cancelRunAct } from '../support/acts/bulk.ts';
import { readRun, resumeRun, type BulkRow } from '../support/bulk-runs.ts';
import { bulkRows, bulkStates, type BulkState } from '../support/reads/bulk-runs.ts';
import type { Language } from '../support/words.ts';
import { performHere, refuseInput, withFields } from './act-options.ts';
import { listLength, wholeNumber, withExamples } from './arguments.ts';
import { printRun } from './bulk-show.ts';
import { followRun } from './bulk-work.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { parisShort, table } from './table.ts';
import { out, say, withApp } from './terminal.ts';

interface ListOptions extends JsonOption {
  readonly state?: BulkState;
  readonly limit: number;
  readonly after?: number;
}

interface LanguageOption {
  readonly lang: Language;
}
const inEither = (): Option => new Option('--lang <lang>', 'language').choices(['fr', 'en']).default('fr');

export function bulkCommands(program: Command): void {
  const bulk = program
    .command('bulk')
    .description('work on many deliveries: replays, cancellations, closings, backfills');
  listCommand(bulk);

  withExamples(
    withJson(
      bulk
        .command('show <run>')
        .description('what a run was asked, how far it is, what it refused')
        .addOption(inEither()),
    ),
    '',
    'relais bulk show 12',
  ).action((name: string, options: LanguageOption & JsonOption) => {
    const id = wholeNumber(name);
    return withApp(async ({ database }) => {
      const run = await readRun(database, id);
      if (options.json === true) return outJson([runData(run)]);
      printRun(run, options.lang);
    });
  });

  withExamples(
    bulk
      .command('resume <run>')
      .description('work a run from here, where no planner does, or watch the process that works it')
      .addOption(inEither()),
    '',
    'relais bulk resume 12',
  ).action((name: string, { lang }: LanguageOption) => {
    const id = wholeNumber(name);
    return withApp(async (app) => printRun(await followRun(app, await resumeRun(app.database, id)), lang));
  });

  withExamples(
    withFields(
      bulk.command('cancel <run>').description('stop a run where it stands; what it has done stays done'),
      cancelRunAct,
    ),
    '',
    'relais bulk cancel 12 --reason "ticket 14: wrong destination"',
  ).action((name: string, options: object) => {
    const id = wholeNumber(name);
    refuseInput(cancelRunAct, options);
    return withApp(async (app) => {
      const run = await performHere(app, cancelRunAct, { to: [name], input: options });
      out(`Bulk run ${id} is cancelled: ${run.done} of ${run.counted} done, ${run.refused} refused.`);
    });
  });
}

function listCommand(bulk: Command): void {
  withExamples(
    withJson(
      bulk
        .command('list')
        .description('runs, newest first')
        .addOption(new Option('--state <state>', 'in one state').choices(bulkStates))
        .option('--limit <n>', 'rows, 1 to 1000', listLength, 20)
        .option('--after <run>', 'continue after this run (next page)', wholeNumber),
    ),
    '',
    'relais bulk list --state running',
  ).action((options: ListOptions) =>
    withApp(async (app) => {
      const { state, limit, after } = options;
      const { items: runs, next } = await bulkRows(app, state === undefined ? {} : { state }, {
        limit,
        ...(after === undefined ? {} : { after }),
      });
      if (options.json === true) return outJson(runs.map(runData));
      const now = app.database.now();
      table(
        ['id', 'kind', 'state', 'of', 'done', 'refused', 'begun', 'by', 'reason'],
        runs.map((run) => [
          String(run.id),
          run.kind,
          run.failures > 0 ? `${run.state}, failing` : run.state,
          String(run.counted),
          String(run.done),
          String(run.refused),
          parisShort(run.createdAt, now),
          run.actor,
          run.reason,
        ]),
      );
      if (runs.length === 0) say('None.');
      if (next !== undefined) say(`more: --after ${next}`);
    }),
  );
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
