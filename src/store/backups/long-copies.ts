// Reads and writes the rows of leads whole, table by table, for long copies: each lead's rows are sealed under its own secret there.
// Invariant: every table that may hold a person is either in `tablesOfLeads` or in `leftOutOfLong`; test/backups/long-copy.test.ts looks.
import { insertGroups, rowMarks, type Sql, type SqlValue, columnOf, firstNumber } from '../database.ts';

/** Tables of a lead's own rows with the column of its id, parents first. */
export const tablesOfLeads = {
  leads: 'id',
  prospects: 'lead_id',
  lead_projects: 'lead_id',
  lead_origins: 'lead_id',
  lead_finances: 'lead_id',
  consents: 'lead_id',
  consent_ends: 'lead_id',
  former_addresses: 'lead_id',
  interactions: 'lead_id',
  lead_revisions: 'lead_id',
  intake_receipts: 'lead_id',
} as const;
export type TableOfLeads = keyof typeof tablesOfLeads;
export const namesOfTables = Object.keys(tablesOfLeads) as readonly TableOfLeads[];

/** Rows of persons without a lead, bytes under a key that outlives the person, and what is kept for days only. */
export const leftOutOfLong = [
  'lead_intake',
  'takings',
  'batch_parts',
  'request_documents',
  'request_document_parts',
  'idempotency_keys',
  'sessions',
  'sign_in_tries',
  'staff_names',
  'erasures_unwritten',
  'restores',
];

export type LongRow = Readonly<Record<string, unknown>>;
export type LeadRows = Readonly<Partial<Record<TableOfLeads, readonly LongRow[]>>>;

const leadsAtOnce = 500;

/** Every lead with all of its rows, by id, up to `upTo`. */
export async function* rowsOfEveryLead(
  sql: Pick<Sql, 'all'>,
  upTo: number,
): AsyncGenerator<ReadonlyMap<number, LeadRows>> {
  for (let after = 0; ;) {
    const ids = (
      await sql.all<{ id: number }>(
        `SELECT id FROM leads FORCE INDEX (PRIMARY) WHERE id > ? AND id <= ? ORDER BY id LIMIT ${leadsAtOnce}`,
        [after, upTo],
      )
    ).map(({ id }) => id);
    if (ids.length > 0) yield await rowsOf(sql, ids);
    if (ids.length < leadsAtOnce) return;
    after = ids.at(-1) ?? after;
  }
}

async function rowsOf(sql: Pick<Sql, 'all'>, ids: readonly number[]): Promise<ReadonlyMap<number, LeadRows>> {
  const leads = new Map(ids.map((id): [number, Partial<Record<TableOfLeads, LongRow[]>>] => [id, {}]));
  for (const table of namesOfTables) {
    const column = tablesOfLeads[table];
    for (const row of await sql.all<LongRow>(`SELECT * FROM ${table} WHERE ${column} IN (?)`, [ids])) {
      const own = leads.get(Number(row[column]));
      if (own !== undefined) (own[table] ??= []).push(row);
    }
  }
  return leads;
}

/** Inserts rows of one table; all have the same columns. */
export async function insertLongRows(tx: Sql, table: TableOfLeads, rows: readonly LongRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first);
  for (const group of insertGroups(rows))
    await tx.run(
      `INSERT INTO ${table} (${columns.map((column) => `\`${column}\``).join(', ')}) VALUES ${rowMarks(group.length, columns.length)}`,
      group.flatMap((row) => columns.map((column) => (row[column] ?? null) as SqlValue)),
    );
}

export const highestLead = (sql: Pick<Sql, 'all'>): Promise<number> =>
  firstNumber(sql, 'SELECT MAX(id) AS id FROM leads');

/** Leads above this id that anything refers to. */
export const laterLeads = (sql: Pick<Sql, 'all'>, upTo: number): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT lead_id AS id FROM deliveries FORCE INDEX (deliveries_lead) WHERE lead_id > ?
     UNION SELECT lead_id FROM lead_changes WHERE lead_id > ?`,
    [upTo, upTo],
  );
