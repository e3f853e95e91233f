// Applies refusals, withdrawals and grants of a batch to the other leads of the same person at the same client.
// Invariant: in the transaction that accepts the rows, so that no delivery is ever planned between the two.
import { isNo } from '../domain/consent.ts';
import type { Sql } from '../store/database.ts';
import type { RowId } from '../store/intake/intake-take.ts';
import { nameKey } from '../store/leads/lead-writes.ts';
import type { Coming } from '../store/leads/client-lists.ts';
import {
  markWithdrawn,
  spreadWithdrawals,
  repeatWithdrawals,
  type Reached,
  type Spreading,
} from '../store/people/same-person.ts';
import type { Candidate, LockedDeps } from './batch.ts';
import type { CheckedRow } from './contract.ts';
import { ownReasons } from '../domain/names-in-text.ts';
import { addressDigests, oppositionSource, type Addresses } from '../domain/opposition.ts';
import type { ConsentRecord } from '../domain/lead.ts';
import {
  addressesOf,
  clientsWithOppositions,
  oppositionsOf,
  type LeadAddresses,
  type Opposition,
  keepFormerAddresses,
} from '../store/people/oppositions.ts';

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

// Applies a client's opposition list to the leads that come in with one of its addresses.
// Invariant: in the transaction that accepts them, like a withdrawal of another lead; a later answer prevails.

/** Records the list's oppositions in these leads, where they change an answer. */
export async function applyOppositions(
  tx: Sql,
  key: Buffer,
  leadIds: readonly number[],
  at: Pick<Spreading, 'snapshot' | 'actor'>,
): Promise<readonly Reached[]> {
  if (leadIds.length === 0) return [];
  const addresses = await addressesOf(tx, leadIds);
  const listed = await clientsWithOppositions(
    tx,
    addresses.map(({ clientId }) => clientId),
  );
  const said = new Map<number, readonly ConsentRecord[]>();
  for (const [clientId, leads] of Map.groupBy(addresses, (lead) => lead.clientId))
    if (listed.has(clientId))
      for (const [leadId, events] of await saidOf(tx, key, clientId, leads)) said.set(leadId, events);
  if (said.size === 0) return [];
  return repeatWithdrawals(tx, { ...at, purpose: ownReasons.oppositionList }, said);
}

async function saidOf(
  tx: Sql,
  key: Buffer,
  clientId: string,
  leads: readonly LeadAddresses[],
): Promise<ReadonlyMap<number, readonly ConsentRecord[]>> {
  const digests = leads.map((lead) => ({ leadId: lead.leadId, own: addressDigests(key, clientId, lead) }));
  const found = await oppositionsOf(
    tx,
    clientId,
    digests.flatMap(({ own }) => own),
  );
  const byDigest = Map.groupBy(found, ({ digest }) => digest.toString('hex'));
  return new Map(
    digests.flatMap(({ leadId, own }) => {
      const events = own.flatMap((digest) => byDigest.get(digest.toString('hex')) ?? []).map(eventOf);
      return events.length === 0 ? [] : [[leadId, events] as const];
    }),
  );
}

const eventOf = ({ purpose, channel, recordedAt, receipt }: Opposition): ConsentRecord => ({
  purpose,
  channel,
  state: 'withdrawn',
  recordedAt,
  receipt,
  source: oppositionSource,
});

// Keeps the keyed digest of an address before a correction changes or clears it, so that an erasure covers every address of a lead.
// Invariant: no address is kept in clear, and the digests are deleted with the lead; each correction of a batch keeps its previous address.

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
