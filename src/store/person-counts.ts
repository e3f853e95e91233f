// Counts the data of a person in each table of a lead, for the report of an erasure.
// Invariant: counts and names of columns; no value is read.
import type { Sql } from './database.ts';
import { blankedColumns, tablesOfThePerson } from './rights.ts';

export interface TableCount {
  readonly table: string;
  /** `all` when rows are deleted whole, else the columns that have a value. */
  readonly columns: string;
  readonly rows: number;
}

export async function personCounts(sql: Sql, leadId: number): Promise<readonly TableCount[]> {
  const counts: TableCount[] = [];
  for (const table of tablesOfThePerson) {
    const [row] = await sql.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE lead_id = ?`, [
      leadId,
    ]);
    if (row !== undefined && row.n > 0) counts.push({ table, columns: 'all', rows: row.n });
  }
  const [own] = await sql.all<Record<string, number>>(
    `SELECT ${blankedColumns.map((column) => `${column} IS NOT NULL AS ${column}`).join(', ')} FROM leads WHERE id = ?`,
    [leadId],
  );
  const filled = Object.entries(own ?? {}).flatMap(([column, isFilled]) => (isFilled === 1 ? [column] : []));
  return filled.length === 0 ? counts : [...counts, { table: 'leads', columns: filled.join(' '), rows: 1 }];
}
