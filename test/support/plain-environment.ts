// The globals of test files: those of jest-environment-node, on a plain global object. Jest's own stands behind an interceptor and
// a proxy, which every `Buffer`, `Math` and `process` of the code under test goes through.
// The files of a worker share one context, one after the other: test/support/kept-modules.ts evaluates the modules of the product once
// in it. A file whose first line is `/** @own-context REASON */` has a context of its own, thrown away with it.
// Invariant: a file finds the globals, `process` and the environment variables that the first file found.
import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

type Given = ConstructorParameters<typeof TestEnvironment>;
type Keys = ReadonlySet<string | symbol>;

class OwnContext extends TestEnvironment {
  protected readonly own: Keys;

  constructor(...given: Given) {
    const { createContext } = vm;
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(...given);
    } finally {
      vm.createContext = createContext;
    }
    this.own = new Set(Reflect.ownKeys(this.global));
  }

  /** Deletes the globals that the file defined, as Jest's own does: a handle that is still open would keep them all in memory. */
  override async teardown(): Promise<void> {
    const { global } = this;
    await super.teardown();
    for (const key of Reflect.ownKeys(global)) if (!this.own.has(key)) Reflect.deleteProperty(global, key);
  }
}

/** @throws always, for what needs a context of its own */
export function refuse(name: string): never {
  throw new Error(
    `${name} would change what other test files share: begin this file with /** @own-context REASON */`,
  );
}

/** An object's own properties, and how to bring them back. */
class Snapshot {
  readonly #target: object;
  readonly #properties = new Map<string | symbol, PropertyDescriptor>();

  constructor(target: object) {
    this.#target = target;
    this.keep(() => undefined);
  }

  /** Properties that `work` adds count as the object's own from now on. */
  keep<T>(work: () => T): T {
    const before = new Set(this.#properties.size === 0 ? [] : Reflect.ownKeys(this.#target));
    try {
      return work();
    } finally {
      for (const key of Reflect.ownKeys(this.#target)) {
        const property = Reflect.getOwnPropertyDescriptor(this.#target, key);
        if (!before.has(key) && property !== undefined) this.#properties.set(key, property);
      }
    }
  }

  restore(): void {
    for (const key of Reflect.ownKeys(this.#target))
      if (!this.#properties.has(key)) Reflect.deleteProperty(this.#target, key);
    for (const [key, property] of this.#properties) {
      const now = Reflect.getOwnPropertyDescriptor(this.#target, key);
      if (now?.value === property.value && now?.get === property.get && now !== undefined) continue;
      Reflect.defineProperty(this.#target, key, property);
    }
  }
}

export class CommonContext extends OwnContext {
  readonly #globals: Snapshot;
  readonly #process: Snapshot;
  readonly #variables: Readonly<Record<string, string | undefined>>;
  /** The runtime of the modules that all files share; test/support/kept-modules.ts sets it. */
  common: unknown;

  constructor(...given: Given) {
    super(...given);
    this.#globals = new Snapshot(this.global);
    this.#process = new Snapshot(this.global.process);
    this.#variables = { ...this.global.process.env };
    // Shared modules may still have work of earlier files to end, which would wait for time that no longer passes.
    for (const timers of [this.fakeTimers, this.fakeTimersModern])
      if (timers !== null) timers.useFakeTimers = () => refuse('jest.useFakeTimers');
  }

  /** A shared module may define globals as it is evaluated, which it needs in the next file too. */
  keepingGlobals<T>(evaluate: () => T): T {
    return this.#globals.keep(evaluate);
  }

  override async teardown(): Promise<void> {
    const { process } = this.global;
    this.#process.restore();
    process.removeAllListeners();
    for (const name of Object.keys(process.env)) if (!(name in this.#variables)) delete process.env[name];
    Object.assign(process.env, this.#variables);
    // A line that is logged after its file has ended goes to the console that says so.
    const { console } = this.global;
    this.#globals.restore();
    this.global.console = console;
  }
}

let common: CommonContext | undefined;

/** Jest calls it with `new`, once for each file. */
export default function environmentOf(...given: Given): OwnContext {
  const [{ globalConfig }, { docblockPragmas }] = given;
  // Coverage is counted for each file, from nothing.
  if ('own-context' in docblockPragmas || globalConfig.collectCoverage) return new OwnContext(...given);
  return (common ??= new CommonContext(...given));
}
