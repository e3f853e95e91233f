// The rows of lead_intake: taken, refused, removed; and the receipts that make the same row count once.
// Invariant: a row is taken by one process at a time (SKIP LOCKED), and leaves 'new' only in the transaction that settled it.
import { inList, insertGroups, rowMarks, type Reading, type Sql, type SqlValue } from './database.ts';
import { leadColumns } from './lead-columns.ts';
import { takeInTurns, type Turns } from './turns.ts';

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

export interface IntakeRow {
  readonly id: number;
  readonly receivedAt: Date;
  /** The database's clock when the row was taken. */
  readonly takenAt: Date;
  readonly values: IntakeValues;
}

/** A lead by its names: unique per client. */
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

type Raw = Record<string, IntakeValue> & {
  readonly id: number;
  readonly received_at: Date;
  readonly taken_at: Date;
};
const select = `SELECT id, received_at, UTC_TIMESTAMP(3) AS taken_at, ${intakeColumns.join(', ')} FROM lead_intake`;
const shaped = (raw: Raw): IntakeRow => {
  const { id, received_at: receivedAt, taken_at: takenAt, ...values } = raw;
  return { id, receivedAt, takenAt, values };
};

/** New rows that nobody else holds, locked: of each client in its turn the oldest. Rows of an open transaction are skipped and come later. */
export async function takeNewRows(tx: Sql, limit: number, turns: Turns): Promise<IntakeRow[]> {
  // The number is ours, and LIMIT cannot be a parameter typed as text on every server.
  const most = Math.max(1, Math.min(1000, Math.trunc(limit)));
  const rows = await takeInTurns(turns, most, {
    clientAfter: async (client) => {
      const [next] = await tx.all<{ client_id: string }>(
        `SELECT client_id FROM lead_intake FORCE INDEX (lead_intake_turn)
          WHERE status = 'new' ${client === undefined ? '' : 'AND client_id > ?'} ORDER BY client_id LIMIT 1`,
        client === undefined ? [] : [client],
      );
      return next?.client_id;
    },
    rowsOf: (client, afterId, count) =>
      tx.all<Raw>(
        `${select} FORCE INDEX (lead_intake_turn)
          WHERE status = 'new' AND client_id = ? AND id > ? ORDER BY id LIMIT ${count} FOR UPDATE SKIP LOCKED`,
        [client, afterId],
      ),
  });
  return rows.map(shaped);
}

/** When the oldest new row came in. */
export async function oldestNewRow(sql: Reading): Promise<Date | undefined> {
  const [row] = await sql.all<{ received_at: Date }>(
    `SELECT received_at FROM lead_intake
      WHERE id = (SELECT MIN(id) FROM lead_intake FORCE INDEX (lead_intake_turn) WHERE status = 'new')`,
  );
  return row?.received_at;
}

/** One row again, if it is still new and free. */
export async function takeRow(tx: Sql, id: number): Promise<IntakeRow[]> {
  return (await tx.all<Raw>(`${select} WHERE id = ? AND status = 'new' FOR UPDATE SKIP LOCKED`, [id])).map(
    shaped,
  );
}

/** The new `lead` rows of these references, locked; those held by another process are left out. */
export async function takeLeadRows(tx: Sql, names: readonly LeadName[]): Promise<IntakeRow[]> {
  if (names.length === 0) return [];
  const { where, values } = byName(names);
  return (
    await tx.all<Raw>(
      `${select} WHERE kind = 'lead' AND status = 'new' AND (${where}) ORDER BY id FOR UPDATE SKIP LOCKED`,
      values,
    )
  ).map(shaped);
}

/** Every committed new row about these leads, whoever holds it: read without a lock. */
export async function newRowsAbout(
  tx: Sql,
  names: readonly LeadName[],
): Promise<
  readonly {
    readonly id: number;
    readonly clientId: string;
    readonly reference: string;
    readonly kind: string;
  }[]
> {
  if (names.length === 0) return [];
  const { where, values } = byName(names);
  return tx.all(
    `SELECT id, client_id AS clientId, reference, kind FROM lead_intake WHERE status = 'new' AND (${where}) ORDER BY id`,
    values,
  );
}

