// How the columns of a lead are named in the statements of its tables, and read back into its blocks.
// Invariant: all lists follow from the definitions of the fields and are built once, when the module is loaded.
import {
  columnFacts,
  groups,
  leadColumns,
  type LeadColumn,
  type LeadTable,
} from '../domain/lead-fields/columns.ts';
import {
  isField,
  type ColumnsOf,
  type Field,
  type Fields,
  type ValuesOf,
} from '../domain/lead-fields/field.ts';
import { interactionFields } from '../domain/lead-fields/interaction.ts';
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

const aliases: Readonly<Record<LeadTable, string>> = {
  leads: 'l',
  prospects: 'p',
  lead_projects: 'j',
  lead_origins: 'o',
  lead_finances: 'f',
};

/**
 * A SELECT of columns under their intake names, which are unique over all tables; only the tables they stand in are joined.
 * @param own columns of `leads l` besides
 */
export function selectLeads(own: string, columns: readonly LeadColumn[] = leadColumns): string {
  const wanted = columnFacts.filter(({ column }) => columns.includes(column));
  const list = wanted.map(
    ({ table, column, stored }) => `${aliases[table]}.${stored}${stored === column ? '' : ` AS ${column}`}`,
  );
  const joins = contentTables
    .filter((table) => table !== 'leads' && wanted.some((facts) => facts.table === table))
    .map((table) => `LEFT JOIN ${table} ${aliases[table]} ON ${aliases[table]}.lead_id = l.id`);
  return `SELECT ${[own, ...list].join(', ')} FROM leads l ${joins.join(' ')}`;
}

/** What a SELECT gives for the columns of these fields. */
export type RowOf<F> = Readonly<Record<ColumnsOf<F>, SqlValue>>;

/**
 * Reads a block of the lead out of a row. Absent stays absent (C13): what is NULL or was not
 * selected leaves no key, an empty inner block no block.
 */
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
      if (value !== null && value !== undefined) block[name] = yesNo ? value === 1 : value;
    }
    for (const { name, read } of inner) {
      const found = read(row);
      if (Object.keys(found).length > 0) block[name] = found;
    }
    return block as ValuesOf<F>;
  };
}

/** Name of each field of an interaction or a consent, and its column. */
export const namesAndColumns = <F extends Readonly<Record<string, Field>>>(
  fields: F,
): readonly (readonly [keyof ValuesOf<F> & string, string])[] =>
  Object.entries(fields).map(([name, { column }]) => [name as keyof ValuesOf<F> & string, column]);

export const interactionColumns = namesAndColumns(interactionFields);
