// Records the recipients to notify of a request's change: those that received the lead.
// Invariant: a kind of request that notifies nobody adds none; a recipient is recorded once for each lead.
import { toldAs } from '../../domain/requests.ts';
import type { Sql } from '../../store/database.ts';
import { lockLeads } from '../../store/leads.ts';
import { insertRecipients, receiversOf, type Receiver } from '../../store/request-recipients.ts';
import type { Request } from '../../store/requests.ts';
import type { Reached } from '../../store/same-person.ts';

export async function owe(
  tx: Sql,
  { id, clientId, kind }: Request,
  { leadId, revision }: { readonly leadId: number; readonly revision: number },
  receivers: readonly Receiver[],
): Promise<void> {
  const action = toldAs[kind];
  if (action !== undefined)
    await insertRecipients(tx, { requestId: id, leadId, clientId, action, revision }, receivers);
}

/** The other leads it changed; each was changed once. */
export async function oweOthers(
  tx: Sql,
  request: Request,
  leadId: number,
  others: readonly Reached[],
): Promise<void> {
  const ids = [...new Set(others.map((other) => other.leadId))].filter((id) => id !== leadId);
  if (ids.length === 0) return;
  const locks = await lockLeads(tx, ids);
  for (const id of ids)
    await owe(tx, request, { leadId: id, revision: locks.get(id)?.revision ?? 0 }, await receiversOf(tx, id));
}
