// Stops waiting for work that may never end: a library that reads noise can wait without end for the rest of it.
// Invariant: counted in turns of the event loop, so that nothing counts as stalled after the process itself was suspended.

const turns = 30;
const turnMs = 50;

/** The result, or 'stalled' after several turns without progress. @param moved a figure that grows with each progress */
export async function orStalled<T>(work: Promise<T>, moved: () => number): Promise<T | 'stalled'> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<'stalled'>((done) => {
    let [last, still] = [moved(), 0];
    timer = setInterval(() => {
      const now = moved();
      still = now === last ? still + 1 : 0;
      last = now;
      if (still >= turns) done('stalled');
    }, turnMs).unref();
  });
  try {
    return await Promise.race([work, stalled]);
  } finally {
    clearInterval(timer);
  }
}