export async function knownClients(tx: Sql, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const { marks, values } = inList(ids);
  const rows = await tx.all<{ id: string }>(`SELECT id FROM clients WHERE id IN (${marks})`, values);
  return new Set(rows.map((row) => row.id));
}

export async function receiptsOf(
  tx: Sql,
  keys: readonly Pick<Receipt, 'clientId' | 'kind' | 'rowReference'>[],
): Promise<readonly Pick<Receipt, 'clientId' | 'kind' | 'rowReference' | 'digest'>[]> {
  if (keys.length === 0) return [];
  const { where, values } = anyOf(
    keys.map((key) => [key.clientId, key.kind, key.rowReference]),
    ['client_id', 'kind', 'row_reference'],
  );
  return tx.all(
    `SELECT client_id AS clientId, kind, row_reference AS rowReference, digest FROM intake_receipts WHERE ${where}`,
    values,
  );
}

export async function insertReceipts(tx: Sql, receipts: readonly Receipt[]): Promise<void> {
  for (const some of insertGroups(receipts)) {
    await tx.run(
      `INSERT INTO intake_receipts (client_id, kind, row_reference, lead_id, digest, received_at) VALUES ${rowMarks(some.length, 6)}`,
      some.flatMap((one) => [
        one.clientId,
        one.kind,
        one.rowReference,
        one.leadId,
        one.digest,
        one.receivedAt,
      ]),
    );
  }
}

// Named ids are reached by the primary key, whatever the optimiser thinks of a table that is small at the moment: a scan
// would wait for the rows of other intakes, and they for ours.
const byPrimaryKey = 'FORCE INDEX (PRIMARY)';

/** Accepted rows go: their content then lives in the lead tables only. */
export async function removeRows(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(`DELETE i FROM lead_intake i ${byPrimaryKey} WHERE i.id IN (${marks})`, values);
}

/** A refused row stays, visible, with its reasons as JSON. Returns how many were still new. */
export async function refuseRows(
  tx: Sql,
  refusals: readonly { readonly id: number; readonly refusal: string }[],
): Promise<number> {
  const last = refusals.at(-1);
  if (last === undefined) return 0;
  const { marks, values } = inList(refusals.map((one) => one.id));
  const padded = [...refusals, ...Array<typeof last>(values.length - refusals.length).fill(last)];
  const { affected } = await tx.run(
    `UPDATE lead_intake ${byPrimaryKey} SET status = 'refused', settled_at = CURRENT_TIMESTAMP(3),
       refusal = CASE id ${padded.map(() => 'WHEN ? THEN ?').join(' ')} END
     WHERE id IN (${marks}) AND status = 'new'`,
    [...padded.flatMap((one): SqlValue[] => [one.id, one.refusal]), ...values],
  );
  return affected;
}

/** Takes the content of rows away, their names and reasons stay: nothing of an erased person is kept, whenever it arrives (C22). */
export async function blankRows(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
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

/** Plain INSERT of rows in one statement, as the intake account may. */
export async function insertIntakeRows(sql: Sql, rows: readonly IntakeValues[]): Promise<void> {
  if (rows.length === 0) return;
  const valueOf = (row: IntakeValues, name: IntakeColumn): IntakeValue =>
    row[name] ?? (name === 'kind' ? 'lead' : name === 'row_reference' ? '' : null);
  await sql.run(
    `INSERT INTO lead_intake (${intakeColumns.join(', ')}) VALUES ${rowMarks(rows.length, intakeColumns.length)}`,
    rows.flatMap((row) => intakeColumns.map((name) => valueOf(row, name))),
  );
}

/** `(a = ? AND b = ?) OR ...`, padded to a power of two like an IN list; both optimisers read it as ranges of one index. */
export function anyOf(
  keys: readonly (readonly string[])[],
  columns: readonly string[],
): { readonly where: string; readonly values: string[] } {
  const one = `(${columns.map((column) => `${column} = ?`).join(' AND ')})`;
  const last = keys.at(-1) ?? [];
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, keys.length)));
  const padded = [...keys, ...Array<readonly string[]>(size - keys.length).fill(last)];
  return { where: padded.map(() => one).join(' OR '), values: padded.flat() };
}

export function byName(names: readonly LeadName[]): { readonly where: string; readonly values: string[] } {
  return anyOf(
    names.map((name) => [name.clientId, name.reference]),
    ['client_id', 'reference'],
  );
}
