// Limits the jobs of one destination: a fixed number of places, given in the order of the requests.
// Invariant: every waiting job gets a place or is released; a job with a place keeps it.

export interface Places {
  /** True once there is a place, in the order of the requests, to be left again; false when released without one. */
  readonly enter: () => Promise<boolean>;
  /** Places for which nobody waits, and all that there are. */
  readonly count: () => { readonly free: number; readonly all: number };
  readonly leave: () => void;
  /** Releases all waiting jobs at once, without a place: nothing begins any more. */
  readonly release: () => void;
  /** Added places are filled at once; removed ones interrupt no job. */
  readonly resize: (count: number) => void;
}

export function createPlaces(first: number): Places {
  let count = first;
  let taken = 0;
  const waiting: ((hasPlace: boolean) => void)[] = [];
  const fill = (): void => {
    while (taken < count && waiting.length > 0) {
      taken += 1;
      waiting.shift()?.(true);
    }
  };
  return {
    enter: () => {
      if (taken >= count) return new Promise((done) => void waiting.push(done));
      taken += 1;
      return Promise.resolve(true);
    },
    count: () => ({ free: Math.max(0, count - taken - waiting.length), all: count }),
    leave: () => {
      taken -= 1;
      if (waiting.length > 0) fill();
    },
    release: () => {
      for (const go of waiting.splice(0)) go(false);
    },
    resize: (next) => {
      count = next;
      fill();
    },
  };
}
