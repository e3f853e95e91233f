// The clock of the host a test runs on, set ahead or back; timers and the monotonic clock go on as they are.

const Real = Date;
const monotonic = performance.now.bind(performance);

/** Moves what `Date` says by so many ms, until the answer is called. */
export function moveHostClock(by: number): () => void {
  const Moved = class extends Real {
    constructor(...values: unknown[]) {
      if (values.length === 0) super(Real.now() + by);
      else super(...(values as [number]));
    }
    static override now(): number {
      return Real.now() + by;
    }
  };
  globalThis.Date = Moved as DateConstructor;
  return () => {
    globalThis.Date = Real;
  };
}

/** Moves the monotonic clock ahead by so many ms, as for a process that was frozen, until the answer is called. */
export function moveMonotonicClock(by: number): () => void {
  performance.now = () => monotonic() + by;
  return () => {
    performance.now = monotonic;
  };
}

/** Stops the monotonic clock, so that what was read a moment ago is of a moment ago, until the answer is called. */
export function stopMonotonicClock(): () => void {
  const stoppedAt = monotonic();
  performance.now = () => stoppedAt;
  return () => {
    performance.now = monotonic;
  };
}
