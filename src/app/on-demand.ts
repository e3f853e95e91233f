// Loads parts of the program at their first call: most processes never use them, or use them late.
// Invariant: the same functions with the same results; one that cannot be loaded fails at each call.

/** Every function returns a promise, so that loading changes nothing for the caller. */
type Asynchronous<T> = {
  readonly [K in keyof T]: T[K] extends (...args: never[]) => Promise<unknown> ? T[K] : never;
};

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/** @param load imports the code and makes the part; called once */
export function onDemand<T extends Asynchronous<T>>(load: () => Promise<T>): T {
  let loading: Promise<T> | undefined;
  const loaded = (): Promise<T> =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
  const call =
    (name: keyof T): Call =>
    async (...args) =>
      ((await loaded())[name] as Call)(...args);
  return new Proxy({} as T, {
    // A part is no promise: without this, `await` would treat it as one.
    get: (_part, name) => (name === 'then' || typeof name === 'symbol' ? undefined : call(name as keyof T)),
  });
}
