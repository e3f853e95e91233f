// Finds targets that write over each other.
// Invariant: one slot, one writer; a value is never also a group.
import type { Path } from './problems.ts';
import { groupKeys, slotKey } from './target.ts';
import type { Target } from './target.ts';

export interface SlotProblem {
  readonly path: Path;
  readonly code: 'MAP-208' | 'MAP-209';
  readonly message: string;
}

/** Duplicates and value-and-group conflicts of a list of lines. */
export function slotProblems(
  lines: readonly { readonly target: Target; readonly path: Path }[],
): readonly SlotProblem[] {
  const problems: SlotProblem[] = [];
  const seen = new Set<string>();
  for (const { target, path } of lines) {
    const key = slotKey(target);
    const appends = target.steps.at(-1)?.append === true;
    if (seen.has(key) && !appends) {
      problems.push({
        path: [...path, 'to'],
        code: 'MAP-208',
        message: `target "${target.text}" is written twice.`,
      });
    }
    seen.add(key);
  }
  for (const { target, path } of lines) {
    const clash = groupKeys(target).find((group) => seen.has(group));
    if (clash !== undefined) {
      const name = clash.replaceAll('\u0000', '.');
      problems.push({
        path: [...path, 'to'],
        code: 'MAP-209',
        message: `target "${target.text}" stands inside "${name}", which is itself a value.`,
      });
    }
  }
  return problems;
}
