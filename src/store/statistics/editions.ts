// Writes and reads the statistics themselves, in a schema of their own: months, words of closed lists, rounded counts.
// Invariant: nothing here names a client, a person or a moment; a month is written once, whole, and only ever loses cells.
import { reports, type Cell, type PublishedCell } from '../../domain/statistics.ts';
import type { Database, ReadOnlySql, Sql } from '../database.ts';
import { accountFacts } from '../server-facts.ts';
import type { IssuedCell } from './counting.ts';
import { insertRows } from '../columns.ts';

const tables = [
  `CREATE TABLE IF NOT EXISTS editions (
     month CHAR(7) NOT NULL, PRIMARY KEY (month)
   ) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  `CREATE TABLE IF NOT EXISTS cells (
     month CHAR(7) NOT NULL, report VARCHAR(24) NOT NULL, category VARCHAR(48) NOT NULL, class VARCHAR(24) NOT NULL,
     persons INT UNSIGNED NOT NULL, PRIMARY KEY (month, report, category, class)
   ) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
];

/** Makes the two tables where they are missing. Runs under the statistics writer. */
export async function makeTables(writer: Pick<Database, 'text'>): Promise<void> {
  for (const table of tables) await writer.text(table);
}

export async function hasEdition(writer: ReadOnlySql, month: string): Promise<boolean> {
  return (await writer.all('SELECT 1 FROM editions WHERE month = ?', [month])).length > 0;
}

/** @throws SqlFailure 1062 where the month is written */
export async function writeEdition(
  tx: Sql,
  month: string,
  cells: readonly Omit<PublishedCell, 'clients'>[],
): Promise<void> {
  await insertRows(tx, 'editions', [{ month }]);
  await insertRows(
    tx,
    'cells',
    cells.map(({ report, category, class: of, persons }) => ({
      month,
      report,
      category,
      class: of,
      persons,
    })),
  );
}

export async function deleteCells(tx: Sql, cells: readonly IssuedCell[]): Promise<void> {
  for (const { month, report, category, class: of } of cells)
    await tx.run('DELETE FROM cells WHERE month = ? AND report = ? AND category = ? AND class = ?', [
      month,
      report,
      category,
      of,
    ]);
}

export interface IssuedCount extends Cell {
  readonly month: string;
  readonly persons: number;
}

export interface Issued {
  /** Oldest first. */
  readonly months: readonly string[];
  /** In the order of months, tables and their dimensions. */
  readonly cells: readonly IssuedCount[];
}

/** The editions from one month to another, both included. Runs under the statistics reader. */
export async function readEditions(reader: ReadOnlySql, from: string, until: string): Promise<Issued> {
  const months = await reader.all<{ month: string }>(
    'SELECT month FROM editions WHERE month >= ? AND month <= ? ORDER BY month',
    [from, until],
  );
  const cells = await reader.all<IssuedCount>(
    `SELECT month, report, category, class, persons FROM cells WHERE month >= ? AND month <= ?
      ORDER BY month, report, category, class`,
    [from, until],
  );
  return {
    months: months.map(({ month }) => month),
    cells: cells.filter(({ report }) => reports.includes(report)),
  };
}

/** The rights of an account outside of its own schema: none of its role is without. */
export async function otherRights(sql: Pick<Database, 'all' | 'name'>): Promise<readonly string[]> {
  const { rights, roles } = await accountFacts(sql);
  const schemas = rights
    .filter(({ schema }) => schema !== sql.name)
    .map(({ schema }) => schema || 'everything');
  return [...new Set([...schemas, ...roles.map((name) => `the role ${name}`)])];
}

/** True where this account has any right on a schema of its own server: MySQL shows it no other. */
export const isKnownSchema = async (sql: ReadOnlySql, schema: string): Promise<boolean> =>
  (await sql.all('SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [schema])).length > 0;
