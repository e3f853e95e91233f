// Keeps the keyed digest of an address before a correction changes or clears it, so that an erasure covers every address of a lead.
// Invariant: no address is kept in clear, and the digests are deleted with the lead; each correction of a batch keeps its previous address.
import { addressDigests, type Addresses } from '../domain/opposition.ts';
import type { Sql } from '../store/database.ts';
import { addressesOf, keepFormerAddresses } from '../store/people/oppositions.ts';
import type { CheckedRow } from './contract.ts';

const addresses = ['email', 'mobile', 'landline'] as const;

/** True where a correction changes or removes an address of its lead. */
export const partsFromAddress = ({ kind, fields, clear }: CheckedRow): boolean =>
  kind === 'correction' && addresses.some((name) => fields[name] !== undefined || clear.includes(name));

/** @param applied rows in their order; the leads are locked and not changed yet */
export async function keepAddresses(
  tx: Sql,
  key: Buffer,
  applied: readonly {
    readonly row: CheckedRow;
    readonly state: { readonly id: number; readonly clientId: string };
  }[],
): Promise<void> {
  const parting = applied.filter(({ row }) => partsFromAddress(row));
  if (parting.length === 0) return;
  const before = await addressesOf(tx, [...new Set(parting.map(({ state }) => state.id))]);
  const standing = new Map<number, Addresses>(before.map((lead) => [lead.leadId, lead]));
  const former = parting.flatMap(({ row, state: { id, clientId } }) => {
    const had = standing.get(id) ?? {};
    const kept = addressDigests(key, clientId, had).map((digest) => ({ leadId: id, clientId, digest }));
    standing.set(id, corrected(had, row));
    return kept;
  });
  await keepFormerAddresses(tx, former);
}

function corrected(had: Addresses, { fields, clear }: CheckedRow): Addresses {
  const now: { email?: string; mobile?: string; landline?: string } = {};
  for (const name of addresses) {
    const value = clear.includes(name) ? undefined : (fields[name] ?? had[name]);
    if (typeof value === 'string') now[name] = value;
  }
  return now;
}
