// Inserts, refuses and deletes rows of lead_intake, and stores the receipts by which a repeated row is recognised.
// Invariant: a row leaves 'new' only in the transaction that settled it.
import { leadColumns } from '../../domain/lead-fields/columns.ts';
import {
  inList,
  insertGroupsByWeight,
  rowMarks,
  textWeight,
  type ReadOnlySql,
  type Sql,
  type SqlValue,
} from '../database.ts';
import { deleteNamed } from '../named-rows.ts';
import { insertRows } from '../columns.ts';

/** Every column a sender may fill, in the order of the table. */
export const intakeColumns = [
  'client_id',
  'kind',
  'reference',
  'row_reference',
  ...leadColumns,
  'consents',
  'interactions',
  'clear_fields',
] as const;
export type IntakeColumn = (typeof intakeColumns)[number];

export type IntakeValue = string | number | Date | null;
export type IntakeValues = Readonly<Partial<Record<IntakeColumn, IntakeValue>>>;

/** The names of a lead: unique per client. */
export interface LeadName {
  readonly clientId: string;
  readonly reference: string;
}

export interface Receipt {
  readonly clientId: string;
  readonly kind: string;
  readonly rowReference: string;
  readonly leadId: number;
  readonly digest: Buffer;
  readonly receivedAt: Date;
}

export async function oldestNewRow(sql: ReadOnlySql): Promise<Date | undefined> {
  const [row] = await sql.all<{ received_at: Date }>(
    `SELECT received_at FROM lead_intake
      WHERE id = (SELECT MIN(id) FROM lead_intake FORCE INDEX (lead_intake_turn) WHERE status = 'new')`,
  );
  return row?.received_at;
}

export async function receiptsOf(
  tx: Sql,
  keys: readonly Pick<Receipt, 'clientId' | 'kind' | 'rowReference'>[],
): Promise<readonly Omit<Receipt, 'receivedAt'>[]> {
  if (keys.length === 0) return [];
  const { where, values } = amongKeys(
    keys.map((key) => [key.clientId, key.kind, key.rowReference]),
    ['client_id', 'kind', 'row_reference'],
  );
  return tx.all(
    `SELECT client_id AS clientId, kind, row_reference AS rowReference, lead_id AS leadId, digest FROM intake_receipts FORCE INDEX (PRIMARY) WHERE ${where}`,
    values,
  );
}

export const insertReceipts = (tx: Sql, receipts: readonly Receipt[]): Promise<void> =>
  insertRows(
    tx,
    'intake_receipts',
    receipts.map(({ clientId, kind, rowReference, leadId, digest, receivedAt }) => ({
      clientId,
      kind,
      rowReference,
      leadId,
      digest,
      receivedAt,
    })),
  );

// Reads ids by the primary key, whatever the optimiser decides for a small table: a scan would wait for the rows of other intakes,
// and they for ours.
const byPrimaryKey = 'FORCE INDEX (PRIMARY)';

/** Deletes accepted rows: their content is then in the lead tables only. */
export async function removeRows(tx: Sql, ids: readonly bigint[]): Promise<void> {
  await deleteNamed(tx, { table: 'lead_intake', column: 'id', index: 'PRIMARY' }, ids);
}

/** Refuses rows, which remain with their reasons as JSON. Returns the number that were still new. */
export async function refuseRows(tx: Sql, refusals: readonly RowRefusal[]): Promise<number> {
  let count = 0;
  for (const group of insertGroupsByWeight(refusals, 512, (refusal) => textWeight(refusal.refusal)))
    count += await refuseSome(tx, group);
  return count;
}

export interface RowRefusal {
  readonly id: bigint;
  readonly refusal: string;
}

async function refuseSome(tx: Sql, refusals: readonly RowRefusal[]): Promise<number> {
  const { marks, values } = idList(refusals.map((refusal) => refusal.id));
  const { affected } = await tx.run(
    `UPDATE lead_intake ${byPrimaryKey} SET status = 'refused', settled_at = CURRENT_TIMESTAMP(3),
       refusal = CASE id ${refusals.map(() => `WHEN ${idMark} THEN ?`).join(' ')} END
     WHERE id IN (${marks}) AND status = 'new'`,
    [...refusals.flatMap((refusal): SqlValue[] => [String(refusal.id), refusal.refusal]), ...values],
  );
  return affected;
}

/** Holds rows of a client that has moved, until they are carried to its installation. Rows without a line in lead_intake are left out. */
export async function holdRows(tx: Sql, ids: readonly bigint[]): Promise<void> {
  const stored = ids.filter((id) => id > 0n);
  if (stored.length === 0) return;
  const { marks, values } = idList(stored);
  await tx.run(
    `UPDATE lead_intake ${byPrimaryKey} SET status = 'moved' WHERE id IN (${marks}) AND status = 'new'`,
    values,
  );
}

/**
 * Blanks the content of rows and keeps their names and reasons: no data of an erased person is kept, whenever it arrives (C22).
 */
