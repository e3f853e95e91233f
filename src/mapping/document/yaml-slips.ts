// Finds the mistakes in YAML that its parser does not report clearly: tabs, depth.
// Invariant: it reads no values; the document is read elsewhere.
import type { Both } from '../../../connectors/contract.ts';
import type { createProblems } from './problems.ts';

type Problems = Pick<ReturnType<typeof createProblems>, 'add'>;

/** Levels a file may have: more than any mapping needs, fewer than the stack permits. */
export const deepest = 100;

export const tooDeep: Both = [
  `le fichier est imbriqué sur plus de ${deepest} niveaux.`,
  `the file is nested more than ${deepest} levels deep.`,
];

/** The line where the nesting exceeds the limit, by its brackets or its indentation. */
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

/** Lines indented with a tab; the structure after one is uncertain. */
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
