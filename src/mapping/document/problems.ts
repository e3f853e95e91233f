// Collects the mistakes of a mapping, each at its line of its file.
// Invariant: a message states the mistake, the catalogue its remedy.
import type { Both } from '../../../connectors/contract.ts';
import type { Problem } from '../contract.ts';
import type { mappingProblems } from './problem-catalogue.ts';
import { suggest } from './suggest.ts';

export type ProblemCode = keyof typeof mappingProblems;

export type Path = readonly (string | number)[];

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A parsed file (or several merged) that knows the place of each of its values. */
export interface Tree {
  readonly value: unknown;
  /** Place of the value at a path, of its key, or of the deepest part that exists. */
  readonly place: (path: Path, what?: 'value' | 'key') => Place;
}

/** The mistake in French, then in English, from the same values. */
export type Message = Both;

export const inEnglish = ([, english]: Message): string => english;

/** Gives nothing, so that a compiler can report a mistake and give nothing in one line. */
type Add = (path: Path, code: ProblemCode, message: Message) => undefined;

interface More {
  readonly suggestion?: string | undefined;
  /** Placed at the key of the value. */
  readonly at?: 'key' | undefined;
}

export interface Report {
  readonly error: Add;
  readonly warn: Add;
  readonly with: (more: More) => Report;
  /** Places the problem at the key of the value. */
  readonly atKey: Report;
}

const reportBy = (
  add: (severity: Problem['severity'], more: More, ...problem: Parameters<Add>) => unknown,
  more: More = {},
): Report => ({
  error: (...problem) => void add('error', more, ...problem),
  warn: (...problem) => void add('warning', more, ...problem),
  with: (further) => reportBy(add, { ...more, ...further }),
  get atKey() {
    return reportBy(add, { ...more, at: 'key' });
  },
});

/** Suggests this word beside the problem. */
export const hinting = (report: Report, suggestion: string | undefined): Report =>
  report.with({ suggestion });

/** Suggests the known word nearest to the one written. */
export const near = (report: Report, written: unknown, known: readonly string[]): Report =>
  hinting(report, typeof written === 'string' ? suggest(written, known) : undefined);

/** A report for a part that is checked at another path. @param place gives the real path */
export const reportAt = (report: Report, place: (path: Path) => Path): Report =>
  reportBy((severity, more, path, ...rest) =>
    report.with(more)[severity === 'error' ? 'error' : 'warn'](place(path), ...rest),
  );

/** Collects problems, one per place, code and message. */
export function createProblems(): {
  readonly all: () => readonly Problem[];
  readonly add: (
    place: Place,
    severity: Problem['severity'],
    code: ProblemCode,
    message: Message,
    suggestion?: string,
  ) => void;
  readonly reportIn: (tree: Tree) => Report;
  /** Forgets the trees: compiled functions keep their report, and need no place in a file any more. Nothing is added by it afterwards. */
  readonly close: () => void;
} {
  const trees: Tree[] = [];
  const found = new Map<string, Problem>();
  const add = (
    place: Place,
    severity: Problem['severity'],
    code: ProblemCode,
    said: Message,
    suggestion?: string,
  ): void => {
    const [french, message] = said;
    const key = `${place.file}:${place.line}:${place.column} ${code} ${message}`;
    if (found.has(key)) return;
    found.set(key, {
      ...place,
      code,
      severity,
      message,
      french,
      suggestion,
    });
  };
  return {
    add,
    all: () => withoutEchoes([...found.values()]).toSorted(byPlace),
    reportIn: (tree) => {
      const index = trees.push(tree) - 1;
      return reportBy((severity, { at, suggestion }, path, code, message) => {
        const place = trees[index]?.place(path, at);
        if (place !== undefined) add(place, severity, code, message, suggestion);
      });
    },
    close: () => void trees.splice(0),
  };
}

/** A value that was not read as written makes later checks fail too: only the cause is reported. */
function withoutEchoes(problems: readonly Problem[]): readonly Problem[] {
  const at = (problem: Problem): string => `${problem.file}:${problem.line}:${problem.column}`;
  const causes = new Set(problems.filter((problem) => problem.code < 'MAP-100').map(at));
  return problems.filter((problem) => problem.code < 'MAP-100' || !causes.has(at(problem)));
}

function byPlace(a: Problem, b: Problem): number {
  return (
    a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column || a.code.localeCompare(b.code)
  );
}

export function formatProblemInFrench(problem: Problem): string {
  const hint = problem.suggestion === undefined ? '' : ` Vouliez-vous dire « ${problem.suggestion} » ?`;
  const level = problem.severity === 'warning' ? 'attention : ' : '';
  return `${problem.file}:${problem.line}:${problem.column}  ${problem.code}  ${level}${problem.french}${hint}`;
}

/** One line for a terminal: `file:line:column  CODE  message. Did you mean "x"?` */
export function formatProblem(problem: Problem): string {
  const hint = problem.suggestion === undefined ? '' : ` Did you mean "${problem.suggestion}"?`;
  const level = problem.severity === 'warning' ? 'warning: ' : '';
  return `${problem.file}:${problem.line}:${problem.column}  ${problem.code}  ${level}${problem.message}${hint}`;
}
