// Runs the tests of one file and reports each with its name and result.
// Invariant: the same tests, run the same way, as in every check.
import { checkSources, readWhole, type CheckOptions } from '../check.ts';
import type { MappingSources, Problem } from '../contract.ts';
import { isRecord, listAt, textAt } from '../document/yaml.ts';
import { createProblems } from '../document/problems.ts';
import { textOf } from '../fields/rendering.ts';
import { runTests } from './trials.ts';

export interface TestRun {
  readonly name: string;
  readonly line: number;
  /** Empty when it passed. */
  readonly problems: readonly Problem[];
}

export type TestReport =
  | { readonly ok: true; readonly runs: readonly TestRun[] }
  /** The mapping itself has errors: no test could run. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function testReport(sources: MappingSources, options: CheckOptions): TestReport {
  const checked = checkSources(sources, { ...options, tests: false });
  if (!checked.ok)
    return { ok: false, problems: checked.problems.filter((problem) => problem.severity === 'error') };
  const tree = readWhole(sources, createProblems());
  const tests = listAt(tree.value, 'tests');
  const folder = sources.main.slice(0, sources.main.lastIndexOf('/') + 1);
  const runs = tests.map((test, index): TestRun => {
    const problems = createProblems();
    const setting = { files: sources.files, folder, problems, report: problems.reportIn(tree) };
    // One at a time, at its own index.
    runTests(
      tests.map((candidate, at) => (at === index ? candidate : undefined)),
      checked.mapping,
      setting,
    );
    return { name: nameOf(test), line: tree.place(['tests', index]).line, problems: problems.all() };
  });
  return { ok: true, runs };
}

function nameOf(test: unknown): string {
  if (!isRecord(test)) return '?';
  const action = textAt(test, 'action');
  const lead = textAt(test, 'lead');
  if (lead !== undefined) {
    const outcome = textAt(test, 'withheld');
    return `${lead}${action === undefined ? '' : `, ${action}`}${outcome === undefined ? '' : ` → ${outcome}`}`;
  }
  const response = isRecord(test['response']) ? test['response'] : {};
  const on = textAt(test, 'on');
  return `answer ${textOf(response['status'])}${on === undefined ? '' : `, ${on}`} → ${textOf(test['outcome'])}`;
}
