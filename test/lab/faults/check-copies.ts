// The part of the checker that looks at the restored backup: whoever is gone when the storm is over is gone there too.
// Invariant: pure; a person who still has a lead may be in it.
import type { Story } from './check.ts';
import { remainsOf } from './remains.ts';

export function broughtBack(story: Story): readonly string[] {
  const { leads, restored } = story;
  const gone = new Set(leads.filter((lead) => lead.erased).map((lead) => lead.reference));
  const { addresses, references, standing, wrong } = restored;
  return [
    ...wrong,
    ...standing.filter((reference) => gone.has(reference)).map((reference) => `${reference}: leads`),
    ...remainsOf({ ...story, addresses, references }),
  ];
}
