// relais mapping test | coverage: runs the tests in the mapping files; lists the fields that a mapping leaves out.
// Invariant: needs no database; exit code 1 when one fails or could not run.
import type { Command, Given } from './command.ts';
import { connectors } from '../../connectors/index.ts';
import { RelaisError } from '../errors.ts';
import type { MappingSources, Problem } from '../mapping/contract.ts';
import { concerns, loadMappings, namesOf } from '../mapping/load.ts';
import { formatProblem } from '../mapping/document/problems.ts';
import { didYouMean, suggest } from '../mapping/document/suggest.ts';
import { testReport } from '../mapping/tools/check-folder.ts';
import { listLength } from './arguments.ts';
import { shownPath, chosenFile } from './mapping-check.ts';
import { mappingsFolder, out, say, strong, table, withApp, hostNow } from './terminal.ts';
import { wholeMapping } from '../mapping/check.ts';
import { coverageOf, type Coverage } from '../mapping/tools/coverage.ts';
import type { Lead } from '../domain/lead.ts';
import { newestLeads } from '../support/stored-leads.ts';

export function mappingTestCommand(mapping: Command): void {
  mapping
    .command('test [name]')
    .description('run the tests in the mapping files; name: a destination or a client')
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .option('--json', 'one JSON object a test')
    .examples(
      'Every check runs them, too; here each is shown. Needs no database.',
      'relais mapping test',
      'relais mapping test horizon-crm',
    )
    .action((name: string | undefined, options: Given<'dir json'>) => {
      const folder = mappingsFolder(options.dir);
      const { destinations, unread } = chosen(folder, name);
      let [passed, failed] = [0, unread.length];
      for (const problem of unread) {
        const placed = { ...problem, file: shownPath(folder, problem.file) };
        out(
          options.json === true ? JSON.stringify({ ok: false, problems: [placed] }) : formatProblem(placed),
        );
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

// relais mapping coverage: lists the fields that a mapping leaves out, by itself and over received leads.
// Invariant: counts of real leads, and values of no person's field; nothing to log.

type CoverageOptions = Given<'last dir json'>;

export function coverageCommand(mapping: Command): void {
  mapping
    .command('coverage <destination>')
    .description('fields never sent, values without an entry, consents, channels and interactions unused')
    .option(
      '--last <count>',
      'count over the newest leads of the destination, too (asks the database)',
      listLength,
    )
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .option('--json', 'as JSON')
    .examples(
      'Reads the file as it is, published or not.',
      'relais mapping coverage horizon-crm',
      'relais mapping coverage horizon-crm --last 200',
    )
    .action(async (destination: string, options: CoverageOptions) => {
      const { mapping: compiled, sources } = chosenFile(mappingsFolder(options.dir), destination);
      const { last } = options;
      const leads: readonly Lead[] =
        last === undefined ? [] : await withApp((app) => newestLeads(app.database, compiled, last));
      const found = coverageOf(wholeMapping(sources), compiled, leads, hostNow());
      if (options.json === true) return out(JSON.stringify(found));
      print(destination, found);
    });
}

function print(destination: string, found: Coverage): void {
  const counts = found.leads > 0;
  out(strong(`${destination}${counts ? `, over ${found.leads} leads` : ''}`));
  out(strong('\nNever sent'));
  if (found.never.length === 0) out('  nothing: every field of a lead is sent');
  else
    table(
      ['field', 'category', ...(counts ? ['leads'] : []), ''],
      found.never.map(({ path, category, decides, covered, leads }) => [
        path,
        category,
        ...(counts ? [String(leads)] : []),
        covered ? (decides ? 'only decides' : '') : 'not in the contract',
      ]),
    );
  out(strong('\nValues without an entry in their map'));
  if (found.maps.length === 0) out('  none');
  else
    table(
      ['field', 'from', 'without an entry', 'then', ...(counts ? ['came'] : [])],
      found.maps.map(({ field, source, missing, otherwise, seen }) => [
        field,
        source,
        missing.join(', ') || '-',
        otherwise,
        ...(counts ? [seen.map(({ value, count }) => `${value} ×${count}`).join(', ') || '-'] : []),
      ]),
    );
  if (found.unmapped.length > 0) {
    out(strong('\nSent in our own words'));
    table(
      ['field', 'from', 'values'],
      found.unmapped.map(({ field, source, values }) => [field, source, values.join(', ')]),
    );
  }
  printConsents(found, counts);
  out(strong('\nChannels'));
  for (const { channel, taken, leads } of found.channels)
    out(`  ${channel}: ${taken ? 'taken' : 'not taken'}${counts ? `, ${leads} leads` : ''}`);
  out(strong('\nInteractions'));
  if (!found.interactions.sent) out('  never sent');
  for (const { kind, written, count } of found.interactions.kinds)
    if (found.interactions.sent || count > 0)
      out(`  ${kind}${written === '' ? '' : `: ${written}`}${counts ? `, ${count} came` : ''}`);
}

function printConsents(found: Coverage, counts: boolean): void {
  out(strong('\nOpt-in'));
  table(
    ['purpose', 'channel', 'sent as', 'left out or held', ...(counts ? ['leads'] : [])],
    found.consents.map(({ purpose, channel, fields, silent, leads }) => [
      purpose,
      channel,
      fields.join(', ') || '-',
      silent.join(', ') || '-',
      ...(counts
        ? [
            Object.entries(leads)
              .map(([state, count]) => `${state} ${count}`)
              .join(', '),
          ]
        : []),
    ]),
  );
}
