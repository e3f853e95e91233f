// Deletes rows by a list of ids, always through the index that the caller names; limits statements to given rows.
// Invariant: no server scans the table, at any size. MySQL and MariaDB 10.11 ignore FORCE INDEX in a DELETE of one table and scan
// a small one: the statement then waits for rows that other transactions have locked.
import { type Ran, type Sql, type SqlValue, inList, changes } from './database.ts';

interface NamedRows {
  readonly table: string;
  /** The column that is compared with the ids. */
  readonly column: string;
  /** The index that begins with the column, or has it after columns that `and` compares. */
  readonly index: string;
  /** Further condition; columns of the table are those of `t`. */
  readonly and?: string;
  readonly values?: readonly SqlValue[];
}

/** Ids as the rows of a table `named`, in the given order; one prepared statement for every length of the list. */
const numbers = "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) named";

/** Deletes the rows of these ids, one by one in their order. Returns the number deleted; 0 for an empty list. */
export async function deleteNamed(
  sql: Pick<Sql, 'run'>,
  { table, column, index, and, values = [] }: NamedRows,
  ids: readonly (number | bigint)[],
): Promise<Ran['affected']> {
  if (ids.length === 0) return 0;
  return changes(
    sql,
    `DELETE t FROM ${numbers} STRAIGHT_JOIN ${table} t FORCE INDEX (${index})
        ON t.${column} = named.id${and === undefined ? '' : ` AND ${and}`}`,
    [`[${ids.join(',')}]`, ...values],
  );
}

// Builds the SQL clause that limits a statement to given rows, or excludes quarantined ones.
// Invariant: only ids are named; an empty list of quarantined rows changes no statement.

export type Which = { readonly without: readonly number[] } | { readonly among: readonly number[] };

/** `AND ...` for a statement over `deliveries`, or the table of `column`; its values take the place of the clause. */
export function whichClause(
  which: Which,
  column: 'id' | 'd.id' | 'l.id' = 'id',
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  if ('among' in which) {
    if (which.among.length === 0) return { sql: 'AND 1 = 0', values: [] };
    const { marks, values } = inList(which.among);
    return { sql: `AND ${column} IN (${marks})`, values };
  }
  if (which.without.length === 0) return { sql: '', values: [] };
  const { marks, values } = inList(which.without);
  return { sql: `AND ${column} NOT IN (${marks})`, values };
}
