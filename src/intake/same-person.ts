// Applies refusals, withdrawals and grants of a batch to the other leads of the same person at the same client.
// Invariant: in the transaction that accepts the rows, so that no delivery is ever planned between the two.
import { isNo } from '../domain/consent.ts';
import type { Sql } from '../store/database.ts';
import type { RowId } from '../store/intake/intake-take.ts';
import { nameKey } from '../store/leads/lead-writes.ts';
import type { Coming } from '../store/leads/client-lists.ts';
import { markWithdrawn, spreadWithdrawals } from '../store/people/same-person.ts';
import type { Candidate, LockedDeps } from './batch.ts';
import { partsFromAddress } from './former-addresses.ts';
import { applyOppositions } from './oppositions.ts';
import type { CheckedRow } from './contract.ts';

const addresses = ['email', 'mobile', 'landline'] as const;

const saysNo = (row: CheckedRow): boolean => row.consents.some(isNo);
const saysYes = (row: CheckedRow): boolean => row.consents.some(({ state }) => state === 'granted');

const changesAddress = (row: CheckedRow): boolean =>
  row.kind === 'correction' && addresses.some((name) => row.fields[name] !== undefined);

/**
 * True for a row that may change the answers of other leads of its person, or the lists by which they are found: no other row of that
 * client is accepted beside it.
 */
export const takesAlone = (row: CheckedRow): boolean =>
  saysNo(row) || (row.kind === 'correction' && partsFromAddress(row));

/**
 * Rows that wait for the next round: a correction that removes an address from a lead comes after the withdrawals that reached the lead
 * by it, and later answers of that lead come after the correction.
 */
export function afterWithdrawals(candidates: readonly Candidate[]): ReadonlySet<RowId> {
  const waits = new Set<RowId>();
  if (candidates.every(({ row }) => row.kind === 'lead')) return waits;
  const withdrew = new Set<string>();
  const parted = new Set<string>();
  for (const { id, row } of candidates.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const parts = withdrew.has(row.clientId) && partsFromAddress(row);
    if (row.kind !== 'lead' && (parts || parted.has(nameKey(row)))) {
      parted.add(nameKey(row));
      waits.add(id);
    }
    if (saysNo(row)) withdrew.add(row.clientId);
  }
  return waits;
}

type Accepted = readonly { readonly candidate: Candidate; readonly leadId: number }[];

const leadsAmong = (accepted: Accepted, wanted: (row: CheckedRow) => boolean): readonly number[] => [
  ...new Set(accepted.filter((change) => wanted(change.candidate.row)).map((change) => change.leadId)),
];

/** True where no answer of these rows applies to another lead, and no answer of another lead or of a list to theirs. */
export function concernsNoOther({ lists }: Pick<LockedDeps, 'lists'>, accepted: Accepted): boolean {
  if (lists.oppositions || lists.formerAddresses || lists.withdrawn) return false;
  return !accepted.some(({ candidate: { row } }) => takesAlone(row) || (row.kind !== 'lead' && saysYes(row)));
}

/** Addresses of new leads with a grant: an answer of another lead may apply to it. */
export function comingAddresses(candidates: readonly Candidate[]): Omit<Coming, 'names'> {
  const emails = new Set<string>();
  const phones = new Set<string>();
  for (const { row } of candidates)
    for (const name of row.kind === 'lead' && saysYes(row) ? addresses : []) {
      const address = row.fields[name];
      if (typeof address === 'string') (name === 'email' ? emails : phones).add(address);
    }
  return { emails: [...emails], phones: [...phones] };
}

export async function tellSamePerson(
  tx: Sql,
  { snapshot, oppositionKey, lists }: Pick<LockedDeps, 'snapshot' | 'oppositionKey' | 'lists'>,
  accepted: Accepted,
): Promise<void> {
  const leadsOf = (wanted: (row: CheckedRow) => boolean): readonly number[] => leadsAmong(accepted, wanted);
  await markWithdrawn(tx, leadsOf(saysNo));
  const touched = leadsOf((row) => saysYes(row) || changesAddress(row));
  if (lists.oppositions)
    // Includes every new lead, whatever its consents: the list applies to the person.
    await applyOppositions(
      tx,
      oppositionKey,
      leadsOf((row) => row.kind === 'lead' || saysYes(row) || changesAddress(row)),
      { snapshot, actor: 'intake' },
    );
  await spreadWithdrawals(tx, {
    touched,
    origins: leadsOf((row) => saysNo(row) || changesAddress(row)),
    oppositionKey,
    snapshot,
    actor: 'intake',
    purpose: '',
  });
}
