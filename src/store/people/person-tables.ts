// Reads every table with data of a person, cell by cell, to compare them before and after an act.
// Invariant: reads only; the values never leave the process, only counts of them do.
import { type Sql, type SqlValue, allOfMany } from '../database.ts';

/** Cells of one row by column; the name identifies the row. */
export interface PersonRow {
  readonly name: string;
  readonly cells: Readonly<Record<string, SqlValue>>;
}

export type PersonTables = ReadonlyMap<string, readonly PersonRow[]>;

export interface PersonScope {
  readonly clientId: string;
  readonly leadIds: readonly number[];
  readonly references: readonly string[];
  /** Refused rows of the person, under any reference. */
  readonly refusedRows: readonly string[];
  /** Keyed digests of the person's addresses, as in the opposition list. */
  readonly digests: readonly Buffer[];
  readonly keysSchema: string;
}

interface Measured {
  readonly table: string;
  /** Columns that identify a row. */
  readonly key: readonly string[];
  /** Column of the lead's id. */
  readonly lead: string;
  /** Columns to read; without it every column but the technical ones. */
  readonly select?: string;
}

/** Every table with data of a lead's person. test/privacy/proofs/erasure-proof.test.ts compares it with the schema. */
export const measuredTables: readonly Measured[] = [
  { table: 'leads', key: ['id'], lead: 'id' },
  { table: 'prospects', key: ['lead_id'], lead: 'lead_id' },
  { table: 'lead_projects', key: ['lead_id'], lead: 'lead_id' },
  { table: 'lead_origins', key: ['lead_id'], lead: 'lead_id' },
  { table: 'lead_finances', key: ['lead_id'], lead: 'lead_id' },
  { table: 'consents', key: ['id'], lead: 'lead_id' },
  { table: 'consent_ends', key: ['lead_id', 'purpose', 'channel', 'ends_at'], lead: 'lead_id' },
  {
    table: 'former_addresses',
    key: ['lead_id', 'digest'],
    lead: 'lead_id',
    select: 'lead_id, HEX(digest) AS digest',
  },
  { table: 'interactions', key: ['id'], lead: 'lead_id' },
  {
    table: 'lead_revisions',
    key: ['lead_id', 'revision', 'part'],
    lead: 'lead_id',
    select: 'lead_id, revision, part, SHA2(content, 256) AS content',
  },
  {
    table: 'intake_receipts',
    key: ['kind', 'row_reference'],
    lead: 'lead_id',
    select: 'kind, row_reference, digest',
  },
  { table: 'deliveries', key: ['id'], lead: 'lead_id', select: 'id, recipient_reference' },
];

/** Columns without personal data, or that every act changes; ignored in a table that is read whole. */
const technical = new Set([
  'id',
  'client_id',
  'lead_id',
  'reference',
  'revision',
  'part',
  'consent_revision',
  'lead_revision',
  'created_at',
  'received_at',
  'changed_at',
  'withdrawn',
  'origin_id',
  'due_at',
  'status',
  'settled_at',
  'kept_at',
]);

/** Most leads per statement. */
const atOnce = 100;

type Cells = Readonly<Record<string, SqlValue>>;

export async function readPersonTables(sql: Sql, scope: PersonScope): Promise<PersonTables> {
  const tables = new Map<string, PersonRow[]>();
  for (const { table, key, lead, select } of measuredTables) {
    const rows = await allOfMany<Cells>(
      sql,
      `SELECT ${select ?? '*'} FROM ${table} WHERE ${lead} IN (?)`,
      scope.leadIds,
      { atOnce },
    );
    tables.set(
      table,
      rows.map((row) => rowOf(row, key)),
    );
  }
  tables.set('lead_intake', await intakeRows(sql, scope));
  tables.set('oppositions', await oppositionRows(sql, scope));
  tables.set('lead_secrets', await secretRows(sql, scope));
  return tables;
}

function rowOf(row: Cells, key: readonly string[]): PersonRow {
  const cells = Object.entries(row).filter(([column]) => !key.includes(column) && !technical.has(column));
  return { name: key.map((column) => text(row[column] ?? null)).join(' '), cells: Object.fromEntries(cells) };
}

const text = (value: SqlValue): string => (value instanceof Date ? value.toISOString() : String(value));

/** Rows that are new or refused, under one of the references or given by id. */
async function intakeRows(sql: Sql, scope: PersonScope): Promise<PersonRow[]> {
  const { clientId, references, refusedRows } = scope;
  const from = (index: string, column: string, list: readonly string[]): Promise<Cells[]> =>
    allOfMany(
      sql,
      `SELECT * FROM lead_intake FORCE INDEX (${index}) WHERE ${column} IN (?) AND client_id = ?`,
      list,
      { also: [clientId], atOnce },
    );
  const found = [
    ...(await from('lead_intake_reference', 'reference', references)),
    ...(await from('PRIMARY', 'id', refusedRows)),
  ];
  const rows = new Map(found.map((row) => [text(row['id'] ?? null), rowOf(row, ['id'])]));
  return [...rows.values()];
}

async function oppositionRows(sql: Sql, { clientId, digests }: PersonScope): Promise<PersonRow[]> {
  const rows = await sql.all<Cells>(
    `SELECT HEX(digest) AS digest, purpose, channel, recorded_at FROM oppositions FORCE INDEX (PRIMARY)
      WHERE client_id = ? AND digest IN (?)`,
    [clientId, digests],
  );
  return rows.map((row) => ({
    ...rowOf(row, ['digest', 'purpose', 'channel']),
    cells: {
      opposition: `${text(row['purpose'] ?? '')}.${text(row['channel'] ?? '')}`,
      recorded_at: row['recorded_at'] ?? null,
    },
  }));
}

async function secretRows(sql: Sql, { leadIds, keysSchema }: PersonScope): Promise<PersonRow[]> {
  const rows = await allOfMany<Cells>(
    sql,
    `SELECT lead_id, wrapped FROM \`${keysSchema}\`.lead_secrets WHERE lead_id IN (?)`,
    leadIds,
    { atOnce },
  );
  return rows.map((row) => rowOf(row, ['lead_id']));
}
