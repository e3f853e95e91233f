// What a request takes back: a consent in the person's leads, or an objection that holds for their addresses.
// Invariant: by the one path of withdrawals and of the opposition list; this only says for which opt-ins.
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import { addressDigests, type Addresses } from '../../domain/opposition.ts';
import type { Sql } from '../../store/database.ts';
import { addressesOf } from '../../store/oppositions.ts';
import { noteEffects, type Request } from '../../store/requests.ts';
import type { Reached } from '../../store/same-person.ts';
import { object } from '../oppositions.ts';
import { withdrawWithin } from '../rights.ts';
import { requestName, type RequestDeps } from './deps.ts';
import { oweOthers } from './owed.ts';
import { counted, type Changed, type Effect, type SubjectLead, type Work } from './work.ts';

/** `purpose.channel`s of a request, by purpose. */
function optInsOf({
  optIns,
}: Pick<Request, 'optIns'>): ReadonlyMap<ConsentPurpose, readonly ConsentChannel[]> {
  const pairs = optIns.split(' ').map((pair) => pair.split('.') as [ConsentPurpose, ConsentChannel]);
  return new Map(
    [...Map.groupBy(pairs, ([purpose]) => purpose)].map(([purpose, all]) => [
      purpose,
      all.map(([, channel]) => channel),
    ]),
  );
}

export async function withdrawOf(
  tx: Sql,
  deps: RequestDeps,
  { request, actor }: Work,
  { reference }: SubjectLead,
): Promise<Changed> {
  const others: Reached[] = [];
  let events = 0;
  for (const [purpose, channels] of optInsOf(request)) {
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
  const { effects, reached } = await objectWith(tx, deps, work, addresses);
  return {
    effects,
    isChanged: reached.some((lead) => lead.leadId === leadId),
    others: reached.filter((lead) => lead.leadId !== leadId),
  };
}

/** Puts addresses on the client's list for what the request objects to. */
async function objectWith(
  tx: Sql,
  deps: RequestDeps,
  { request, actor }: Work,
  addresses: Addresses,
): Promise<{ readonly effects: readonly Effect[]; readonly reached: readonly Reached[] }> {
  const reached: Reached[] = [];
  let lines = 0;
  const digests = addressDigests(deps.oppositionKey, request.clientId, addresses).length;
  for (const [purpose, channels] of optInsOf(request)) {
    reached.push(
      ...(await object(tx, deps, {
        clientId: request.clientId,
        addresses,
        purpose,
        channels,
        actor,
        reason: requestName(request.id),
      })),
    );
    lines += digests * channels.length;
  }
  const events = reached.reduce((sum, { pairs }) => sum + pairs.length, 0);
  return {
    effects: [...counted('oppositions', 'all', lines), ...counted('consents', 'state', events)],
    reached,
  };
}

/** The addresses the person gave, which no lead may have. */
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
