// Finds the opt-ins that a request of a prospect names, and has them withdrawn: consents in the person's leads, objections for the
// person's mail addresses and phones.
// Invariant: this file chooses the opt-ins; withdrawals and the opposition list are written by their one path each.
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import { addressDigests, type Addresses, type OptIn } from '../../domain/opposition.ts';
import type { Sql } from '../../store/database.ts';
import { addressesOf, formerAddresses } from '../../store/people/oppositions.ts';
import { noteEffects, type Request } from '../../store/people/requests.ts';
import type { Reached } from '../../store/people/same-person.ts';
import { object, type Objection } from '../oppositions.ts';
import { withdrawWithin } from '../rights.ts';
import {
  requestName,
  counted,
  type RequestDeps,
  type Changed,
  type Effect,
  type SubjectLead,
  type Work,
} from './deps.ts';
import { toldAs } from '../../domain/requests.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { insertRecipients, receiversOf, type Receiver } from '../../store/people/request-recipients.ts';

export const optInsOf = ({ optIns }: Pick<Request, 'optIns'>): readonly OptIn[] =>
  optIns.split(' ').map((pair) => {
    const [purpose, channel] = pair.split('.') as [ConsentPurpose, ConsentChannel];
    return { purpose, channel };
  });

export async function withdrawOf(
  tx: Sql,
  deps: RequestDeps,
  { request, actor }: Work,
  { reference }: SubjectLead,
): Promise<Changed> {
  const optIns = optInsOf(request);
  const { others } = await withdrawWithin(tx, deps, {
    clientId: request.clientId,
    reference,
    optIns,
    actor,
    reason: requestName(request.id),
  });
  return { effects: counted('consents', 'state', optIns.length), isChanged: true, others };
}

export async function objectFor(
  tx: Sql,
  deps: RequestDeps,
  work: Work,
  { leadId }: SubjectLead,
): Promise<Changed> {
  const [addresses] = await addressesOf(tx, [leadId]);
  if (addresses === undefined) return { effects: [], isChanged: false, others: [] };
  const former = await formerAddresses(tx, leadId);
  const { effects, reached } = await objectWith(tx, deps, work, { addresses, former, leadId });
  return {
    effects,
    isChanged: reached.some((lead) => lead.leadId === leadId),
    others: reached.filter((lead) => lead.leadId !== leadId),
  };
}

/** Puts addresses on the client's opposition list for the request's opt-ins. */
async function objectWith(
  tx: Sql,
  deps: RequestDeps,
  { request, actor }: Work,
  of: Pick<Objection, 'addresses' | 'former' | 'leadId'>,
): Promise<{ readonly effects: readonly Effect[]; readonly reached: readonly Reached[] }> {
  const optIns = optInsOf(request);
  const reached = await object(tx, deps, {
    clientId: request.clientId,
    ...of,
    optIns,
    actor,
    reason: requestName(request.id),
  });
  const lines = addressDigests(deps.oppositionKey, request.clientId, of.addresses).length * optIns.length;
  const events = reached.reduce((sum, { pairs }) => sum + pairs.length, 0);
  return {
    effects: [...counted('oppositions', 'all', lines), ...counted('consents', 'state', events)],
    reached,
  };
}

/** The addresses the person gave, which may be on no lead. */
export async function objectWithAsked(
  tx: Sql,
  deps: RequestDeps,
  work: Work,
  given: readonly Addresses[],
): Promise<void> {
  for (const addresses of given) {
    const { effects, reached } = await objectWith(tx, deps, work, { addresses });
    await noteEffects(
      tx,
      work.request.id,
      effects.map((effect) => ({ leadId: 0, ...effect })),
    );
    await oweOthers(tx, work.request, 0, reached);
  }
}

// Records the recipients to notify of a request's change: those that received the lead.
// Invariant: a kind of request that notifies nobody adds none; a recipient is recorded once for each lead.

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
  for (const id of ids) {
    const receivers = await receiversOf(tx, id, request.kind);
    await owe(tx, request, { leadId: id, revision: locks.get(id)?.revision ?? 0 }, receivers);
  }
}
