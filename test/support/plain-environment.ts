// The globals of a test file: those of jest-environment-node, on a plain global object.
// Jest's own stands behind an interceptor and a proxy, which every `Buffer`, `Math` and `process` of the code under test goes
// through. Still one context for each file, thrown away with it.
import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

export default class PlainEnvironment extends TestEnvironment {
  readonly #own: ReadonlySet<string | symbol>;

  constructor(...given: ConstructorParameters<typeof TestEnvironment>) {
    const { createContext } = vm;
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(...given);
    } finally {
      vm.createContext = createContext;
    }
    this.#own = new Set(Reflect.ownKeys(this.global));
  }

  /** What the file has laid down globally goes, as with Jest's own: a handle left open would hold all of it. */
  override async teardown(): Promise<void> {
    const { global } = this;
    await super.teardown();
    for (const key of Reflect.ownKeys(global)) if (!this.#own.has(key)) Reflect.deleteProperty(global, key);
  }
}
