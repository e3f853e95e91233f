// Rows deleted by a list of numbers, always through the index that the caller names.
// Invariant: no server makes a scan of it, at any size of the table. MySQL and MariaDB 10.11 ignore FORCE INDEX in a DELETE of one
// table and scan where the table is small: the statement then waits for rows that other transactions have locked.
import type { Ran, Sql, SqlValue } from './database.ts';

export interface NamedRows {
  readonly table: string;
  /** The column that the numbers are compared with. */
  readonly column: string;
  /** The index that begins with it, or has it after columns that `and` compares. */
  readonly index: string;
  /** What must hold besides; columns of the table are those of `t`. */
  readonly and?: string;
  readonly values?: readonly SqlValue[];
}

/** Numbers as the rows of a table `named`, in the order given; one prepared statement for every length of the list. */
const numbers = "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) named";

/** Deletes the rows of these numbers, one after the other in their order. Returns how many; none for an empty list. */
export async function deleteNamed(
  sql: Pick<Sql, 'run'>,
  { table, column, index, and, values = [] }: NamedRows,
  ids: readonly (number | bigint)[],
): Promise<Ran['affected']> {
  if (ids.length === 0) return 0;
  const { affected } = await sql.run(
    `DELETE t FROM ${numbers} STRAIGHT_JOIN ${table} t FORCE INDEX (${index})
        ON t.${column} = named.id${and === undefined ? '' : ` AND ${and}`}`,
    [`[${ids.join(',')}]`, ...values],
  );
  return affected;
}
