// Writes leads for intake: new leads, corrections, events, in joined statements.
// Invariant: the caller's transaction has locked the lead's row; every change is one revision and one row in lead_changes.
import type { Interaction } from '../../domain/lead.ts';
import type { LeadColumn, LeadFields, LeadTable } from '../../domain/lead-fields/columns.ts';
import type { FieldValue } from '../../domain/lead-fields/field.ts';
import {
  inList,
  insertGroups,
  insertGroupsByWeight,
  isDuplicateKey,
  rowMarks,
  textWeight,
  type Sql,
  type SqlValue,
} from '../database.ts';
import { amongKeys, type LeadName } from '../intake/intake.ts';
import { lockLeads } from './leads.ts';
import { columnsOf, contentTables, interactionColumns, selectLeads } from './lead-columns.ts';
import { insertRows } from '../columns.ts';

export interface NewLead extends LeadName {
  readonly fields: LeadFields;
  /** Keyed digest of the row that makes it. */
  readonly digest: Buffer;
  readonly receivedAt: Date;
}

export interface LockedLead extends LeadName {
  readonly id: number;
  readonly revision: number;
  readonly erased: boolean;
}

export type IntakeChangeKind = 'created' | 'corrected' | 'consent' | 'interaction';

export interface NewLeadChange {
  readonly clientId: string;
  readonly leadId: number;
  readonly revision: number;
  readonly kind: IntakeChangeKind;
}

export const nameKey = (name: LeadName): string => `${name.clientId}\n${name.reference}`;

/** Each of the names once. */
export function uniqueNames(names: readonly LeadName[]): readonly LeadName[] {
  return [
    ...new Map(
      names.map((name) => [nameKey(name), { clientId: name.clientId, reference: name.reference }]),
    ).values(),
  ];
}

/** The leads of these names, locked. */
export async function lockNamedLeads(
  tx: Sql,
  names: readonly LeadName[],
): Promise<ReadonlyMap<string, LockedLead>> {
  const found = await findLeads(tx, names);
  const locks = await lockLeads(
    tx,
    [...found.values()].map(({ id }) => id),
  );
  return new Map(
    [...found].flatMap(([name, lead]) => {
      const lock = locks.get(lead.id);
      return lock === undefined ? [] : [[name, { ...lead, revision: lock.revision, erased: lock.erased }]];
    }),
  );
}

/** The leads of these names, without a lock. */
export async function findLeads(
  tx: Sql,
  names: readonly LeadName[],
): Promise<ReadonlyMap<string, LockedLead>> {
  if (names.length === 0) return new Map();
  const { where, values } = amongKeys(
    names.map((name) => [name.clientId, name.reference]),
    ['client_id', 'reference'],
  );
  return byNameKey(
    await tx.all<RawLead>(`${selectLead} FORCE INDEX (leads_reference) WHERE ${where}`, values),
  );
}

/** A lead as new rows of its name find it. */
export interface NamedLead extends LockedLead {
  /** Keyed digest of the row that made it; null: its receipt is in `intake_receipts`. */
  readonly digest: Buffer | null;
}

type RawLead = LeadName & { readonly id: number; readonly revision: number; readonly erasedAt: Date | null };
const selectLead = 'SELECT id, client_id AS clientId, reference, revision, erased_at AS erasedAt FROM leads';

function byNameKey(rows: readonly RawLead[]): ReadonlyMap<string, LockedLead> {
  return new Map(
    rows.map(({ id, clientId, reference, revision, erasedAt }) => [
      nameKey({ clientId, reference }),
      { id, clientId, reference, revision, erased: erasedAt !== null },
    ]),
  );
}

/** Most rows per statement: far below the server's limit of 65,535 parameters. */
const together = 256;

/** Bytes of a lead's values in a statement that are not texts. */
const numbersWeight = 256;

/** Actual size of a lead: most are a tenth of their maximum, by which one batch would become many statements for each table. */
const weightOf = ({ clientId, reference, fields }: NewLead): number =>
  Object.values(fields).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? textWeight(value) : 0),
    numbersWeight + textWeight(clientId) + textWeight(reference),
  );

