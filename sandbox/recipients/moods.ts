// Schedules the bad days of a CRM from a seed: of twenty new leads one meets each kind of trouble.
// Invariant: trouble meets a lead on its first try only, so that every lead can end; never five outages in a row.
import { createRandom } from '../people/random.ts';

export type Mood =
  | 'kind'
  /** 429, Retry-After: 1. */
  | 'busy'
  /** 500, nothing kept. */
  | 'broken'
  /** Keeps the lead, then answers 500: the next try gets "already known". */
  | 'forgetful'
  /** Answers after a second and a half. */
  | 'slow'
  /** 200 with a refusal that no rule of the mapping knows: must not count as an acceptance. */
  | 'evasive';

const aDay: readonly Mood[] = [
  'busy',
  'broken',
  'forgetful',
  'slow',
  'evasive',
  ...Array<Mood>(15).fill('kind'),
];

/** The mood for the n-th new lead. */
export function createMoods(seed: number): () => Mood {
  const random = createRandom(seed);
  let day: Mood[] = [];
  return () => {
    if (day.length === 0) day = random.shuffled(aDay);
    return day.pop() ?? 'kind';
  };
}
