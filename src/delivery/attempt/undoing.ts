// What is taken back of a delivery whose call was refused for good, and in which order: the last first.
// Invariant: only what this delivery itself made and nobody else stands on; a record that was there before (`duplicate`), or is
// another lead's too, stays.
import { reasonWith } from '../../domain/delivery.ts';
import { isUndo } from '../../domain/undo.ts';
import type { CallPlan } from '../../mapping/contract.ts';
import type { CallRow } from '../../store/calls.ts';
import type { Sql } from '../../store/database.ts';
import { codeOfAnswer, othersHave, wasDelivered } from '../../store/undone-calls.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { Stop, Stopped, Unwritable } from './stopped.ts';

/** A delivery between a refusal and its end. */
export interface Undoing {
  readonly outcome: 'refused' | 'invalid';
  /** The recipient's code. */
  readonly code: string;
  /** Names of the calls that are left to be taken back, in order. */
  readonly left: readonly string[];
}

/** Calls that would be taken back, were the next one refused. */
export const undoable = (own: readonly CallRow[], calls: readonly CallPlan[]): readonly CallRow[] =>
  calls
    .filter((call) => call.undo !== undefined)
    .flatMap(({ name }) => own.filter((row) => row.name === name && row.done && row.outcome === 'accepted'))
    .toReversed();

/** Undefined unless a call of this run was refused for good: the delivery would have ended with it, had it nothing to take back. */
export async function readUndoing(
  sql: Sql,
  row: ClaimedDelivery,
  own: readonly CallRow[],
  calls: readonly CallPlan[],
): Promise<Undoing | undefined> {
  const refused = own.find(
    (call) =>
      !isUndo(call.name) &&
      call.run === row.run &&
      !call.done &&
      !call.maybeReceived &&
      isRefusal(call.outcome),
  );
  if (refused === undefined || !isRefusal(refused.outcome)) return undefined;
  const left: string[] = [];
  const stays = row.run > 1 && (await wasDelivered(sql, row));
  for (const call of stays ? [] : undoable(own, calls))
    if (!(await othersHave(sql, row, call))) left.push(call.name);
  return { outcome: refused.outcome, code: await codeOfAnswer(sql, row, refused), left };
}

const isRefusal = (outcome: CallRow['outcome']): outcome is Undoing['outcome'] =>
  outcome === 'refused' || outcome === 'invalid';

/** All that could be taken back is: the delivery ends with the refusal that began it. @param leaves something of it stays there */
export const afterUndoing = ({ outcome, code }: Undoing, leaves: boolean, stop: Stop): Stopped => ({
  ...stop('failed', reasonWith(outcome, code)),
  refusal: { outcome, leaves },
});

/** An undo that cannot be written is one for a person. */
export const notUndone = (result: Unwritable, stop: Stop): Stopped =>
  result.why === 'category_not_authorised'
    ? stop('withheld', reasonWith('category_not_authorised', result.category))
    : stop('failed', reasonWith('undo_failed', result.why.toUpperCase()));
