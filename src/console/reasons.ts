// Checks a text typed for the log, and words its refusal for a page before the act.
import { isRelaisError } from '../errors.ts';
import { typedReason } from '../support/typed-text.ts';
import type { Both } from '../support/words.ts';

/** In both languages why it is refused; undefined: it is not. */
export function problemOf(check: () => unknown): Both | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!isRelaisError(error) || error.french === undefined) throw error;
    return [error.french, error.message];
  }
}

export const reasonProblem = (text: string): Both | undefined => problemOf(() => typedReason(text));
