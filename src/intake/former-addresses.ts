// Before a correction changes or clears an address, its keyed digest is kept with the lead: an erasure opposes every address it ever had.
// Invariant: no address stands there, and what is kept goes with the lead; corrections of one batch each keep what stood before them.
import { addressDigests, type Addresses } from '../domain/opposition.ts';
import type { Sql } from '../store/database.ts';
import { addressesOf, keepFormerAddresses } from '../store/oppositions.ts';
import type { CheckedRow } from './row.ts';

const addresses = ['email', 'mobile', 'landline'] as const;

/** Whether a correction takes an address from its lead, or gives it another. */
export const partsFromAddress = ({ kind, fields, clear }: CheckedRow): boolean =>
  kind === 'correction' && addresses.some((name) => fields[name] !== undefined || clear.includes(name));

/** @param applied rows in their order; the leads are locked, and as they were before them */
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
