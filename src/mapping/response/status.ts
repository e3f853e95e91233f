// Decides which rules may read a status, and the outcome of an answer that no rule matches; see connectors/http-status.
// Invariant: only a rule that names a status exactly may read it as final for the lead.
import type { Answer, Outcome } from '../../../connectors/contract.ts';
import { leavesOpen, meaningOf, outcomeOfStatus, retryAfterMs } from '../../../connectors/http-status.ts';
import type { RuleKind, Stage } from './rule.ts';

/** True for a status that does not concern the lead, unless a rule names it. */
export const saysNothingOfTheLead = (status: number): boolean => meaningOf(status) !== undefined;

const temporary: ReadonlySet<RuleKind> = new Set(['unauthorized', 'throttled', 'unavailable']);

/** True when a rule may read the status; `named` are the statuses it lists one by one, not those of a class or range. */
export function mayTake(kind: RuleKind, named: ReadonlySet<number>, status: number, stage: Stage): boolean {
  if (named.has(status)) return true;
  if (leavesOpen(status) && stage !== 'lookup') return false;
  return temporary.has(kind) || !saysNothingOfTheLead(status);
}

export function evidenceOf(answer: Answer): { readonly status: number; readonly answerBytes: number } {
  return { status: answer.status, answerBytes: Buffer.byteLength(answer.text) };
}

/** The outcome of an answer that no rule matches: never accepted. */
export function lastResort(answer: Answer, stage: Stage, now: () => number): Outcome {
  const { status, headers } = answer;
  const afterMs = retryAfterMs(headers['retry-after'], headers['date'], now);
  const outcome = outcomeOfStatus(status, { asked: stage === 'lookup', afterMs });
  return { ...outcome, evidence: evidenceOf(answer) };
}
