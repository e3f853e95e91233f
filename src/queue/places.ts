// Places for the jobs of one destination: as many as it allows, given in the order they were asked for.
// Invariant: whoever waits gets a place or is released; nobody who has one is sent away.

export interface Places {
  /** True once there is a place, in the order they were asked for, to be left again; false for who was released without one. */
  readonly enter: () => Promise<boolean>;
  readonly leave: () => void;
  /** Whoever waits goes on at once, without a place: nothing begins any more. */
  readonly release: () => void;
  /** More places are filled at once; of fewer, nobody is sent away. */
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
    enter: () =>
      new Promise((done) => {
        waiting.push(done);
        fill();
      }),
    leave: () => {
      taken -= 1;
      fill();
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
