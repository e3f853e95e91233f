// What follows an outcome of one of several calls: the file's own policy, with what the call says.
// Invariant: an answer that says yes without the id it must give is never sent again blindly.
import type { Outcome } from '../../../connectors/contract.ts';
import type { RetryPolicy } from '../../domain/verdict.ts';
import { captureMissing } from '../../mapping/calls/parts.ts';
import type { CallPlan } from '../../mapping/contract.ts';

/**
 * The file's own policy, with what this call says. An answer that says yes without the id the next call needs is never
 * sent again blindly: it would make a second one.
 */
export function policyOf(
  base: RetryPolicy,
  call: Pick<CallPlan, 'onUnknown' | 'hasLookup'>,
  outcome: Outcome,
  asked: boolean,
): RetryPolicy {
  if (outcome.kind === 'unknown' && outcome.reason === captureMissing)
    return { ...base, onUnknown: call.hasLookup && !asked ? 'lookup' : 'hold' };
  return { ...base, onUnknown: call.onUnknown };
}