/** The end of an INSERT ... SELECT, which selects one row where it holds. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/**
 * Inserts new leads with their content; returns their ids by name. One statement per table.
 * @param condition of a lead alone: where it does not hold, or the name is taken, nothing is inserted
 */
export async function insertLeads(
  tx: Sql,
  leads: readonly NewLead[],
  condition?: Condition,
): Promise<ReadonlyMap<string, number>> {
  if (leads.length === 1) return insertTogether(tx, leads, condition);
  const ids = new Map<string, number>();
  for (const group of insertGroupsByWeight(leads, together, weightOf))
    for (const [name, id] of await insertTogether(tx, group)) ids.set(name, id);
  return ids;
}

/** The other tables have a row only where something was said; the prospect's row has marks besides. */
const isAlwaysThere = (table: LeadTable): boolean => table === 'leads' || table === 'prospects';

/** Each table of a lead's content besides `leads`, with its columns and the start of its INSERT. */
const contents = contentTables
  .filter((table) => table !== 'leads')
  .map((table) => {
    const columns = columnsOf(table);
    const list = columns.map(([, column]) => column).join(', ');
    return { table, columns, insert: `INSERT INTO ${table} (lead_id, client_id, ${list}) VALUES` };
  });
const ownOfLeads = columnsOf('leads');
const insertLead = `INSERT INTO leads (client_id, reference, row_digest, received_at, ${ownOfLeads.map(([, column]) => column).join(', ')})`;

async function insertTogether(
  tx: Sql,
  leads: readonly NewLead[],
  condition?: Condition,
): Promise<ReadonlyMap<string, number>> {
  const given: SqlValue[] = [];
  for (const { clientId, reference, digest, receivedAt, fields } of leads) {
    given.push(clientId, reference, digest, receivedAt);
    for (const [name] of ownOfLeads) given.push(fields[name] ?? null);
  }
  const insertId =
    condition === undefined
      ? (await tx.run(`${insertLead} VALUES ${rowMarks(leads.length, 4 + ownOfLeads.length)}`, given))
          .insertId
      : await insertUnder(tx, given, condition);
  if (insertId === undefined) return new Map();
  const ids = await idsOf(tx, leads, insertId);
  for (const { table, columns, insert } of contents) {
    const rows = leads.filter(
      ({ fields }) => isAlwaysThere(table) || columns.some(([name]) => fields[name] !== undefined),
    );
    for (const group of insertGroups(rows, together)) {
      const values: SqlValue[] = [];
      for (const lead of group) {
        values.push(ids.get(nameKey(lead)) ?? 0, lead.clientId);
        for (const [name] of columns) values.push(lead.fields[name] ?? null);
      }
      await tx.run(`${insert} ${rowMarks(group.length, 2 + columns.length)}`, values);
    }
  }
  return ids;
}

/** Inserts one row under a condition; returns its id, undefined where nothing is inserted. */
async function insertUnder(
  tx: Sql,
  given: readonly SqlValue[],
  { sql, values }: Condition,
): Promise<number | undefined> {
  // MySQL takes a value that is selected for a text.
  const marks = given.map((value) =>
    Buffer.isBuffer(value) ? 'UNHEX(?)' : value instanceof Date ? 'CAST(? AS DATETIME(3))' : '?',
  );
  const texts = given.map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value));
  try {
    const { affected, insertId } = await tx.run(`${insertLead} SELECT ${marks.join(', ')} ${sql}`, [
      ...texts,
      ...values,
    ]);
    return affected === 0 ? undefined : insertId;
  } catch (error) {
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** Several are read back instead of counted from the first: a server may step its ids by more than one. */
async function idsOf(
  tx: Sql,
  leads: readonly NewLead[],
  firstId: number,
): Promise<ReadonlyMap<string, number>> {
  const [first, ...others] = leads;
  if (first !== undefined && others.length === 0) return new Map([[nameKey(first), firstId]]);
  return new Map([...(await findLeads(tx, leads))].map(([name, { id }]) => [name, id]));
}

/** The named columns of leads, against which a correction is checked. */
export async function readFacts(
  tx: Sql,
  leadIds: readonly number[],
  columns: readonly LeadColumn[],
): Promise<ReadonlyMap<number, LeadFields>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList(leadIds);
  const rows = await tx.all<Record<string, SqlValue> & { readonly lead_id: number }>(
    `${selectLeads('l.id AS lead_id', columns)} WHERE l.id IN (${marks})`,
    values,
  );
  return new Map(
    rows.map(({ lead_id: leadId, ...facts }) => [
      leadId,
      Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null)) as LeadFields,
    ]),
  );
}

