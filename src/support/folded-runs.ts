// Folds the story of a delivery with hundreds of runs, one for each file of all leads: shows the first and the last, counts the others.
// Invariant: the log itself is never shortened; --json and an export have every entry.
import type { StoryEntry } from '../store/delivery-lists.ts';
import type { Both } from './words.ts';

/** Up to so many runs are shown one by one. */
const told = 12;
/** Last runs shown of a longer story. */
const kept = 6;

export interface Folded {
  /** The shown entries, oldest first. */
  readonly entries: readonly StoryEntry[];
  /** Line for the others, after the entries before them. */
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
