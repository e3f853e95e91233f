// What a status says by itself: wrong credentials, too fast, not now, a gateway that does not know.
// Invariant: only a rule that names such a status exactly may read it as something final about the lead.
import type { Answer, Outcome } from '../../../connectors/contract.ts';
import type { RuleKind, Stage } from './rule.ts';
import { waitOf } from './rule.ts';

const credentials: ReadonlySet<number> = new Set([401, 403, 407]);
const passing: ReadonlySet<number> = new Set([408, 425, 429]);
/** The gateway's own words: the server behind it may have the lead. */
const gateways: ReadonlySet<number> = new Set([502, 504]);

/** Says nothing about the lead unless a rule names it. */
export const saysNothingOfTheLead = (status: number): boolean =>
  credentials.has(status) || passing.has(status) || status >= 500;

export const readsAsRefusal: readonly number[] = [...credentials, ...passing];

const temporary: ReadonlySet<RuleKind> = new Set(['unauthorized', 'throttled', 'unavailable']);

/** Whether a rule may take a status; `named` are the statuses it lists one by one. A class or a range names none. */
export function mayTake(kind: RuleKind, named: ReadonlySet<number>, status: number, stage: Stage): boolean {
  if (named.has(status)) return true;
  if (gateways.has(status) && stage !== 'lookup') return false;
  return temporary.has(kind) || !saysNothingOfTheLead(status);
}

export function evidenceOf(answer: Answer): { readonly status: number; readonly answerBytes: number } {
  return { status: answer.status, answerBytes: Buffer.byteLength(answer.text) };
}

/**
 * Answers no rule of the file takes. Never accepted: 401, 403 and 407 hold the destination, 429 waits, 408, 425 and 5xx are
 * tried again, after a gateway's 502 and 504 nobody knows, and everything else (2xx included) is unknown.
 */
export function lastResort(answer: Answer, stage: Stage, now: () => number): Outcome {
  const { status } = answer;
  const evidence = evidenceOf(answer);
  const reason = `HTTP_${status}`;
  const afterMs = waitOf(answer.headers['retry-after'], answer, now);
  const after = afterMs === undefined ? {} : { afterMs };
  if (credentials.has(status)) return { kind: 'unauthorized', reason, evidence };
  if (status === 429) return { kind: 'throttled', reason, ...after, evidence };
  if (gateways.has(status) && stage !== 'lookup')
    return { kind: 'unknown', reason, outage: true, ...after, evidence };
  if (passing.has(status) || status >= 500)
    return { kind: 'unavailable', reason, maybeReceived: stage !== 'lookup', ...after, evidence };
  return { kind: 'unknown', reason: `UNMATCHED_${status}`, evidence };
}
