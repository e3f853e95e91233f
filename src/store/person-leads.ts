// Heads of leads: what names a lead of a person without saying anything of the person.
// Invariant: reads only; nothing of the person is read.
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
