// How long work that a client's file decides may hold the event loop.
// Invariant: past its time it is stopped wherever it is, and nothing of it goes on.
import { createContext, Script } from 'node:vm';

export const overBudget: unique symbol = Symbol('over budget');

let room: { readonly context: { work?: () => unknown }; readonly script: Script } | undefined;

/** What the work gives; `overBudget` when it found no end. It must be able to stop anywhere: give it nothing to keep. */
export function withinTime<T>(ms: number, work: () => T): T | typeof overBudget {
  room ??= { context: createContext({}), script: new Script('work()') };
  const { context, script } = room;
  context.work = work;
  try {
    return script.runInContext(context, { timeout: ms }) as T;
  } catch (error) {
    // Of another realm: no `instanceof Error`.
    if ((error as { code?: unknown } | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return overBudget;
    throw error;
  } finally {
    delete context.work;
  }
}
