// Limits the time that code of a client's file may block the event loop.
// Invariant: code that exceeds its time is stopped wherever it is, and does not continue.
import { createContext, Script } from 'node:vm';

export const overBudget: unique symbol = Symbol('over budget');

let room: { readonly context: { work?: () => unknown }; readonly script: Script } | undefined;

/** The result of the work, or `overBudget`. It may be stopped anywhere: its state must not be used afterwards. */
export function withinTime<T>(ms: number, work: () => T): T | typeof overBudget {
  room ??= { context: createContext({}), script: new Script('work()') };
  const { context, script } = room;
  context.work = work;
  try {
    return script.runInContext(context, { timeout: ms }) as T;
  } catch (error) {
    // The error comes from another realm: `instanceof Error` is false.
    if ((error as { code?: unknown } | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return overBudget;
    throw error;
  } finally {
    delete context.work;
  }
}
