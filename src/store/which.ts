// Builds the SQL clause that limits a statement to given rows, or excludes quarantined ones.
// Invariant: only ids are named; an empty list of quarantined rows changes no statement.
import { inList, type SqlValue } from './database.ts';

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
