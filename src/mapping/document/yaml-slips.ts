// Mistakes in YAML that its parser does not report, or not in words an integrator can use: tabs, depth.
// Invariant: only finds and words them; what the file says is read elsewhere.
import type { Both } from '../../../connectors/contract.ts';
import type { createProblems } from './problems.ts';

type Problems = Pick<ReturnType<typeof createProblems>, 'add'>;

/** Levels a file may have: more than any mapping needs, fewer than a stack holds. */
export const deepest = 100;

export const tooDeep: Both = [
  `le fichier est imbriqué sur plus de ${deepest} niveaux.`,
  `the file is nested more than ${deepest} levels deep.`,
];

/** Where the nesting passes what is read, by its brackets or its indentation. */
export function lineOfDepth(text: string): number {
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.search(/[^ ]/) > 2 * deepest || /^( *- ?){100}/.test(line)) return index + 1;
    for (const sign of line) {
      depth += '[{'.includes(sign) ? 1 : ']}'.includes(sign) ? -1 : 0;
      if (depth > deepest) return index + 1;
    }
  }
  return 1;
}

/** Lines that are indented with a tab: behind one the shape is a guess. */
export function reportTabs(file: string, text: string, problems: Problems): Set<number> {
  const found = new Set<number>();
  for (const [index, line] of text.split('\n').entries()) {
    const tab = /^ *\t/.exec(line);
    if (tab === null || line.trim() === '') continue;
    found.add(index + 1);
    problems.add({ file, line: index + 1, column: tab[0].length }, 'error', 'MAP-003', [
      'la ligne est indentée par une tabulation.',
      'the line is indented with a tab.',
    ]);
  }
  return found;
}
