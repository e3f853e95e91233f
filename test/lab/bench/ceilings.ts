// What a lead alone may cost by the server's counters: a run above a ceiling fails. Counts do not hang on the machine; a slow one takes in
// several leads together, which costs less.
import type { Counted } from './counters.ts';

type Ceilings = Readonly<Record<'statements' | 'prepares' | 'fsyncs' | 'sentBytes', number>>;

/** At 50 a second, less what is asked at rest. */
export const ceilings: Readonly<Record<'by SQL' | 'by HTTP', Ceilings>> = {
  'by SQL': { statements: 33, prepares: 0.3, fsyncs: 4.6, sentBytes: 11_000 },
  'by HTTP': { statements: 28, prepares: 0.3, fsyncs: 3.6, sentBytes: 6_500 },
};

/** A sentence for each count above its ceiling. */
export const above = (name: keyof typeof ceilings, cost: Counted): readonly string[] =>
  Object.entries(ceilings[name]).flatMap(([count, most]) => {
    const found = cost[count as keyof Ceilings];
    return found <= most ? [] : [`${name}: ${found.toFixed(2)} ${count} a lead, ${most} at most`];
  });
