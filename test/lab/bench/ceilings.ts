// Costs of a lead alone by the server's counters, at most: a run above a ceiling fails. Each lead is handed in once the one before has
// arrived, so that the counts hang little on the machine: a slow one takes in no two together, and asks by the clock more often for each.
import type { Counted } from './counters.ts';

type Ceilings = Readonly<Record<'statements' | 'prepares' | 'fsyncs' | 'sentBytes', number>>;

/** Less what is asked at rest. Prepares are those of a run of a few hundred leads, which meets some statements for the first time. */
export const ceilings: Readonly<Record<'by SQL' | 'by HTTP', Ceilings>> = {
  'by SQL': { statements: 22, prepares: 0.6, fsyncs: 4.8, sentBytes: 4_600 },
  'by HTTP': { statements: 20.5, prepares: 0.6, fsyncs: 4, sentBytes: 4_100 },
};

/** A sentence for each count above its ceiling. */
export const above = (name: keyof typeof ceilings, cost: Counted): readonly string[] =>
  Object.entries(ceilings[name]).flatMap(([count, most]) => {
    const found = cost[count as keyof Ceilings];
    return found <= most ? [] : [`${name}: ${found.toFixed(2)} ${count} a lead, ${most} at most`];
  });