export async function blankRows(tx: Sql, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = idList(ids);
  const content = [...leadColumns, 'consents', 'interactions', 'clear_fields'];
  await tx.run(
    `UPDATE lead_intake ${byPrimaryKey} SET ${content.map((column) => `${column} = NULL`).join(', ')} WHERE id IN (${marks})`,
    values,
  );
}

export async function raiseIntakeAlert(tx: Sql, clientId: string, reason: string): Promise<void> {
  await tx.run("INSERT INTO alerts (kind, client_id, reason) VALUES ('intake_failed', ?, ?)", [
    clientId,
    reason,
  ]);
}

/** Inserts rows by one plain INSERT, as the intake account may. */
export async function insertIntakeRows(sql: Sql, rows: readonly IntakeValues[]): Promise<void> {
  await addIntakeRows(sql, rows);
}

/** The same; returns their ids, in order. */
export async function addIntakeRows(sql: Sql, rows: readonly IntakeValues[]): Promise<readonly bigint[]> {
  if (rows.length === 0) return [];
  const valueOf = (row: IntakeValues, name: IntakeColumn): IntakeValue =>
    row[name] ?? (name === 'kind' ? 'lead' : name === 'row_reference' ? '' : null);
  const { insertId, idStep } = await sql.run(
    `INSERT INTO lead_intake (${intakeColumns.join(', ')}) VALUES ${rowMarks(rows.length, intakeColumns.length)}`,
    rows.flatMap((row) => intakeColumns.map((name) => valueOf(row, name))),
  );
  return rows.map((_, index) => BigInt(insertId + index * idStep));
}

/** Status of rows inserted before: a missing row was accepted, or was a repeated one. */
export async function intakeRowsLeft(
  sql: Sql,
  ids: readonly bigint[],
): Promise<ReadonlyMap<bigint, { readonly status: string; readonly refusal: string | null }>> {
  if (ids.length === 0) return new Map();
  const { marks, values } = idList(ids);
  const rows = await sql.all<{ id: string; status: string; refusal: string | null }>(
    `SELECT CAST(id AS CHAR) AS id, status, refusal FROM lead_intake WHERE id IN (${marks})`,
    values,
  );
  return new Map(rows.map(({ id, ...row }) => [BigInt(id), row]));
}

/** A cast parameter: a server compares a text or a double with a BIGINT as doubles, which round above 2^53. */
const idMark = 'CAST(? AS UNSIGNED)';

export function idList(ids: readonly bigint[]): { readonly marks: string; readonly values: string[] } {
  const { marks, values } = inList(ids.map(String));
  return { marks: marks.replaceAll('?', idMark), values: values.map(String) };
}

/** `(a = ? AND b = ?) OR ...`, padded to a power of two like an IN list; both optimisers read it as ranges of one index. */
export function anyOf(
  keys: readonly (readonly string[])[],
  columns: readonly string[],
): { readonly where: string; readonly values: string[] } {
  const tuple = `(${columns.map((column) => `${column} = ?`).join(' AND ')})`;
  const last = keys.at(-1) ?? [];
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, keys.length)));
  const padded = [...keys, ...Array<readonly string[]>(size - keys.length).fill(last)];
  return { where: padded.map(() => tuple).join(' OR '), values: padded.flat() };
}

/**
 * The same for reads without a lock: `a = ? AND b IN (...)` when only the last column differs, which is planned many times faster.
 */
export function amongKeys(
  keys: readonly (readonly string[])[],
  columns: readonly string[],
): ReturnType<typeof anyOf> {
  const [first = []] = keys;
  const same = columns.slice(0, -1);
  if (!keys.every((key) => same.every((_, at) => key[at] === first[at]))) return anyOf(keys, columns);
  const list = inList(keys.map((key) => key.at(-1) ?? ''));
  return {
    where: [...same.map((column) => `${column} = ?`), `${columns.at(-1)} IN (${list.marks})`].join(' AND '),
    values: [...first.slice(0, -1), ...list.values],
  };
}

export function byName(names: readonly LeadName[]): { readonly where: string; readonly values: string[] } {
  return anyOf(
    names.map((name) => [name.clientId, name.reference]),
    ['client_id', 'reference'],
  );
}

/**
 * Refuses rows of lead_intake that have an unknown status. A committed row is new or refused, so that none is
 * overlooked; found by index. Refuses up to `limit` such rows; returns their number by client.
 */
export async function refuseStrays(
  tx: Sql,
  refusal: string,
  limit: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.all<{ id: string; clientId: string }>(
    `SELECT CAST(id AS CHAR) AS id, client_id AS clientId FROM lead_intake FORCE INDEX (lead_intake_turn)
      WHERE status < 'new' OR (status > 'new' AND status < 'refused') OR status > 'refused'
      LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  if (rows.length === 0) return new Map();
  const { marks, values } = idList(rows.map((row) => BigInt(row.id)));
  await tx.run(
    `UPDATE lead_intake FORCE INDEX (PRIMARY) SET status = 'refused', refusal = ?, settled_at = UTC_TIMESTAMP(3)
      WHERE id IN (${marks})`,
    [refusal, ...values],
  );
  const groups = Map.groupBy(rows, (row) => row.clientId);
  return new Map([...groups].map(([clientId, rows]) => [clientId, rows.length]));
}
