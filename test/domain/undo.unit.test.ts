// What follows a refusal behind calls that were accepted, and what an undo comes to.
import type { Outcome } from '../../connectors/contract.ts';
import {
  decideUndo,
  isUndo,
  longestUndoable,
  undoName,
  undoneBy,
  decide,
  type AttemptSituation,
  type RetryPolicy,
} from '../../src/domain/verdict.ts';

const policy: RetryPolicy = {
  delays: [5_000],
  onUnknown: 'resend',
  maxRetryAfterMs: 3_600_000,
  pendingForMs: 86_400_000,
  pendingEveryMs: 900_000,
};
const at: AttemptSituation = {
  spent: 1,
  circuitClosed: true,
  maybeReceived: false,
  hasLookup: false,
  pendingSinceMs: 0,
};
const refused: Outcome = { kind: 'refused', reason: 'CLOSED' };
const half = (): number => 0.5;

test.each<[string, Outcome, Partial<AttemptSituation>, string]>([
  ['a refusal', refused, {}, 'undo'],
  ['what does not fit', { kind: 'invalid', reason: 'E1' }, {}, 'undo'],
  ['a refusal of what may have arrived before', refused, { maybeReceived: true }, 'fail'],
  ['a refusal by some of its targets', { kind: 'refused', reason: 'CLOSED', partly: true }, {}, 'fail'],
  ['a refusal with nothing to take back', refused, { undoes: false }, 'fail'],
  ['an answer that never came', { kind: 'unknown', reason: 'TIMEOUT' }, {}, 'retry'],
  [
    'tries that ran out',
    { kind: 'unavailable', reason: 'HTTP_503', maybeReceived: false },
    { spent: 2 },
    'fail',
  ],
])('%s is followed by %s', (_what, outcome, over, next) => {
  expect(decide(outcome, { ...at, undoes: true, ...over }, policy, half).verdict.next).toBe(next);
});

test.each<[string, Outcome, Partial<AttemptSituation>, Partial<RetryPolicy>, unknown]>([
  ['accepted', { kind: 'accepted' }, {}, {}, { next: 'continue', reason: 'undoing' }],
  ['gone already', { kind: 'duplicate' }, {}, {}, { next: 'continue', reason: 'undoing' }],
  ['refused', refused, {}, {}, { next: 'fail', reason: 'undo_failed:CLOSED' }],
  [
    'refused without a code',
    { kind: 'refused', reason: '' },
    {},
    {},
    { next: 'fail', reason: 'undo_failed:REFUSED' },
  ],
  [
    'never answered',
    { kind: 'unknown', reason: 'TIMEOUT' },
    { spent: 2 },
    {},
    { next: 'fail', reason: 'undo_failed:EXHAUSTED.TIMEOUT' },
  ],
  [
    'of unknown outcome, and not to be said twice',
    { kind: 'unknown', reason: 'TIMEOUT' },
    {},
    { onUnknown: 'hold' },
    { next: 'hold', reason: 'unknown_hold:TIMEOUT' },
  ],
  ['to be decided later', { kind: 'pending' }, {}, {}, { next: 'hold', reason: 'unknown_hold:PENDING' }],
])('an undo that is %s', (_what, outcome, over, rules, verdict) => {
  expect(decideUndo(outcome, { ...at, ...over }, { ...policy, ...rules }, half).verdict).toEqual(verdict);
});

test('an undo has a name that no call can have, and that the log has room for', () => {
  expect(undoName('person')).toBe('undo-person');
  expect(undoneBy('undo-person')).toBe('person');
  expect(isUndo('undo_person')).toBe(false);
  expect(undoName('x'.repeat(longestUndoable))).toHaveLength(24);
});
