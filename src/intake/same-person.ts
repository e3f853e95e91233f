// Withdrawals and grants of a batch, for the other leads of the same person at the same client.
// Invariant: in the transaction that takes the rows in, so that no delivery is ever planned between the two.
import type { Sql } from '../store/database.ts';
import { markWithdrawn, spreadWithdrawals } from '../store/same-person.ts';
import type { Candidate, SettleDeps } from './batch.ts';
import type { CheckedRow } from './row.ts';

const addresses = ['email', 'mobile', 'landline'] as const;

const says = (row: CheckedRow, state: 'granted' | 'withdrawn'): boolean =>
  row.consents.some((one) => one.state === state);

const changesAddress = (row: CheckedRow): boolean =>
  row.kind === 'correction' && addresses.some((name) => row.fields[name] !== undefined);

/** Whether a row may change what other leads of its person say: then no other row of that client is taken in beside it. */
export const takesAlone = (row: CheckedRow): boolean => says(row, 'withdrawn') || changesAddress(row);

export async function tellSamePerson(
  tx: Sql,
  { snapshot }: Pick<SettleDeps, 'snapshot'>,
  accepted: readonly { readonly candidate: Candidate; readonly leadId: number }[],
): Promise<void> {
  const leadsOf = (wanted: (row: CheckedRow) => boolean): readonly number[] => [
    ...new Set(accepted.filter((one) => wanted(one.candidate.row)).map((one) => one.leadId)),
  ];
  await markWithdrawn(
    tx,
    leadsOf((row) => says(row, 'withdrawn')),
  );
  await spreadWithdrawals(tx, {
    touched: leadsOf((row) => says(row, 'granted') || changesAddress(row)),
    origins: leadsOf(takesAlone),
    snapshot,
    actor: 'intake',
    purpose: '',
  });
}
