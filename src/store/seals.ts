// Rows of the seals, and the entries they cover.
// Invariant: what is to be sealed is what stands in handovers_unsealed, never a range guessed from ids.
import { inList, rowMarks, type Sql } from './database.ts';
import { handoverColumns } from './handover-text.ts';

export interface Seal {
  readonly sequence: number;
  readonly sealedAt: Date;
  /** Ranges of ids: `1-5,7`. */
  readonly entries: string;
  readonly entryMacs: Buffer;
  readonly count: number;
  readonly previous: Buffer;
  readonly mac: Buffer;
  /** Empty: made before keys had names. */
  readonly keyId: string;
}

export type HandoverRow = { readonly id: number } & Readonly<
  Record<(typeof handoverColumns)[number], Buffer | string | number | null>
>;

/** The exact text is read for times: a driver's rounding must not change what is sealed. */
const selected = handoverColumns
  .map((column) => (column === 'at' ? "DATE_FORMAT(at, '%Y-%m-%dT%H:%i:%s.%f') AS at" : column))
  .join(', ');

/** Serialises sealers: the connection's transaction holds the last seal's row. */
export async function lastSeal(sql: Sql, lock = false): Promise<Seal | undefined> {
  const [row] = await sql.all<SealRow>(
    `SELECT * FROM seals ORDER BY sequence DESC LIMIT 1${lock ? ' FOR UPDATE' : ''}`,
  );
  return row === undefined ? undefined : sealOf(row);
}

/** An entry that waits for its seal, with the signature it was given when it was made. */
export interface Waiting {
  readonly id: number;
  readonly keyId: string;
  readonly mac: Buffer;
}

/** The next entries to seal that one of these keys has signed; what was set apart stays where it is. */
export async function takeUnsealed(
  tx: Sql,
  keyIds: readonly string[],
  limit: number,
): Promise<readonly Waiting[]> {
  const { marks, values } = inList(keyIds);
  return tx.all<Waiting>(
    `SELECT handover_id AS id, key_id AS keyId, mac FROM handovers_unsealed
      WHERE refused_at IS NULL AND key_id IN (${marks}) ORDER BY handover_id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    values,
  );
}

/**
 * Waiting entries that name a key which nobody was ever given: not the gateway's, whoever looks. Those up to an id: what waits behind
 * it is looked at when its turn has come, and not in every round until then.
 */
export async function signedByNobody(
  tx: Sql,
  keyIds: readonly string[],
  { upTo, limit }: { readonly upTo: number; readonly limit: number },
): Promise<readonly number[]> {
  const { marks, values } = inList(keyIds);
  const rows = await tx.all<{ id: number }>(
    `SELECT handover_id AS id FROM handovers_unsealed
      WHERE handover_id <= ? AND refused_at IS NULL AND key_id NOT IN (${marks})
        AND key_id NOT IN (SELECT k.key_id FROM installation_keys k WHERE k.purpose = 'seal')
      ORDER BY handover_id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [upTo, ...values],
  );
  return rows.map((row) => row.id);
}

/** Waiting entries after an id, whatever their state. */
export async function waitingAfter(sql: Sql, id: number, limit: number): Promise<readonly Waiting[]> {
  return sql.all<Waiting>(
    `SELECT handover_id AS id, key_id AS keyId, mac FROM handovers_unsealed
      WHERE handover_id > ? ORDER BY handover_id LIMIT ${Math.trunc(limit)}`,
    [id],
  );
}

/** Entries whose signature is not the gateway's: never sealed, kept for `relais log verify`. */
export async function setApart(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE handovers_unsealed SET refused_at = UTC_TIMESTAMP(3) WHERE handover_id IN (${marks})`,
    values,
  );
}

export async function readEntries(sql: Sql, ids: readonly number[]): Promise<readonly HandoverRow[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  return sql.all<HandoverRow>(
    `SELECT id, ${selected} FROM handovers WHERE id IN (${marks}) ORDER BY id`,
    values,
  );
}

export async function insertSeal(tx: Sql, seal: Seal, ids: readonly number[]): Promise<void> {
  await tx.run(
    `INSERT INTO seals (sequence, sealed_at, entries, entry_macs, count, previous, mac, key_id) VALUES ${rowMarks(1, 8)}`,
    [
      seal.sequence,
      seal.sealedAt,
      seal.entries,
      seal.entryMacs,
      seal.count,
      seal.previous,
      seal.mac,
      seal.keyId,
    ],
  );
  const { marks, values } = inList(ids);
  await tx.run(
    `DELETE handovers_unsealed FROM handovers_unsealed FORCE INDEX (PRIMARY) WHERE handover_id IN (${marks})`,
    values,
  );
}

export async function sealsAfter(sql: Sql, sequence: number, limit: number): Promise<readonly Seal[]> {
  return (
    await sql.all<SealRow>(
      `SELECT * FROM seals WHERE sequence > ? ORDER BY sequence LIMIT ${Math.trunc(limit)}`,
      [sequence],
    )
  ).map(sealOf);
}

/** Entries that no seal and no queue knows of are found by comparing these with the seals. */
export async function entryIdsBetween(sql: Sql, from: number, to: number): Promise<readonly number[]> {
  const rows = await sql.all<{ id: number }>(
    'SELECT id FROM handovers WHERE id BETWEEN ? AND ? ORDER BY id',
    [from, to],
  );
  return rows.map((row) => row.id);
}

/** The next id at or after `from`; undefined when there is none up to `to`. */
export async function nextEntryId(sql: Sql, from: number, to: number): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>(
    'SELECT id FROM handovers WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1',
    [from, to],
  );
  return row?.id;
}

export async function newestEntryId(sql: Sql): Promise<number> {
  return (await sql.all<{ id: number | null }>('SELECT MAX(id) AS id FROM handovers'))[0]?.id ?? 0;
}

export async function countUnsealed(sql: Sql): Promise<number> {
  return (await sql.all<{ n: number }>('SELECT COUNT(*) AS n FROM handovers_unsealed'))[0]?.n ?? 0;
}

/** Those of the ids that wait for a seal. */
export async function unsealedAmong(sql: Sql, ids: readonly number[]): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ handover_id: number }>(
    `SELECT handover_id FROM handovers_unsealed WHERE handover_id IN (${marks})`,
    values,
  );
  return new Set(rows.map((row) => row.handover_id));
}

/** A place in the queue whose entry is gone. */
export async function queueWithoutEntry(sql: Sql): Promise<number | undefined> {
  const [row] = await sql.all<{ handover_id: number }>(
    `SELECT u.handover_id FROM handovers_unsealed u LEFT JOIN handovers h ON h.id = u.handover_id
      WHERE h.id IS NULL ORDER BY u.handover_id LIMIT 1`,
  );
  return row?.handover_id;
}

type SealRow = {
  sequence: number;
  sealed_at: Date;
  entries: string;
  entry_macs: Buffer;
  count: number;
  previous: Buffer;
  mac: Buffer;
  key_id: string;
};
const sealOf = (row: SealRow): Seal => ({
  sequence: row.sequence,
  sealedAt: row.sealed_at,
  entries: row.entries,
  entryMacs: row.entry_macs,
  count: row.count,
  previous: row.previous,
  mac: row.mac,
  keyId: row.key_id,
});
