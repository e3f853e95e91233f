// What an outcome means for the call it belongs to, where a delivery needs several: done, open, or taken back.
// Invariant: what an undo took back is there no more, and an undo itself leaves nothing there.
import type { Captured } from '../../../connectors/contract.ts';
import { undoneBy } from '../../domain/undo.ts';
import type { Decision, Verdict } from '../../domain/verdict.ts';
import type { Attempted, OutcomeEffects } from './attempt.ts';
import type { ClaimedDelivery } from './claim.ts';

export const capturesOf = ({ outcome }: Attempted): Captured =>
  'captures' in outcome && outcome.captures !== undefined ? outcome.captures : {};

export function noteCall(
  row: ClaimedDelivery,
  name: string,
  { verdict, maybeReceived }: Decision,
  attempted: Attempted,
  work: OutcomeEffects,
): void {
  const { outcome } = attempted;
  const isOver = verdict.next === 'done' || verdict.next === 'continue';
  const undone = undoneBy(name);
  work.calls.push({
    deliveryId: row.id,
    name,
    outcome: outcome.kind,
    // An undo makes nothing that could be there; while its outcome is open, the call is not said to be gone.
    maybeReceived: maybeReceived && (undone === undefined || !isOver),
    done: isOver && undone === undefined,
    captures: undone === undefined ? capturesOf(attempted) : {},
  });
  if (isOver && undone !== undefined) work.undone.push({ deliveryId: row.id, name: undone });
  if (verdict.next !== 'continue' && verdict.next !== 'undo') return;
  (attempted.call?.isReread === true ? work.again : work.next).push(row.id);
}

/** Whether a verdict costs one of the tries of what was sent. */
export function spends(verdict: Verdict): boolean {
  switch (verdict.next) {
    case 'retry':
      return verdict.spend;
    case 'pending':
    case 'continue':
    case 'undo':
      return false;
    case 'done':
    case 'fail':
    case 'hold':
      return true;
  }
}
