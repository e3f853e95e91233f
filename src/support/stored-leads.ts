// Reads leads of the database for tools that show or try a mapping on them.
// Invariant: a look at one lead in clear is in the hand-over log first, with actor and reason (C39); many are only counted over.
import type { Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { erasedLead, unknownLead } from '../errors/unknown.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import type { Database, Sql } from '../store/database.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { readLeads } from '../store/leads/leads.ts';
import { latestLeads, leadsNamed } from '../store/leads/support-leads.ts';
import type { Actor } from './replay.ts';

/** @throws FIND-001, LEAD-004 for an erased one */
export async function storedLead(
  database: Database,
  { clientId, reference }: { readonly clientId: string; readonly reference: string },
  by: Actor & { readonly entries: readonly ('looked_up' | 'revealed')[] },
): Promise<Lead> {
  const [found] = await leadsNamed(database, [clientId], reference);
  if (found === undefined) throw unknownLead(clientId, reference);
  if (found.erased) throw erasedLead(reference);
  const { actor, reason: purpose } = by;
  await database.transaction((tx) =>
    appendHandovers(
      tx,
      by.entries.map((entry) => ({ entry, clientId, leadId: found.id, actor, purpose })),
    ),
  );
  const read = (await readLeads(database, [found.id])).get(found.id);
  if (read?.restricted === true)
    throw new RelaisError('LEAD-006', [
      `Le traitement du lead ${reference} est limité.`,
      `Processing of lead ${reference} is restricted.`,
    ]);
  const lead = read?.lead;
  if (lead === undefined) throw erasedLead(reference);
  return lead;
}

/** The newest leads of a destination, newest first; erased ones and restricted ones left out. */
export async function newestLeads(
  sql: Sql,
  { clientId, destinationId }: Pick<CompiledMapping, 'clientId' | 'destinationId'>,
  last: number,
): Promise<readonly Lead[]> {
  const ids = await latestLeads(sql, clientId, destinationId, last);
  const found = await readLeads(sql, ids);
  return ids.flatMap((id) => {
    const read = found.get(id);
    return read === undefined || read.lead.erasedAt !== undefined || read.restricted === true
      ? []
      : [read.lead];
  });
}

/** An entry for each lead that is shown in clear. */
export const noteRevealed = (
  database: Database,
  leads: readonly Lead[],
  { actor, reason }: Actor,
): Promise<void> =>
  database.transaction((tx) =>
    appendHandovers(
      tx,
      leads.map(({ clientId, id: leadId }) => ({
        entry: 'revealed' as const,
        clientId,
        leadId,
        actor,
        purpose: reason,
      })),
    ),
  );
