// Where each column of lead_intake lives once the lead is accepted: table and column, by category.
// Invariant: the category split of the tables (C05, C06, C07, C10) is written here once; nothing is stored twice.

interface Home {
  readonly table: LeadTable;
  readonly column: string;
}

export type LeadTable = 'leads' | 'prospects' | 'lead_projects' | 'lead_origins' | 'lead_finances';

const homes = {
  channel: { table: 'leads', column: 'channel' },
  collected_at: { table: 'leads', column: 'collected_at' },
  operation: { table: 'leads', column: 'operation' },
  operation_kind: { table: 'leads', column: 'operation_kind' },
  notice: { table: 'leads', column: 'notice' },
  civility: { table: 'prospects', column: 'civility' },
  last_name: { table: 'prospects', column: 'last_name' },
  first_name: { table: 'prospects', column: 'first_name' },
  email: { table: 'prospects', column: 'email' },
  mobile: { table: 'prospects', column: 'mobile' },
  landline: { table: 'prospects', column: 'landline' },
  address_line1: { table: 'prospects', column: 'address_line1' },
  address_line2: { table: 'prospects', column: 'address_line2' },
  postcode: { table: 'prospects', column: 'postcode' },
  city: { table: 'prospects', column: 'city' },
  country: { table: 'prospects', column: 'country' },
  programme: { table: 'lead_projects', column: 'programme' },
  housing_type: { table: 'lead_projects', column: 'housing_type' },
  rooms: { table: 'lead_projects', column: 'rooms' },
  surface_min: { table: 'lead_projects', column: 'surface_min' },
  surface_max: { table: 'lead_projects', column: 'surface_max' },
  housing_use: { table: 'lead_projects', column: 'housing_use' },
  budget_min: { table: 'lead_projects', column: 'budget_min' },
  budget_max: { table: 'lead_projects', column: 'budget_max' },
  location: { table: 'lead_projects', column: 'location' },
  comment: { table: 'lead_projects', column: 'comment' },
  origin_type: { table: 'lead_origins', column: 'origin_type' },
  origin_media: { table: 'lead_origins', column: 'media' },
  origin_support: { table: 'lead_origins', column: 'support' },
  recording: { table: 'lead_origins', column: 'recording' },
  commune: { table: 'lead_origins', column: 'commune' },
  commune_name: { table: 'lead_origins', column: 'commune_name' },
  departement: { table: 'lead_origins', column: 'departement' },
  talk_started_at: { table: 'lead_origins', column: 'talk_started_at' },
  talk_duration: { table: 'lead_origins', column: 'talk_duration' },
  contribution: { table: 'lead_finances', column: 'contribution' },
  resale: { table: 'lead_finances', column: 'resale' },
  reference_tax_income: { table: 'lead_finances', column: 'reference_tax_income' },
  rent: { table: 'lead_finances', column: 'rent' },
  tax_bracket: { table: 'lead_finances', column: 'tax_bracket' },
} as const satisfies Record<string, Home>;

/** A column of lead_intake that holds a fact of the lead. */
export type LeadColumn = keyof typeof homes;
export const leadColumns = Object.keys(homes) as readonly LeadColumn[];

export type LeadValue = string | number | Date;
/** Facts of a lead by intake column; absent stays absent (C13). */
export type LeadFields = Readonly<Partial<Record<LeadColumn, LeadValue>>>;

/** The columns of one table, as [intake column, stored column]. */
export function columnsOf(table: LeadTable): readonly (readonly [LeadColumn, string])[] {
  return leadColumns.filter((name) => homes[name].table === table).map((name) => [name, homes[name].column]);
}

export const contentTables: readonly LeadTable[] = [
  'leads',
  'prospects',
  'lead_projects',
  'lead_origins',
  'lead_finances',
];
