// What a lead alone may cost by the server's counters: a run above a ceiling fails. Counts do not hang on the machine; a slow one takes in
// several leads together, which costs less.
import type { Counted } from './counters.ts';

type Ceilings = Readonly<Record<'statements' | 'prepares' | 'fsyncs' | 'sentBytes', number>>;

/** Less what is asked at rest. Prepares are those of a run of a few hundred leads, which meets some statements for the first time. */
export const ceilings: Readonly<Record<'by SQL' | 'by HTTP', Ceilings>> = {
  'by SQL': { statements: 28, prepares: 0.5, fsyncs: 4.9, sentBytes: 6_200 },
  'by HTTP': { statements: 27, prepares: 0.5, fsyncs: 3.7, sentBytes: 5_600 },
};

/** A sentence for each count above its ceiling. */
export const above = (name: keyof typeof ceilings, cost: Counted): readonly string[] =>
  Object.entries(ceilings[name]).flatMap(([count, most]) => {
    const found = cost[count as keyof Ceilings];
    return found <= most ? [] : [`${name}: ${found.toFixed(2)} ${count} a lead, ${most} at most`];
  });
