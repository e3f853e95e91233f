// Lists every column of a lead: its intake column, its table and stored name, its path in the lead.
// Invariant: the category split of the tables (C05, C06, C07, C10) is derived from the groups; nothing is stored twice.
import type { DataCategory } from '../lead-values.ts';
import { isField, type ColumnsOf, type Field, type Fields, type FieldValue } from './field.ts';
import { financialFields } from './financial.ts';
import { identityFields } from './identity.ts';
import { originFields } from './origin.ts';
import { projectFields } from './project.ts';
import { requestFields } from './request.ts';

export type LeadTable = 'leads' | 'prospects' | 'lead_projects' | 'lead_origins' | 'lead_finances';

export type LeadValue = Exclude<FieldValue, boolean>;

/** Without booleans: SQL has them as numbers, which the contract does not accept. A closed list says more. */
interface LeadBlock {
  readonly [name: string]: Field<string, LeadValue> | LeadBlock;
}

/** The fields by their path in the lead. */
export const leadFields = {
  ...requestFields,
  identity: identityFields,
  project: projectFields,
  origin: originFields,
  financial: financialFields,
} satisfies LeadBlock;

interface Group {
  readonly table: LeadTable;
  /** The lead's block of these fields; empty for those of the request. */
  readonly block: string;
  readonly category: DataCategory | 'technical';
  readonly fields: Fields;
}

/** In the order of the columns. */
export const groups: readonly Group[] = [
  { table: 'leads', block: '', category: 'technical', fields: requestFields },
  { table: 'prospects', block: 'identity', category: 'identity', fields: identityFields },
  { table: 'lead_projects', block: 'project', category: 'project', fields: projectFields },
  { table: 'lead_origins', block: 'origin', category: 'statistical', fields: originFields },
  { table: 'lead_finances', block: 'financial', category: 'financial', fields: financialFields },
];

/** A column of lead_intake with a fact of the lead. */
export type LeadColumn = ColumnsOf<typeof leadFields>;

/** Facts of a lead by intake column; absent stays absent (C13). */
export type LeadFields = Readonly<Partial<Record<LeadColumn, LeadValue>>>;

export interface ColumnFacts extends Omit<Field<LeadColumn, LeadValue>, 'stored' | 'category'> {
  readonly table: LeadTable;
  /** Name in that table. */
  readonly stored: string;
  /** Path in the lead: `identity.address.line1`. */
  readonly path: string;
  readonly category: DataCategory | 'technical';
}

function flat(group: Group, fields: Fields, block: string): readonly ColumnFacts[] {
  return Object.entries(fields).flatMap(([name, entry]): readonly ColumnFacts[] => {
    const path = block === '' ? name : `${block}.${name}`;
    if (!isField(entry)) return flat(group, entry, path);
    const own = entry as Field<LeadColumn, LeadValue>;
    const { table, category } = group;
    return [{ ...own, table, path, stored: own.stored ?? own.column, category: own.category ?? category }];
  });
}

export const columnFacts: readonly ColumnFacts[] = groups.flatMap((group) =>
  flat(group, group.fields, group.block),
);

/** Columns that may be larger than all others of a row together. */
export const longColumns: readonly LeadColumn[] = columnFacts
  .filter(({ rule }) => Number(rule.schema['maxLength'] ?? 0) > 1_000)
  .map(({ column }) => column);

export const leadColumns: readonly LeadColumn[] = columnFacts.map(({ column }) => column);
