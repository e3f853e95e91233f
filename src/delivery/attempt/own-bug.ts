// Our own bugs, distinguished from what the database or an operator has to mend.
// Invariant: a bug ends what it meets with a reason; an outage is thrown on, and the same is tried again later.
import { foreignCode, isRelaisError } from '../../errors.ts';
import { SqlFailure } from '../../store/database.ts';

export type OrBroken<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string };

/** @throws whatever is no bug of ours: errors of the catalogue, failures of the database */
export async function orBroken<T>(work: () => T | Promise<T>): Promise<OrBroken<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (isRelaisError(error) || error instanceof SqlFailure) throw error;
    return { ok: false, code: foreignCode(error) };
  }
}
