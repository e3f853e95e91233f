// What comes when: events in the order of their time, and of two at one time in the order they were written down.

export interface Agenda<T> {
  readonly add: (at: Date, what: T) => void;
  /** Everything of the next moment, which may come late: what is past is due. */
  readonly next: () => { readonly at: Date; readonly all: readonly T[] } | undefined;
}

export function createAgenda<T>(): Agenda<T> {
  const moments: number[] = [];
  const at = new Map<number, T[]>();
  const place = (moment: number): number => {
    let [low, high] = [0, moments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      // The next one stands last.
      if ((moments[middle] ?? 0) > moment) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add: (when, what) => {
      const moment = when.getTime();
      const there = at.get(moment);
      if (there !== undefined) {
        there.push(what);
        return;
      }
      at.set(moment, [what]);
      moments.splice(place(moment), 0, moment);
    },
    next: () => {
      const moment = moments.pop();
      if (moment === undefined) return undefined;
      const all = at.get(moment) ?? [];
      at.delete(moment);
      return { at: new Date(moment), all };
    },
  };
}
