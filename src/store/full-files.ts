// Stores the state of full files, which contain every current lead: the one being made, the last that arrived, one held back.
// Invariant: a destination makes one full file at a time, under a lock on its row; only a person releases a held one.
import type { Sql } from './database.ts';

export interface FullFile {
  readonly destinationId: string;
  /** Slot whose leads are being gathered or collected. */
  readonly slotAt: Date | undefined;
  /** Deliveries up to this id have been gathered for it. */
  readonly gatheredTo: number;
  readonly gathered: number;
  readonly isGathered: boolean;
  /** The last file that was begun; 0: none. */
  readonly batchId: number;
  readonly lastBatchId: number;
  /** Leads in the last file that arrived; 0 before the first. */
  readonly lastRows: number;
  readonly lastBegunAt: Date | undefined;
  /** True when the changes and erasures that it carried are settled. */
  readonly isTold: boolean;
  readonly held: HeldFile | undefined;
  /** Support lets one file leave that has at least so many leads. */
  readonly releasedRows: number | undefined;
}

/** A file that is held because too many leads are missing. */
export interface HeldFile {
  readonly at: Date;
  readonly batchId: number;
  readonly rows: number;
  /** Leads of the last file that are not in it. */
  readonly missing: number;
}

type Row = {
  destination_id: string;
  slot_at: Date | null;
  gathered_to: number;
  gathered: number;
  is_gathered: number;
  batch_id: number;
  last_batch_id: number;
  last_rows: number;
  last_begun_at: Date | null;
  is_told: number;
  held_at: Date | null;
  held_batch_id: number;
  held_rows: number;
  held_missing: number;
  released_rows: number | null;
};
const columns =
  'destination_id, slot_at, gathered_to, gathered, is_gathered, batch_id, last_batch_id, last_rows, last_begun_at, is_told, held_at, held_batch_id, held_rows, held_missing, released_rows';

const fileOf = (row: Row): FullFile => ({
  destinationId: row.destination_id,
  slotAt: row.slot_at ?? undefined,
  gatheredTo: row.gathered_to,
  gathered: row.gathered,
  isGathered: row.is_gathered === 1,
  batchId: row.batch_id,
  lastBatchId: row.last_batch_id,
  lastRows: row.last_rows,
  lastBegunAt: row.last_begun_at ?? undefined,
  isTold: row.is_told === 1,
  held:
    row.held_at === null
      ? undefined
      : { at: row.held_at, batchId: row.held_batch_id, rows: row.held_rows, missing: row.held_missing },
  releasedRows: row.released_rows ?? undefined,
});

async function read(
  sql: Sql,
  destinationId: string,
  lock: '' | 'FOR UPDATE' | 'FOR UPDATE SKIP LOCKED',
): Promise<FullFile | undefined> {
  const [row] = await sql.all<Row>(`SELECT ${columns} FROM full_files WHERE destination_id = ? ${lock}`, [
    destinationId,
  ]);
  return row === undefined ? undefined : fileOf(row);
}

export const readFullFile = (sql: Sql, destinationId: string): Promise<FullFile | undefined> =>
  read(sql, destinationId, '');

/** Waits for the lock. */
export const lockFullFile = (tx: Sql, destinationId: string): Promise<FullFile | undefined> =>
  read(tx, destinationId, 'FOR UPDATE');

/** Undefined: another planner has locked it. */
export async function takeFullFile(tx: Sql, destinationId: string): Promise<FullFile | undefined> {
  const taken = await read(tx, destinationId, 'FOR UPDATE SKIP LOCKED');
  if (taken !== undefined || (await read(tx, destinationId, '')) !== undefined) return taken;
  await tx.run(
    'INSERT INTO full_files (destination_id) VALUES (?) ON DUPLICATE KEY UPDATE destination_id = destination_id',
    [destinationId],
  );
  return read(tx, destinationId, 'FOR UPDATE');
}

/** Held files by destination. */
export async function heldFiles(sql: Sql): Promise<ReadonlyMap<string, HeldFile>> {
  const rows = await sql.all<Row>(`SELECT ${columns} FROM full_files WHERE held_at IS NOT NULL`);
  return new Map(
    rows
      .map(fileOf)
      .flatMap(({ destinationId, held }) => (held === undefined ? [] : [[destinationId, held]])),
  );
}

/** Starts gathering the leads of this slot from the beginning. */
export async function beginGathering(tx: Sql, destinationId: string, slotAt: Date): Promise<void> {
  await tx.run(
    'UPDATE full_files SET slot_at = ?, gathered_to = 0, gathered = 0, is_gathered = 0 WHERE destination_id = ?',
    [slotAt, destinationId],
  );
}

export async function noteGathered(
  tx: Sql,
  destinationId: string,
  step: { readonly to: number; readonly opened: number; readonly isLast: boolean },
): Promise<void> {
  await tx.run(
    'UPDATE full_files SET gathered_to = ?, gathered = gathered + ?, is_gathered = ? WHERE destination_id = ?',
    [step.to, step.opened, step.isLast ? 1 : 0, destinationId],
  );
}

/** Ends the slot: all its rows are in this file; 0: it made none. */
export async function noteBegun(tx: Sql, destinationId: string, batchId: number): Promise<void> {
  await tx.run(
    'UPDATE full_files SET slot_at = NULL, batch_id = IF(? = 0, batch_id, ?) WHERE destination_id = ?',
    [batchId, batchId, destinationId],
  );
}

/** Makes an arrived file the one with which the next is compared. Does nothing for other kinds of files. */
export async function noteArrived(tx: Sql, batchId: number): Promise<void> {
  await tx.run(
    `UPDATE batches b JOIN full_files f ON f.destination_id = b.destination_id
        SET f.last_batch_id = b.id, f.last_rows = b.rows_count, f.last_begun_at = b.created_at, f.is_told = 0, f.released_rows = NULL
      WHERE b.id = ? AND f.batch_id = b.id`,
    [batchId],
  );
}

export async function noteTold(tx: Sql, destinationId: string): Promise<void> {
  await tx.run('UPDATE full_files SET is_told = 1 WHERE destination_id = ?', [destinationId]);
}

/** Holds a file until a person decides; false when one is held already. */
export async function holdFile(
  tx: Sql,
  destinationId: string,
  { batchId, rows, missing }: Omit<HeldFile, 'at'>,
): Promise<boolean> {
  const { affected } = await tx.run(
    `UPDATE full_files SET held_at = UTC_TIMESTAMP(3), held_batch_id = ?, held_rows = ?, held_missing = ?, released_rows = NULL
      WHERE destination_id = ? AND held_at IS NULL`,
    [batchId, rows, missing, destinationId],
  );
  return affected === 1;
}

/** @param releasedRows a file of at least so many leads leaves once; undefined: the next is compared as usual */
export async function endHold(
  tx: Sql,
  destinationId: string,
  releasedRows: number | undefined,
): Promise<void> {
  await tx.run('UPDATE full_files SET held_at = NULL, released_rows = ? WHERE destination_id = ?', [
    releasedRows ?? null,
    destinationId,
  ]);
}

/** Leads of a written file that left in an earlier one; the others are new in it. */
export async function returningRows(sql: Sql, wholeId: number): Promise<number> {
  const [row] = await sql.all<{ n: number }>(
    `SELECT COUNT(*) AS n FROM batches b FORCE INDEX (batches_whole) JOIN deliveries d FORCE INDEX (deliveries_batch) ON d.batch_id = b.id
      WHERE b.whole_id = ? AND b.state = 'written' AND d.state = 'sending' AND d.run > 1`,
    [wholeId],
  );
  return row?.n ?? 0;
}
