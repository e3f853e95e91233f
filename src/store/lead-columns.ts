// How the columns of a lead are named in the statements of its tables, and read back into its blocks.
// Invariant: all lists follow from the definitions of the fields and are built once, when the module is loaded.
import { columnFacts, groups, type LeadColumn, type LeadTable } from '../domain/lead-fields/columns.ts';
import { isField, type ColumnsOf, type Fields, type ValuesOf } from '../domain/lead-fields/field.ts';
import { interactionFields } from '../domain/lead-fields/interaction.ts';
import type { Interaction } from '../domain/lead.ts';
import type { SqlValue } from './database.ts';

export const contentTables: readonly LeadTable[] = groups.map(({ table }) => table);

const byTable = Map.groupBy(columnFacts, ({ table }) => table);
const columnPairs = new Map(
  [...byTable].map(([table, facts]) => [
    table,
    facts.map(({ column, stored }): readonly [LeadColumn, string] => [column, stored]),
  ]),
);

/** The columns of one table, as [intake column, stored column]. */
export const columnsOf = (table: LeadTable): readonly (readonly [LeadColumn, string])[] =>
  columnPairs.get(table) ?? [];

/** For a SELECT: the columns of one table under their intake names, which are unique over all tables. */
export const selectList = (table: LeadTable, alias: string): string =>
  columnsOf(table)
    .map(([column, stored]) => `${alias}.${stored}${stored === column ? '' : ` AS ${column}`}`)
    .join(', ');

/** What a SELECT gives for the columns of these fields. */
export type RowOf<F> = Readonly<Record<ColumnsOf<F>, SqlValue>>;

/** Reads a block of the lead out of a row. Absent stays absent (C13): NULL leaves no key, an empty inner block no block. */
export function blockReader<F extends Fields>(fields: F): (row: RowOf<F>) => ValuesOf<F> {
  const own = Object.entries(fields).flatMap(([name, entry]) =>
    isField(entry) ? [{ name, column: entry.column, yesNo: entry.type === 'boolean' }] : [],
  );
  const inner = Object.entries(fields).flatMap(([name, entry]) =>
    isField(entry) ? [] : [{ name, read: blockReader(entry) }],
  );
  return (row: Readonly<Record<string, SqlValue>>) => {
    const block: Record<string, unknown> = {};
    for (const { name, column, yesNo } of own) {
      const value = row[column];
      if (value !== null) block[name] = yesNo ? value === 1 : value;
    }
    for (const { name, read } of inner) {
      const found = read(row);
      if (Object.keys(found).length > 0) block[name] = found;
    }
    return block as ValuesOf<F>;
  };
}

/** Name of each field of an interaction, and its column. */
export const interactionColumns = Object.entries(interactionFields).map(
  ([name, { column }]) => [name as keyof Interaction, column] as const,
);
