// Words for the differences between two versions of a mapping: equal-looking changes are shown once.
// Invariant: of a person's value only its form is shown, unless the reader gave a reason, which is logged before (C39).
import type { Change, MappingDiff } from '../../mapping/tools/diff.ts';
import type { Both } from '../words.ts';

export type ShowValue = (text: string) => string;

export interface ChangePair {
  readonly before: string;
  readonly after: string;
  readonly references: readonly string[];
}

export const inClear: ShowValue = (text) => text;

/** A value as JSON shows it: "0" is a text, 0 a number. */
function shown(value: unknown, show: ShowValue): string {
  if (value === undefined) return '(nothing)';
  if (typeof value === 'string') return JSON.stringify(show(value));
  if (Array.isArray(value)) return `[${(value as unknown[]).map((item) => shown(item, show)).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}: ${shown(inner, show)}`)
      .join(', ')}}`;
  return show(JSON.stringify(value) ?? 'null');
}

/** Equal-looking changes together, the most frequent first. */
export function pairsOf(changes: readonly Change[], show: ShowValue): readonly ChangePair[] {
  const pairs = new Map<string, { before: string; after: string; references: string[] }>();
  for (const { reference, before, after } of changes) {
    const shownBefore = shown(before, show);
    const shownAfter = shown(after, show);
    const form = `${shownBefore}\n${shownAfter}`;
    const pair = pairs.get(form) ?? {
      before: shownBefore,
      after: shownBefore === shownAfter ? `${shownAfter} (another value of the same form)` : shownAfter,
      references: [],
    };
    pair.references.push(reference);
    pairs.set(form, pair);
  }
  return [...pairs.values()].toSorted((a, b) => b.references.length - a.references.length);
}

export interface TargetPairs {
  readonly target: string;
  /** Number of leads. */
  readonly leads: number;
  readonly pairs: readonly ChangePair[];
}

/** @param show how a person's value is shown; codes and opt-ins are shown as they are */
export const targetsOf = ({ targets }: MappingDiff, show: ShowValue): readonly TargetPairs[] =>
  targets.map(({ target, impersonal, changes }) => ({
    target,
    leads: changes.length,
    pairs: pairsOf(changes, impersonal ? inClear : show),
  }));

/** Result of a lead, as the comparison names it; a reason of the mapping's own is shown unchanged. */
const outcomes: readonly (readonly [RegExp, string])[] = [
  [/^written$/, 'écrite'],
  [/^taken$/, 'prise'],
  [/^not taken \((.+)\)$/, 'pas prise ($1)'],
  [/^invalid: (.+)$/, 'ne convient pas au format : $1'],
  [/^withheld: no answer for (.+)$/, 'retenue, sans réponse enregistrée : $1'],
  [/^withheld: (.+) says hold$/, 'retenue par la ligne $1 (hold)'],
  [/^withheld: (.+) data are not covered$/, 'retenue, données non couvertes : $1'],
  [/^waits for (.+)$/, 'attend $1'],
];

export function outcomeWords(text: string): Both {
  const [form, french] = outcomes.find(([known]) => known.test(text)) ?? [];
  return [form === undefined || french === undefined ? text : text.replace(form, french), text];
}
