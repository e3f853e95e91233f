// Maps the columns of a lead's tables to its fields: names them in statements, and reads rows back into blocks.
// Invariant: all lists are derived from the definitions of the fields, once, when the module is loaded.
import {
  columnFacts,
  groups,
  leadColumns,
  type ColumnFacts,
  type LeadColumn,
  type LeadTable,
} from '../../domain/lead-fields/columns.ts';
import {
  isField,
  type ColumnsOf,
  type Field,
  type Fields,
  type ValuesOf,
} from '../../domain/lead-fields/field.ts';
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import type { SqlValue } from '../database.ts';

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

/** Columns of `leads l` and of the tables that have the others, and the joins of those. */
export interface LeadSelection {
  readonly columns: readonly ColumnFacts[];
  /** As the statement names them, in the same order. */
  readonly expressions: readonly string[];
  readonly joins: string;
}

export function selectionOf(names: readonly LeadColumn[]): LeadSelection {
  const columns = columnFacts.filter(({ column }) => names.includes(column));
  const joined = contentTables.filter(
    (table) => table !== 'leads' && columns.some((facts) => facts.table === table),
  );
  return {
    columns,
    expressions: columns.map(({ table, stored }) => `${aliases[table]}.${stored}`),
    joins: joined
      .map((table) => `LEFT JOIN ${table} ${aliases[table]} ON ${aliases[table]}.lead_id = l.id`)
      .join(' '),
  };
}

/**
 * A SELECT of columns under their intake names, which are unique over all tables; joins only the tables that have them.
 * @param own columns of `leads l` besides
 */
export function selectLeads(own: string, names: readonly LeadColumn[] = leadColumns): string {
  const { columns, expressions, joins } = selectionOf(names);
  const list = columns.map(
    ({ column, stored }, index) => `${expressions[index] ?? ''}${stored === column ? '' : ` AS ${column}`}`,
  );
  return `SELECT ${[own, ...list].join(', ')} FROM leads l ${joins}`;
}

/** Row of a SELECT of these fields' columns. */
export type RowOf<F> = Readonly<Record<ColumnsOf<F>, SqlValue>>;

/**
 * Reads a block of the lead from a row. Absent stays absent (C13): a column that is NULL or not selected gives no key, an empty
 * inner block gives no block.
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
