// relais mapping test: runs the tests in the mapping files, one line each.
// Invariant: needs no database; exit code 1 when one fails or could not run.
import type { Command } from 'commander';
import { connectors } from '../../connectors/index.ts';
import { RelaisError } from '../errors.ts';
import type { MappingSources, Problem } from '../mapping/contract.ts';
import { concerns, loadMappings, namesOf } from '../mapping/load.ts';
import { formatProblem } from '../mapping/document/problems.ts';
import { didYouMean, suggest } from '../mapping/document/suggest.ts';
import { testReport } from '../mapping/tools/test-report.ts';
import { withExamples } from './arguments.ts';
import { shownPath } from './mapping-check.ts';
import { mappingsFolder, out, say, strong } from './terminal.ts';

interface TestOptions {
  readonly dir?: string;
  readonly json?: boolean;
}

export function mappingTestCommand(mapping: Command): void {
  withExamples(
    mapping
      .command('test [name]')
      .description('run the tests in the mapping files; name: a destination or a client')
      .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
      .option('--json', 'one JSON object a test'),
    'Every check runs them, too; here each is shown. Needs no database.',
    'relais mapping test',
    'relais mapping test horizon-crm',
  ).action((name: string | undefined, options: TestOptions) => {
    const folder = mappingsFolder(options.dir);
    const { destinations, unread } = chosen(folder, name);
    let [passed, failed] = [0, unread.length];
    for (const problem of unread) {
      const placed = { ...problem, file: shownPath(folder, problem.file) };
      out(options.json === true ? JSON.stringify({ ok: false, problems: [placed] }) : formatProblem(placed));
    }
    for (const sources of destinations) {
      const counts = options.json === true ? asLines(folder, sources) : shown(folder, sources);
      passed += counts.passed;
      failed += counts.failed;
    }
    say(`${passed} passed, ${failed} failed.`);
    if (failed > 0) process.exitCode = 1;
  });
}

function chosen(
  folder: string,
  name: string | undefined,
): { readonly destinations: readonly MappingSources[]; readonly unread: readonly Problem[] } {
  const loaded = loadMappings(folder);
  const destinations = loaded.destinations.filter(
    (destination) =>
      name === undefined || destination.destinationId === name || destination.clientId === name,
  );
  const errors = loaded.problems.filter((problem) => problem.severity === 'error');
  const unread = errors.filter(
    (problem) => name === undefined || destinations.some((sources) => concerns(problem, sources)),
  );
  if (destinations.length === 0 && (name !== undefined || unread.length === 0))
    throw new RelaisError(
      'FIND-001',
      [
        `No destination or client is called ${name ?? ''} in ${folder}.${didYouMean(suggest(name ?? '', namesOf(loaded.destinations)))}`,
        ...errors.map((error) => formatProblem({ ...error, file: shownPath(folder, error.file) })),
      ].join('\n'),
    );
  return { destinations, unread };
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

function shown(folder: string, sources: MappingSources): Counts {
  const report = testReport(sources, { connectors });
  out(strong(sources.destinationId));
  const tell = (problems: readonly Problem[]): void => {
    for (const problem of problems)
      out(`    ${formatProblem({ ...problem, file: shownPath(folder, problem.file) })}`);
  };
  if (!report.ok) {
    out('  ✕ the mapping has errors, its tests cannot run');
    tell(report.problems);
    return { passed: 0, failed: 1 };
  }
  if (report.runs.length === 0) out('  no tests');
  for (const run of report.runs) {
    out(`  ${run.problems.length === 0 ? '✓' : '✕'} ${run.name}`);
    tell(run.problems);
  }
  return countsOf(report.runs.map((run) => run.problems.length === 0));
}

function asLines(folder: string, sources: MappingSources): Counts {
  const report = testReport(sources, { connectors });
  const { destinationId } = sources;
  const placed = (problems: readonly Problem[]): readonly Problem[] =>
    problems.map((problem) => ({ ...problem, file: shownPath(folder, problem.file) }));
  if (!report.ok) {
    out(JSON.stringify({ destination: destinationId, ok: false, problems: placed(report.problems) }));
    return { passed: 0, failed: 1 };
  }
  for (const { name, line, problems } of report.runs) {
    const ok = problems.length === 0;
    out(JSON.stringify({ destination: destinationId, test: name, line, ok, problems: placed(problems) }));
  }
  return countsOf(report.runs.map((run) => run.problems.length === 0));
}

const countsOf = (good: readonly boolean[]): Counts => ({
  passed: good.filter(Boolean).length,
  failed: good.filter((passed) => !passed).length,
});
