// Stores the anonymous facts kept for statistics (C34), and reads their sources while the lead exists.
// Invariant: a fact has counts by month and bands, and no id; the leads to count are chosen before the first of them is deleted.
import type { FactCell, FactSource } from '../domain/retention-facts.ts';
import { inList, type Sql } from './database.ts';

export interface LeadSource extends FactSource {
  readonly leadId: number;
  /** Mail and phones, normalised so that equal ones are the same text. */
  readonly addresses: readonly string[];
}

/** Leads with personal data; erased ones are left out. */
export async function factSources(
  sql: Pick<Sql, 'all'>,
  leadIds: readonly number[],
): Promise<readonly LeadSource[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList(leadIds);
  const rows = await sql.all<
    Omit<LeadSource, 'addresses' | 'budget'> & {
      readonly budget: string | number | null;
      readonly email: string | null;
      readonly mobile: string | null;
      readonly landline: string | null;
    }
  >(
    `SELECT l.id AS leadId, l.collected_at AS collectedAt, o.departement, o.origin_type AS originType, j.housing_type AS housingType,
            j.rooms, COALESCE(j.budget_max, j.budget_min) AS budget, HEX(WEIGHT_STRING(p.email)) AS email, p.mobile, p.landline
       FROM leads l FORCE INDEX (PRIMARY) JOIN prospects p ON p.lead_id = l.id
       LEFT JOIN lead_origins o ON o.lead_id = l.id LEFT JOIN lead_projects j ON j.lead_id = l.id
      WHERE l.id IN (${marks}) AND l.erased_at IS NULL`,
    values,
  );
  return rows.map(({ email, mobile, landline, budget, ...row }) => ({
    ...row,
    budget: budget === null ? null : Number(budget),
    addresses: [email, mobile, landline].flatMap((address) => address || []),
  }));
}

export async function countFacts(tx: Sql, clientId: string, cells: readonly FactCell[]): Promise<void> {
  for (const { month, departement, media, typology, budget } of cells)
    await tx.run(
      `INSERT INTO lead_facts (client_id, month, departement, media, typology, budget, requests) VALUES (?, ?, ?, ?, ?, ?, 1)
       ON DUPLICATE KEY UPDATE requests = requests + 1`,
      [clientId, month, departement, media, typology, budget],
    );
}

/** Deletes the cells of a client that count fewer leads than `least`, after a run: some leads may have come back meanwhile. */
export async function dropSmallCells(tx: Sql, clientId: string, least: number): Promise<void> {
  await tx.run('DELETE FROM lead_facts WHERE client_id = ? AND requests < ?', [clientId, least]);
}