/** Writes the named columns only; those in `clear` become NULL. */
export async function correctLead(
  tx: Sql,
  lead: { readonly id: number; readonly clientId: string },
  fields: LeadFields,
  clear: readonly LeadColumn[],
): Promise<void> {
  for (const table of contentTables) {
    const changed = columnsOf(table).filter(([name]) => fields[name] !== undefined || clear.includes(name));
    if (changed.length === 0) continue;
    const values: SqlValue[] = changed.map(([name]) => fields[name] ?? null);
    if (!isAlwaysThere(table)) {
      await tx.run(
        `INSERT INTO ${table} (lead_id, client_id, ${changed.map(([, column]) => column).join(', ')})
         VALUES ${rowMarks(1, 2 + changed.length)}
         ON DUPLICATE KEY UPDATE ${changed.map(([, column]) => `${column} = VALUES(${column})`).join(', ')}`,
        [lead.id, lead.clientId, ...values],
      );
    } else {
      const key = table === 'leads' ? 'id' : 'lead_id';
      await tx.run(
        `UPDATE ${table} SET ${changed.map(([, column]) => `${column} = ?`).join(', ')} WHERE ${key} = ?`,
        [...values, lead.id],
      );
    }
  }
}

const stored = (value: FieldValue | undefined): SqlValue =>
  typeof value === 'boolean' ? Number(value) : (value ?? null);

export async function insertInteractions(
  tx: Sql,
  events: readonly { readonly clientId: string; readonly leadId: number; readonly event: Interaction }[],
): Promise<void> {
  const columns = interactionColumns.map(([, column]) => column).join(', ');
  for (const group of insertGroupsByWeight(
    events,
    together,
    ({ event }) => 200 + textWeight(event.content),
  )) {
    await tx.run(
      `INSERT INTO interactions (client_id, lead_id, ${columns}) VALUES ${rowMarks(group.length, 2 + interactionColumns.length)}`,
      group.flatMap(({ clientId, leadId, event }): SqlValue[] => [
        clientId,
        leadId,
        ...interactionColumns.map(([name]) => stored(event[name])),
      ]),
    );
  }
}

/** Raises revisions; leads with the same steps share a statement. */
export async function raiseRevisions(
  tx: Sql,
  steps: readonly {
    readonly leadId: number;
    readonly revisions: number;
    readonly consentRevisions: number;
  }[],
): Promise<void> {
  const groups = Map.groupBy(steps, (step) => `${step.revisions}:${step.consentRevisions}`);
  for (const group of groups.values()) {
    const { marks, values } = inList(group.map(({ leadId }) => leadId));
    await tx.run(
      `UPDATE leads FORCE INDEX (PRIMARY) SET revision = revision + ?, consent_revision = consent_revision + ?, changed_at = CURRENT_TIMESTAMP(3) WHERE id IN (${marks})`,
      [group[0]?.revisions ?? 0, group[0]?.consentRevisions ?? 0, ...values],
    );
  }
}

export const insertChanges = (tx: Sql, changes: readonly NewLeadChange[]): Promise<void> =>
  insertRows(
    tx,
    'lead_changes',
    changes.map(({ clientId, leadId, revision, kind }) => ({ clientId, leadId, revision, kind })),
  );
