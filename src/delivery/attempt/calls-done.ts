// Which calls of a delivery are done, and which of them only read what is out of date by the time it is written.
// Invariant: pure; a call that hands something over and is done never leaves again.
import type { CallPlan } from '../../mapping/contract.ts';
import type { CallRow } from '../../store/calls.ts';
import type { ClaimedDelivery } from './claim.ts';

/**
 * What is done and need not be done again. What a call read for another one that is sent again, in this run or a new one, it reads
 * again: a channel that somebody took off meanwhile must not come back with the list as it was.
 */
export function doneAndOutdated(
  { run }: Pick<ClaimedDelivery, 'run'>,
  own: readonly CallRow[],
  calls: readonly Pick<CallPlan, 'name' | 'rereads'>[],
): { readonly done: ReadonlySet<string>; readonly outdated: ReadonlySet<string> } {
  const rows = new Map(own.map((row) => [row.name, row]));
  const isDone = (name: string): boolean => rows.get(name)?.done === true;
  const outdated = new Set(
    calls
      .filter(({ name }) => !isDone(name))
      .flatMap(({ name, rereads = [] }) => {
        const sent = rows.get(name);
        return rereads.filter((earlier) => {
          const read = rows.get(earlier);
          return read !== undefined && (run > read.run || (sent !== undefined && isLater(sent, read)));
        });
      }),
  );
  return { done: new Set([...rows.keys()].filter((name) => isDone(name) && !outdated.has(name))), outdated };
}

const isLater = (one: CallRow, other: CallRow): boolean =>
  one.run > other.run || (one.run === other.run && one.attempt > other.attempt);
