// Jest's runtime, which compiles each module once in a worker instead of once for each test file: half of what an empty file
// costs is compiling a thousand modules. Only the compiled text is kept: every file runs its modules anew, in its own context.
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import type * as Jest from 'jest-runtime';

// Its types are those of its form for `require`.
const { default: JestRuntime } = createRequire(import.meta.filename)('jest-runtime') as typeof Jest.default;

type Wrapped = (...injected: readonly unknown[]) => unknown;

/** What is used of Jest's `ModuleExecutor`; null where the file's context is gone. */
interface Executor {
  readonly injectedModuleParameters: readonly string[];
  compile: (source: string, filename: string) => Wrapped | null;
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

export default class KeptScripts extends JestRuntime {
  constructor(...given: ConstructorParameters<typeof JestRuntime>) {
    super(...given);
    const [, environment] = given;
    const { executor } = this as unknown as { readonly executor: Executor };
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
