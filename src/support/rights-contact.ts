// Finds the client's contact for a change or erasure that a recipient cannot receive by machine.
// Invariant: a contact of the client, from its own client.yaml; never a prospect.
import { splitReason } from '../domain/delivery.ts';
import type { Sql } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import type { ListedDelivery } from '../store/delivery-lists.ts';

/** Undefined where no letter is needed, or the client names no contact. */
export async function rightsContact(
  sql: Sql,
  { state, reason, clientId }: Pick<ListedDelivery, 'state' | 'reason' | 'clientId'>,
): Promise<string | undefined> {
  const byHand = ['manual_erasure_required', 'manual_update_required'];
  if (state !== 'failed' || !byHand.includes(splitReason(reason).base)) return undefined;
  return (await findClient(sql, clientId))?.contacts.rights;
}
