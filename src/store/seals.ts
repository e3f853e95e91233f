// Stores the seals, and reads the entries they cover.
// Invariant: the entries to seal are those in handovers_unsealed (`handovers-unsealed.ts`), never a range derived from ids.
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
  /** Empty: made before keys had ids. */
  readonly keyId: string;
}

export type HandoverRow = { readonly id: number } & Readonly<
  Record<(typeof handoverColumns)[number], Buffer | string | number | null>
>;

/** Times are read as exact text: a driver's rounding must not change what is sealed. */
const selected = handoverColumns
  .map((column) => (column === 'at' ? "DATE_FORMAT(at, '%Y-%m-%dT%H:%i:%s.%f') AS at" : column))
  .join(', ');

/** The last seal; with `lock` it serialises sealers until the transaction ends. */
export async function lastSeal(sql: Sql, lock = false): Promise<Seal | undefined> {
  const [row] = await sql.all<SealRow>(
    `SELECT * FROM seals ORDER BY sequence DESC LIMIT 1${lock ? ' FOR UPDATE' : ''}`,
  );
  return row === undefined ? undefined : sealOf(row);
}

export async function readEntries(sql: Sql, ids: readonly number[]): Promise<readonly HandoverRow[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  return sql.all<HandoverRow>(
    `SELECT id, ${selected} FROM handovers WHERE id IN (${marks}) ORDER BY id`,
    values,
  );
}

export async function insertSeal(tx: Sql, seal: Seal): Promise<void> {
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
}

export async function sealsAfter(sql: Sql, sequence: number, limit: number): Promise<readonly Seal[]> {
  return (
    await sql.all<SealRow>(
      `SELECT * FROM seals WHERE sequence > ? ORDER BY sequence LIMIT ${Math.trunc(limit)}`,
      [sequence],
    )
  ).map(sealOf);
}

/** Ids of entries in a range, to find entries that neither a seal nor the queue has. */
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
