// Parts of the program that most processes never use, or use late: their code is loaded at the first call.
// Invariant: the same functions with the same answers; one that cannot be loaded says so at each call.

/** Every function answers with a promise, so that waiting for the code changes nothing for whoever calls. */
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
    // A part is no promise itself: `await` must not take it for one.
    get: (_part, name) => (name === 'then' || typeof name === 'symbol' ? undefined : call(name as keyof T)),
  });
}
