// Finds targets that overwrite each other.
// Invariant: one slot, one writer; a value is never also a group.
import type { Path } from '../document/problems.ts';
import { containersOf, slotKey } from './target.ts';
import type { LineOf } from './lines.ts';
import type { Target } from './target.ts';
import type { Both } from '../../../connectors/contract.ts';

export interface SlotProblem {
  readonly path: Path;
  readonly code: 'MAP-208' | 'MAP-209';
  readonly message: Both;
}

/** A line with the target it writes; a text of several lines has several writers. */
export interface TargetSlot {
  readonly target: Target;
  readonly path: Path;
  readonly line?: LineOf;
}

const otherWords: Readonly<Record<'value' | 'list' | 'group', Both>> = {
  value: ['une valeur', 'a value'],
  list: ['un groupe de noms', 'a group of names'],
  group: ['une liste', 'a list'],
};

/** Duplicates and value-and-group conflicts of a list of lines. */
export function slotProblems(lines: readonly TargetSlot[]): readonly SlotProblem[] {
  const problems: SlotProblem[] = [];
  const seen = new Map<string, 'list' | 'lines' | 'one'>();
  for (const { target, path, line } of lines) {
    const key = slotKey(target);
    const kind = target.steps.at(-1)?.append === true ? 'list' : line === undefined ? 'one' : 'lines';
    const before = seen.get(key);
    if (before !== undefined && (before !== kind || kind === 'one')) {
      problems.push({
        path: [...path, 'to'],
        code: 'MAP-208',
        message: [
          `le champ « ${target.text} » est écrit deux fois.`,
          `target "${target.text}" is written twice.`,
        ],
      });
    }
    seen.set(key, before ?? kind);
  }
  const lists = lines.filter(({ target }) => target.steps[0]?.name === '');
  const mixed = lists.length < lines.length ? lists[0] : undefined;
  if (mixed !== undefined)
    problems.push({
      path: [...mixed.path, 'to'],
      code: 'MAP-209',
      message: [
        `le champ « ${mixed.target.text} » fait de chaque élément une liste, et un autre lui donne un nom.`,
        `target "${mixed.target.text}" makes each element a list, and another field gives it a name.`,
      ],
    });
  const containers = new Map<string, 'group' | 'list'>();
  for (const { target, path } of lines) {
    const clash = containersOf(target).find(({ key, kind }) => {
      // `tags[]` is the list itself, under the key of its slot.
      const before = containers.get(key) ?? kind;
      containers.set(key, before);
      return before !== kind || (seen.has(key) && key !== slotKey(target));
    });
    if (clash === undefined) continue;
    const name = clash.key.replaceAll('\u0000', '.');
    const other = otherWords[seen.has(clash.key) ? 'value' : clash.kind];
    problems.push({
      path: [...path, 'to'],
      code: 'MAP-209',
      message: [
        `le champ « ${target.text} » est dans « ${name} », qui est lui-même ${other[0]}.`,
        `target "${target.text}" stands inside "${name}", which is itself ${other[1]}.`,
      ],
    });
  }
  return problems;
}
