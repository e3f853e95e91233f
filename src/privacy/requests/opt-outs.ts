// Finds the opt-ins that a request of a prospect names, and has them withdrawn: consents in the person's leads, objections for the
// person's mail addresses and phones.
// Invariant: this file chooses the opt-ins; withdrawals and the opposition list are written by their one path each.
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import { addressDigests, type Addresses, type OptIn } from '../../domain/opposition.ts';
import type { Sql } from '../../store/database.ts';
import { addressesOf, formerAddresses } from '../../store/oppositions.ts';
import { noteEffects, type Request } from '../../store/requests.ts';
import type { Reached } from '../../store/same-person.ts';
import { object } from '../oppositions.ts';
import { withdrawWithin } from '../rights.ts';
import { requestName, type RequestDeps } from './deps.ts';
import { oweOthers } from './owed.ts';
import { counted, type Changed, type Effect, type SubjectLead, type Work } from './work.ts';

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
  const others: Reached[] = [];
  let events = 0;
  for (const [purpose, optIns] of Map.groupBy(optInsOf(request), (optIn) => optIn.purpose)) {
    const channels = optIns.map(({ channel }) => channel);
    const done = await withdrawWithin(tx, deps, {
      clientId: request.clientId,
      reference,
      purpose,
      channels,
      actor,
      reason: requestName(request.id),
    });
    others.push(...done.others);
    events += channels.length;
  }
  return { effects: counted('consents', 'state', events), isChanged: true, others };
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
  const { effects, reached } = await objectWith(tx, deps, work, addresses, former);
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
  addresses: Addresses,
  former: readonly Buffer[] = [],
): Promise<{ readonly effects: readonly Effect[]; readonly reached: readonly Reached[] }> {
  const optIns = optInsOf(request);
  const reached = await object(tx, deps, {
    clientId: request.clientId,
    addresses,
    former,
    optIns,
    actor,
    reason: requestName(request.id),
  });
  const lines = addressDigests(deps.oppositionKey, request.clientId, addresses).length * optIns.length;
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
    const { effects, reached } = await objectWith(tx, deps, work, addresses);
    await noteEffects(
      tx,
      work.request.id,
      effects.map((effect) => ({ leadId: 0, ...effect })),
    );
    await oweOthers(tx, work.request, 0, reached);
  }
}
