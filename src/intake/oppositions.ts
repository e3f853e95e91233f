// Applies a client's opposition list to the leads that come in with one of its addresses.
// Invariant: in the transaction that accepts them, like a withdrawal of another lead; a later answer prevails.
import { ownReasons } from '../domain/names-in-text.ts';
import { addressDigests, oppositionSource } from '../domain/opposition.ts';
import type { ConsentRecord } from '../domain/lead.ts';
import type { Sql } from '../store/database.ts';
import {
  addressesOf,
  clientsWithOppositions,
  oppositionsOf,
  type LeadAddresses,
  type Opposition,
} from '../store/people/oppositions.ts';
import { repeatWithdrawals, type Reached, type Spreading } from '../store/people/same-person.ts';

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
  const digests = leads.map((lead) => ({
    leadId: lead.leadId,
    own: addressDigests(key, clientId, lead),
  }));
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
