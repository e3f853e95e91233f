// Finds the facts shown beside a right of a prospect: other leads of the person, recipients to notify in writing.
// Invariant: reads only; references and names of destinations, nothing of the person.
import { actionsOf } from '../delivery/planning/plan-change.ts';
import { findClient, findDestination } from '../store/destinations/destinations.ts';
import { readLeads } from '../store/leads/leads.ts';
import { receiversOf } from '../store/people/request-recipients.ts';
import { refusedOfReference } from '../store/people/refused-of-person.ts';
import { sharedAddresses } from '../store/people/same-address.ts';
import { leadsNamed } from '../store/leads/support-leads.ts';
import type { SupportPlace } from './place.ts';
import { splitReason } from '../domain/delivery.ts';
import type { Sql } from '../store/database.ts';
import type { ListedDelivery } from '../store/deliveries/delivery-lists.ts';

interface Named {
  readonly clientId: string;
  readonly reference: string;
}
type Place = Pick<SupportPlace, 'database'>;

/**
 * `rows`: refused rows alone, or beside an erased lead. `unknown`: refused rows under a client that does not exist, for which no request
 * can be opened. `nothing`: also an erased lead alone.
 */
export type HeldAs = 'lead' | 'rows' | 'unknown' | 'nothing';
export async function heldAs({ database }: Place, name: Named): Promise<HeldAs> {
  const { clientId, reference } = name;
  const [lead] = await leadsNamed(database, [clientId], reference);
  if (lead !== undefined && !lead.erased) return 'lead';
  if ((await refusedOfReference(database, name)).length === 0) return 'nothing';
  return (await findClient(database, clientId)) === undefined ? 'unknown' : 'rows';
}

/** References of the client's other leads with an e-mail or a phone of this one, erased leads apart; fifty at most. */
export async function sharingAddress(
  { database }: Place,
  { clientId, reference }: Named,
): Promise<readonly string[]> {
  const [lead] = await leadsNamed(database, [clientId], reference);
  if (lead === undefined) return [];
  const ids = (await sharedAddresses(database, [lead.id], 'all')).flatMap((shared) => shared.all);
  const others = [...new Set(ids)].filter((id) => id !== lead.id).slice(0, 50);
  return [...(await readLeads(database, others)).values()].map(({ lead: other }) => other.reference);
}

interface ToldByHand {
  readonly destinations: readonly string[];
  /** The client's contact for rights. */
  readonly contact: string | undefined;
}

/** Recipients of the lead that take no such delivery: a person notifies them in writing. */
export async function toldByHand(
  { database, published }: Pick<SupportPlace, 'database' | 'published'>,
  { clientId, reference }: Named,
  action: 'update' | 'erase',
): Promise<ToldByHand> {
  const [lead] = await leadsNamed(database, [clientId], reference);
  const kind = action === 'erase' ? 'erasure' : 'withdrawal';
  const receivers = lead === undefined ? [] : await receiversOf(database, lead.id, kind);
  const destinations: string[] = [];
  for (const { destinationId: id } of receivers) {
    const destination = await findDestination(database, id);
    const mapping = await published.version(destination?.mappingVersionId ?? 0);
    const takes = mapping !== undefined && actionsOf(mapping).includes(action);
    if (destination?.status === 'archived' || !takes) destinations.push(id);
  }
  const client = destinations.length === 0 ? undefined : await findClient(database, clientId);
  return { destinations, contact: client?.contacts.rights };
}

// Finds the client's contact for a change or erasure that a recipient cannot receive by machine.
// Invariant: a contact of the client, from its own client.yaml; never a prospect.

/** Undefined where no letter is needed, or the client names no contact. */
export async function rightsContact(
  sql: Sql,
  { state, reason, clientId }: Pick<ListedDelivery, 'state' | 'reason' | 'clientId'>,
): Promise<string | undefined> {
  const byHand = ['manual_erasure_required', 'manual_update_required'];
  if (state !== 'failed' || !byHand.includes(splitReason(reason).base)) return undefined;
  return contactOf(sql, clientId);
}

/** The mailbox that a client names for rights and for its notes. */
export const contactOf = async (sql: Sql, clientId: string): Promise<string | undefined> =>
  (await findClient(sql, clientId))?.contacts.rights;
