// Reads the heads of leads (reference, channel, dates; nothing personal), and the names of their persons for comparison.
// Invariant: reads only; a name is shown only when the log has an entry of the look.
import type { PersonName } from '../domain/person-name.ts';
import { inList, insertGroups, type Sql } from './database.ts';

export interface LeadHead {
  readonly leadId: number;
  readonly reference: string;
  readonly channel: string;
  readonly collectedAt: Date;
  readonly erasedAt: Date | null;
}

/** Oldest first; ids that are no lead are left out. */
export async function leadHeads(sql: Sql, ids: readonly number[]): Promise<readonly LeadHead[]> {
  const heads: LeadHead[] = [];
  for (const part of insertGroups(ids)) {
    const { marks, values } = inList(part);
    heads.push(
      ...(await sql.all<LeadHead>(
        `SELECT id AS leadId, reference, channel, collected_at AS collectedAt, erased_at AS erasedAt
           FROM leads FORCE INDEX (PRIMARY) WHERE id IN (${marks})`,
        values,
      )),
    );
  }
  return heads.sort((a, b) => a.leadId - b.leadId);
}

/** By lead; an erased lead has none. */
export async function namesOfLeads(
  sql: Sql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, PersonName>> {
  const names = new Map<number, PersonName>();
  for (const part of insertGroups(ids)) {
    const { marks, values } = inList(part);
    const rows = await sql.all<{ id: number; lastName: string | null; firstName: string | null }>(
      `SELECT lead_id AS id, last_name AS lastName, first_name AS firstName
         FROM prospects FORCE INDEX (PRIMARY) WHERE lead_id IN (${marks})`,
      values,
    );
    for (const { id, lastName, firstName } of rows)
      names.set(id, { lastName: lastName ?? '', firstName: firstName ?? '' });
  }
  return names;
}
