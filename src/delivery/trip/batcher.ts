// Batches concurrent calls of a process, so that they share statements and commits (docs/design.md, "Shared round trips").
// Invariant: the promise of an item settles only after the commit that contains it; one poisoned item never fails its neighbours.

interface BatcherOptions<In, Out> {
  /** Handles several items in one go; answers in their order. */
  readonly run: (items: readonly In[]) => Promise<readonly Out[]>;
  /** Items in one go at most. */
  readonly max: number;
  /** How many of as many items go together; all of them by default. */
  readonly groupOf?: (items: number) => number;
  /** Runs at the same time at most. */
  readonly lanes: number;
}

/** No timer: the items of one turn of the event loop run together at once, those that come meanwhile run together next. */
export function createBatcher<In, Out>(options: BatcherOptions<In, Out>): (item: In) => Promise<Out> {
  interface Waiting {
    readonly item: In;
    readonly done: (value: Out) => void;
    readonly fail: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let running = 0;

  const together = async (group: readonly Waiting[]): Promise<void> => {
    let results: readonly Out[];
    const items: In[] = [];
    for (const { item } of group) items.push(item);
    try {
      results = await options.run(items);
    } catch (error) {
      const [only] = group;
      if (group.length === 1) return only?.fail(error);
      // One of them is poisoned, or the database went away: each gets its own answer.
      for (const caller of group) await together([caller]);
      return;
    }
    for (const [index, caller] of group.entries()) caller.done(results[index] as Out);
  };
  const handle = async (group: readonly Waiting[]): Promise<void> => {
    running += 1;
    await together(group);
    running -= 1;
    next();
  };
  const next = (): void => {
    while (running < options.lanes && waiting.length > 0) {
      const most = Math.min(options.max, waiting.length);
      void handle(waiting.splice(0, options.groupOf?.(most) ?? most));
    }
  };
  return (item) =>
    new Promise<Out>((done, fail) => {
      waiting.push({ item, done, fail });
      // Deliveries woken by one commit come one after the other, within one turn.
      if (waiting.length === 1) setImmediate(next);
    });
}
