// Lets concurrent deliveries of a process share statements and commits (docs/design.md, "Shared round trips").
// Invariant: an item's promise settles only after the commit that holds it; one poisoned item never fails its neighbours.

export interface BatcherOptions<In, Out> {
  /** Handles several items in one go; answers in their order. */
  readonly run: (items: readonly In[]) => Promise<readonly Out[]>;
  /** Items in one go at most. */
  readonly max: number;
  /** Runs at the same time at most. */
  readonly lanes: number;
}

/** No timer: the first item runs at once, those that come meanwhile run together next. */
export function createBatcher<In, Out>(options: BatcherOptions<In, Out>): (item: In) => Promise<Out> {
  interface Waiting {
    readonly item: In;
    readonly done: (value: Out) => void;
    readonly fail: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let running = 0;

  const alone = async (caller: Waiting): Promise<void> => {
    try {
      const [result] = await options.run([caller.item]);
      caller.done(result as Out);
    } catch (error) {
      caller.fail(error);
    }
  };
  const together = async (group: readonly Waiting[]): Promise<void> => {
    const [first] = group;
    if (group.length === 1 && first !== undefined) return alone(first);
    let results: readonly Out[];
    try {
      results = await options.run(group.map((caller) => caller.item));
    } catch {
      // One of them is poisoned, or the database went away: each gets its own answer.
      for (const caller of group) await alone(caller);
      return;
    }
    group.forEach((caller, index) => caller.done(results[index] as Out));
  };
  const next = (): void => {
    while (running < options.lanes && waiting.length > 0) {
      const group = waiting.splice(0, options.max);
      running += 1;
      void together(group).finally(() => {
        running -= 1;
        next();
      });
    }
  };
  return (item) =>
    new Promise<Out>((done, fail) => {
      waiting.push({ item, done, fail });
      // Deliveries woken in the same tick join one group.
      queueMicrotask(next);
    });
}
