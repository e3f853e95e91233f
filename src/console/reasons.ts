// Checks the reason of an act, as the log keeps it: present, short, without a person's data.
import { namesSomebody } from '../domain/impersonal-text.ts';
import { mostTogether } from '../support/typed-text.ts';
import type { Both } from '../support/words.ts';
import { reasonWords } from './words/work.ts';

const most = 200;

/** Mistake in the reason; undefined: none. */
export function reasonProblem(text: string): Both | undefined {
  if (text.length < 3) return reasonWords.missing;
  if (text.length > most) return reasonWords.long;
  return namesSomebody(text) ? reasonWords.personal : undefined;
}

export const evidenceProblem = (text: string): Both | undefined =>
  text.length < 3 ? reasonWords.evidence : reasonProblem(text);

export function closingProblem(reason: string, evidence: string): Both | undefined {
  const problem = reasonProblem(reason) ?? evidenceProblem(evidence);
  if (problem !== undefined) return problem;
  return reason.length + evidence.length > mostTogether ? reasonWords.together : undefined;
}
