// Jest's runtime, which compiles each module once in a worker, and evaluates the modules of the product, of the packages and of Jest's
// own assertions once in the context that the worker's files share: a file needs a thousand of them.
// Invariant: a test file and the modules of `test/` are evaluated anew for each file; so is everything where a file has its own
// context. A file that would change shared modules is refused in the shared context.
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { Script } from 'node:vm';
import type * as Jest from 'jest-runtime';
import { refuse } from './plain-environment.ts';

// Its types are those of its form for `require`.
const { default: JestRuntime } = createRequire(import.meta.filename)('jest-runtime') as typeof Jest.default;

type Given = ConstructorParameters<typeof JestRuntime>;
type Wrapped = (...injected: readonly unknown[]) => unknown;

/** What is used of Jest's `ModuleExecutor`; null where the file's context is gone. */
interface Executor {
  readonly injectedModuleParameters: readonly string[];
  compile: (source: string, filename: string) => Wrapped | null;
}

/** What is used of Jest's runtime besides its public methods. */
interface Parts {
  readonly executor: Executor;
  readonly _resolution: {
    readonly isCoreModule: (name: string) => boolean;
    readonly resolveCjs: (from: string, name?: string) => string;
  };
  readonly registries: { readonly getActiveCjsRegistry: () => ReadonlyMap<string, unknown> };
  readonly transformCache: { sourceMaps: Map<string, string> };
}
const partsOf = (runtime: unknown): Parts => runtime as Parts;

/** The environment of test/support/plain-environment.ts, where files share it. */
interface CommonContext {
  common: CommonModules | undefined;
  readonly keepingGlobals: <T>(evaluate: () => T) => T;
}

const kept = new Map<string, { readonly source: string; readonly script: Script }>();

function scriptOf(source: string, filename: string, parameters: readonly string[]): Script {
  const before = kept.get(filename);
  if (before?.source === source) return before.script;
  const head = `(function(${parameters.join()}){`;
  const script = new Script(`${head}${source}\n})`, { filename, columnOffset: -head.length });
  kept.set(filename, { source, script });
  return script;
}

class KeptScripts extends JestRuntime {
  constructor(...given: Given) {
    super(...given);
    const [, environment] = given;
    const { executor } = partsOf(this);
    const compile = executor.compile.bind(executor);
    executor.compile = (source, filename) => {
      const context = environment.getVmContext();
      if (context === null) return null;
      try {
        return scriptOf(source, filename, executor.injectedModuleParameters).runInContext(context) as Wrapped;
      } catch {
        // What cannot be compiled is told in Jest's own words.
        return compile(source, filename);
      }
    };
  }
}

/** The modules that the files of a worker share. */
class CommonModules extends KeptScripts {
  readonly #isShared: (path: string) => boolean;
  readonly #environment: CommonContext;

  constructor(environment: CommonContext, ...given: Given) {
    super(...given);
    this.#environment = environment;
    const [{ rootDir }] = given;
    const folders = ['src', 'connectors', 'sandbox', 'node_modules'].map((name) => join(rootDir, name) + sep);
    this.#isShared = (path) => folders.some((folder) => path.startsWith(folder));
  }

  has(path: string): boolean {
    return this.#isShared(path);
  }

  load<T>(path: string): T {
    if (partsOf(this).registries.getActiveCjsRegistry().has(path)) return this.requireModule<T>(path);
    return this.#environment.keepingGlobals(() => this.requireModule<T>(path));
  }
}

/** The runtime of one test file in the shared context. */
class FileModules extends KeptScripts {
  readonly #common: CommonModules;
  /** Undefined while Jest's own constructor runs. */
  isUnderWay?: boolean;

  constructor(common: CommonModules, ...given: Given) {
    super(...given);
    this.#common = common;
    this.isUnderWay = true;
    // Stacks of shared modules are translated in each file.
    partsOf(this).transformCache.sourceMaps = partsOf(common).transformCache.sourceMaps;
  }

  override requireModule<T = unknown>(
    ...[from, name, options, isActual]: Parameters<Jest.default['requireModule']>
  ): T {
    const { _resolution: resolution } = partsOf(this);
    if (name === 'nock') refuse('nock');
    if (options?.isInternalModule !== true && !(name !== undefined && resolution.isCoreModule(name))) {
      const path = resolution.resolveCjs(from, name);
      if (this.#common.has(path)) return this.#common.load<T>(path);
    }
    return super.requireModule<T>(from, name, options, isActual);
  }

  override setMock(): void {
    refuse('jest.mock');
  }

  override isolateModules(): void {
    refuse('jest.isolateModules');
  }

  override isolateModulesAsync(): Promise<void> {
    return refuse('jest.isolateModulesAsync');
  }

  override resetModules(): void {
    if (this.isUnderWay === true) refuse('jest.resetModules');
    super.resetModules();
  }

  override teardown(): void {
    this.isUnderWay = false;
    super.teardown();
  }
}

/** Jest calls it with `new`, once for each file. */
export default function runtimeOf(...given: Given): Jest.default {
  const [config, environment, resolver, transformer, , coverage, , globalConfig] = given;
  if (!('keepingGlobals' in environment)) return new KeptScripts(...given);
  const context = environment as unknown as CommonContext;
  context.common ??= new CommonModules(
    context,
    config,
    environment,
    resolver,
    transformer,
    new Map(),
    coverage,
    '',
    globalConfig,
  );
  return new FileModules(context.common, ...given);
}
