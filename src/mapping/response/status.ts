// Which rule may read a status, and what an answer means that no rule takes; the statuses themselves: connectors/http-status.
// Invariant: only a rule that names such a status exactly may read it as something final about the lead.
import type { Answer, Outcome } from '../../../connectors/contract.ts';
import { leavesOpen, meaningOf, outcomeOfStatus, retryAfterMs } from '../../../connectors/http-status.ts';
import type { RuleKind, Stage } from './rule.ts';

/** Says nothing about the lead unless a rule names it. */
export const saysNothingOfTheLead = (status: number): boolean => meaningOf(status) !== undefined;

const temporary: ReadonlySet<RuleKind> = new Set(['unauthorized', 'throttled', 'unavailable']);

/** Whether a rule may take a status; `named` are the statuses it lists one by one. A class or a range names none. */
export function mayTake(kind: RuleKind, named: ReadonlySet<number>, status: number, stage: Stage): boolean {
  if (named.has(status)) return true;
  if (leavesOpen(status) && stage !== 'lookup') return false;
  return temporary.has(kind) || !saysNothingOfTheLead(status);
}

export function evidenceOf(answer: Answer): { readonly status: number; readonly answerBytes: number } {
  return { status: answer.status, answerBytes: Buffer.byteLength(answer.text) };
}

/** Answers no rule of the file takes: never accepted. */
export function lastResort(answer: Answer, stage: Stage, now: () => number): Outcome {
  const { status, headers } = answer;
  const afterMs = retryAfterMs(headers['retry-after'], headers['date'], now);
  const outcome = outcomeOfStatus(status, { asked: stage === 'lookup', afterMs });
  return { ...outcome, evidence: evidenceOf(answer) };
}
