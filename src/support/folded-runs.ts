// A delivery that leaves again with each file of all leads has hundreds of runs: the first and the last are told, the others counted.
// Invariant: the log itself is never shortened; --json and an export have every entry.
import type { StoryEntry } from '../store/delivery-lists.ts';
import type { Both } from './words.ts';

/** So many runs are told one by one. */
const told = 12;
/** Of more, so many of the last. */
const kept = 6;

export interface Folded {
  /** Those that are told, oldest first. */
  readonly entries: readonly StoryEntry[];
  /** What stands for the others, behind the entries before them. */
  readonly gap: { readonly behind: number; readonly at: Date; readonly words: Both } | undefined;
}

export function foldRuns(entries: readonly StoryEntry[]): Folded {
  const runs = [...new Set(entries.map(({ run }) => run))].filter((run) => run > 0).sort((a, b) => a - b);
  if (runs.length <= told) return { entries, gap: undefined };
  const [first = 0] = runs;
  const from = runs.at(-kept) ?? 0;
  const isFolded = ({ run }: StoryEntry): boolean => run > first && run < from;
  const folded = entries.filter(isFolded);
  const count = new Set(folded.map(({ run }) => run)).size;
  const good = new Set(
    folded.filter(({ entry, nextStep }) => entry === 'outcome' && nextStep === 'done').map(({ run }) => run),
  ).size;
  const at = folded[0]?.at ?? new Date(0);
  return {
    entries: entries.filter((entry) => !isFolded(entry)),
    gap: {
      behind: entries.findIndex(isFolded),
      at,
      words: [
        `… ${count} passages de relais, dont ${good} ${good < 2 ? 'accepté' : 'acceptés'}`,
        `… ${count} hand-overs, ${good} of them accepted`,
      ],
    },
  };
}
