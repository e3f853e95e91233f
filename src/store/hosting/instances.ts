// Stores installations for one client: which numbers were given, and, in such an installation, whose it is (C36).
// Invariant: a number is given once; only the owner's account writes here.
import { firstId, firstShortId, mostSlots } from '../../domain/hosting.ts';
import { RelaisError } from '../../errors.ts';
import { firstAs, type Database, type ReadOnlySql, type Sql, firstRow } from '../database.ts';
import { fromStored } from '../columns.ts';

export interface Instance {
  readonly slot: number;
  readonly clientId: string;
  readonly isReady: boolean;
}

export const findInstance = (sql: ReadOnlySql, clientId: string): Promise<Instance | undefined> =>
  firstAs(
    sql,
    fromStored<Instance>('isReady'),
    'SELECT slot, client_id AS clientId, ready_at IS NOT NULL AS isReady FROM instances WHERE open_for = ?',
    [clientId],
  );

/** The installation of this number; undefined where none was made from here. */
export const instanceAt = (
  sql: ReadOnlySql,
  slot: number,
): Promise<{ readonly clientId: string; readonly isOpen: boolean } | undefined> =>
  firstAs(
    sql,
    fromStored<{ readonly clientId: string; readonly isOpen: boolean }>('isOpen'),
    'SELECT client_id AS clientId, open_for IS NOT NULL AS isOpen FROM instances WHERE slot = ?',
    [slot],
  );

/** The client's installation in use; the next number where there is none. @throws INSTANCE-001 when the numbers are used up */
export async function openInstance(owner: Sql, clientId: string, actor: string): Promise<Instance> {
  // An INSERT that fails uses up a number: one process at a time makes an installation.
  if ((await findInstance(owner, clientId)) === undefined)
    await owner.run('INSERT INTO instances (client_id, open_for, made_by) VALUES (?, ?, ?)', [
      clientId,
      clientId,
      actor,
    ]);
  const found = await findInstance(owner, clientId);
  if (found === undefined || found.slot > mostSlots)
    throw new RelaisError('INSTANCE-001', [
      `Les ${mostSlots} numéros d’installation sont épuisés.`,
      `All ${mostSlots} numbers of installations are used up.`,
    ]);
  return found;
}

export async function markReady(owner: Sql, slot: number): Promise<void> {
  await owner.run('UPDATE instances SET ready_at = UTC_TIMESTAMP(3) WHERE slot = ? AND ready_at IS NULL', [
    slot,
  ]);
}

export interface Dedication {
  readonly clientId: string;
  readonly slot: number;
}

/** Whose installation this is; undefined for a shared one. */
export const readDedication = (sql: ReadOnlySql): Promise<Dedication | undefined> =>
  firstRow<Dedication>(sql, 'SELECT client_id AS clientId, slot FROM dedication');

/** @throws INSTANCE-001 in an installation for another client */
export async function requireOwnClient(sql: ReadOnlySql, clientId: string): Promise<void> {
  const dedication = await readDedication(sql);
  if (dedication !== undefined && dedication.clientId !== clientId)
    throw new RelaisError('INSTANCE-001', [
      `Cette installation est celle de ${dedication.clientId} seul ; ${clientId} relève d’une autre.`,
      `This installation is for ${dedication.clientId} alone; ${clientId} belongs to another one.`,
    ]);
}

/** Gives an empty database to a client: its ids begin at the range of its number. Repeated, it changes nothing. @throws INSTANCE-001 */
export async function dedicate(owner: Database, { clientId, slot }: Dedication): Promise<void> {
  await requireOwnClient(owner, clientId);
  // Once only: a counter of a table whose newest rows were deleted must not go back.
  if ((await readDedication(owner)) !== undefined) return;
  const counters = await owner.all<{ name: string; type: string }>(
    `SELECT TABLE_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND EXTRA LIKE '%auto_increment%' AND DATA_TYPE IN ('bigint', 'int')`,
    [owner.name],
  );
  for (const { name, type } of counters) {
    const next = (type === 'bigint' ? firstId(slot) : firstShortId(slot)) + 1;
    await owner.text(`ALTER TABLE \`${name}\` AUTO_INCREMENT = ${next}`);
  }
  await owner.run('INSERT INTO dedication (client_id, slot) VALUES (?, ?)', [clientId, slot]);
}
