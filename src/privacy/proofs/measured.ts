// Compares two readings of a person's tables and counts the changed rows by column. Pure.
// Invariant: counts only; a table that was and is empty is left out.
import type { SqlValue } from '../../store/database.ts';
import type { PersonRow, PersonTables } from '../../store/person-tables.ts';
import type { ProvedColumn, ProvedTable } from './proof.ts';

export function provedTables(before: PersonTables, after: PersonTables): readonly ProvedTable[] {
  const tables = new Set([...before.keys(), ...after.keys()]);
  return [...tables].flatMap((table) => {
    const [had, has] = [before.get(table) ?? [], after.get(table) ?? []];
    if (had.length + has.length === 0) return [];
    return [{ table, rowsBefore: had.length, rowsAfter: has.length, columns: provedColumns(had, has) }];
  });
}

/** Columns that had or have a value, in the order of the table. */
function provedColumns(had: readonly PersonRow[], has: readonly PersonRow[]): readonly ProvedColumn[] {
  const columns = [...new Set([...had, ...has].flatMap(({ cells }) => Object.keys(cells)))];
  const then = new Map(had.map(({ name, cells }) => [name, cells]));
  const now = new Map(has.map(({ name, cells }) => [name, cells]));
  const rows = [...new Set([...then.keys(), ...now.keys()])];
  return columns
    .map((column) => ({
      column,
      before: had.filter(({ cells }) => isFilled(cells[column])).length,
      after: has.filter(({ cells }) => isFilled(cells[column])).length,
      changed: rows.filter((row) => !isSame(then.get(row)?.[column], now.get(row)?.[column])).length,
    }))
    .filter(({ before, after }) => before + after > 0);
}

const isFilled = (value: SqlValue | undefined): boolean => value !== null && value !== undefined;

function isSame(one: SqlValue | undefined, other: SqlValue | undefined): boolean {
  if (!isFilled(one) || !isFilled(other)) return isFilled(one) === isFilled(other);
  return written(one) === written(other);
}

function written(value: SqlValue | undefined): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(value);
}
