// Stores the slots at which a file of a flow is due: by its schedule, requested by support, or because a file was voided.
// Invariant: a slot runs once, and stays due while its destination cannot send. `taken` means that its rows were collected, not
// that the file arrived: its batch is then `sent` (store/batches.ts). A slot without rows makes no batch.
import {
  firstRow,
  changesOne,
  isDuplicateKey,
  type ReadOnlySql,
  type Sql,
  firstNumber,
  firstValue,
  hasRow,
  mapOf,
} from '../database.ts';

/**
 * Inserts a slot, `now` by the database's clock; false when that slot exists already. An hour of the schedule takes over what came in its
 * very millisecond: behind a file that was voided or split, no file without leads would be made for it.
 */
export async function addSlot(
  sql: Sql,
  destinationId: string,
  slotAt: Date | 'now',
  askedBy = 'schedule',
): Promise<boolean> {
  try {
    await sql.run(
      `INSERT INTO slots (destination_id, slot_at, asked_by) VALUES (?, ${slotAt === 'now' ? 'UTC_TIMESTAMP(3)' : '?'}, ?)`,
      [destinationId, ...(slotAt === 'now' ? [] : [slotAt]), askedBy],
    );
    return true;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return askedBy === 'schedule' && slotAt !== 'now' && takeOver(sql, destinationId, slotAt);
  }
}

const takeOver = (sql: Sql, destinationId: string, slotAt: Date): Promise<boolean> =>
  changesOne(
    sql,
    `UPDATE slots SET state = IF(asked_by IN ('voided', 'too_big'), 'due', state),
            taken_at = IF(asked_by IN ('voided', 'too_big'), NULL, taken_at), asked_by = 'schedule'
      WHERE destination_id = ? AND slot_at = ? AND asked_by <> 'schedule'`,
    [destinationId, slotAt],
  );

export const latestSlots = (sql: Sql): Promise<ReadonlyMap<string, Date>> =>
  mapOf<string, Date>(
    sql,
    "SELECT destination_id, MAX(slot_at) AS slot_at FROM slots WHERE asked_by = 'schedule' GROUP BY destination_id",
  );

/** The newest slot of a destination, scheduled or requested; undefined: none. */
export const newestSlot = async (sql: ReadOnlySql, destinationId: string): Promise<Date | undefined> =>
  (await firstValue<Date | null>(sql, 'SELECT MAX(slot_at) AS newest FROM slots WHERE destination_id = ?', [
    destinationId,
  ])) ?? undefined;

export const countSlotsAfter = (tx: Sql, destinationId: string, after: Date): Promise<number> =>
  firstNumber(tx, 'SELECT COUNT(*) AS n FROM slots WHERE destination_id = ? AND slot_at > ?', [
    destinationId,
    after,
  ]);

export interface DueSlot {
  readonly destinationId: string;
  readonly slotAt: Date;
  /** `schedule`, or the actor who requested it. */
  readonly askedBy: string;
  /** The long file whose parts are being collected for it; 0: none. */
  readonly collecting: number;
}

const slotColumns = 'destination_id AS destinationId, slot_at AS slotAt, asked_by AS askedBy, collecting';

/** Due slots of active destinations, those of long files last. */
export const dueSlots = (sql: Sql, limit: number): Promise<readonly DueSlot[]> =>
  sql.all<DueSlot>(
    `SELECT ${slotColumns} FROM slots WHERE state = 'due' AND slot_at <= UTC_TIMESTAMP(3)
        AND destination_id IN (SELECT id FROM destinations WHERE status = 'active')
      ORDER BY collecting > 0, slot_at LIMIT ${Math.trunc(limit)}`,
  );

/** Locks a due slot in the caller's transaction; undefined when another process has it or it was taken. */
export const lockSlot = (
  tx: Sql,
  { destinationId, slotAt }: Pick<DueSlot, 'destinationId' | 'slotAt'>,
): Promise<DueSlot | undefined> =>
  firstRow<DueSlot>(
    tx,
    `SELECT ${slotColumns} FROM slots WHERE destination_id = ? AND slot_at = ? AND state = 'due' FOR UPDATE SKIP LOCKED`,
    [destinationId, slotAt],
  );

/** Keeps the slot due, because more parts of its file are to be collected. */
export async function noteCollecting(tx: Sql, slot: DueSlot, wholeId: number): Promise<void> {
  await tx.run('UPDATE slots SET collecting = ? WHERE destination_id = ? AND slot_at = ?', [
    wholeId,
    slot.destinationId,
    slot.slotAt,
  ]);
}

/** Ends the slot: it runs once. */
export async function markTaken(tx: Sql, slot: Pick<DueSlot, 'destinationId' | 'slotAt'>): Promise<void> {
  await tx.run(
    "UPDATE slots SET state = 'taken', taken_at = UTC_TIMESTAMP(3) WHERE destination_id = ? AND slot_at = ?",
    [slot.destinationId, slot.slotAt],
  );
}

/** True when a later slot of the destination is due already. */
export const isOutrun = (
  tx: Sql,
  { destinationId, slotAt }: Pick<DueSlot, 'destinationId' | 'slotAt'>,
): Promise<boolean> =>
  hasRow(
    tx,
    "SELECT 1 FROM slots WHERE destination_id = ? AND slot_at > ? AND slot_at <= UTC_TIMESTAMP(3) AND state = 'due' LIMIT 1",
    [destinationId, slotAt],
  );

/** True when the slot has not been taken. */
export const isDue = (
  tx: Sql,
  { destinationId, slotAt }: Pick<DueSlot, 'destinationId' | 'slotAt'>,
): Promise<boolean> =>
  hasRow(tx, "SELECT 1 FROM slots WHERE destination_id = ? AND slot_at = ? AND state = 'due'", [
    destinationId,
    slotAt,
  ]);

/**
 * Takes the destination's due slots without making a file; one whose file is being collected makes it.
 * @param before only those that came before this moment
 */
export async function passDue(tx: Sql, destinationId: string, before?: Date): Promise<void> {
  await tx.run(
    `UPDATE slots SET state = 'taken', taken_at = UTC_TIMESTAMP(3) WHERE destination_id = ? AND state = 'due' AND collecting = 0
        AND slot_at ${before === undefined ? '<= UTC_TIMESTAMP(3)' : '< ?'}`,
    [destinationId, ...(before === undefined ? [] : [before])],
  );
}
