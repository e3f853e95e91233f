// Stores the seals and reads the entries they cover; records the archive files of the log.
// Invariant: the entries to seal are those in handovers_unsealed (`handovers-unsealed.ts`), never a range derived from ids.
import { insertGroups, firstNumber, firstRow, type Sql, columnOf, firstValue, changes } from '../database.ts';
import { handoverColumns } from './handovers.ts';
import { insertRows } from '../columns.ts';

// Records the archive files of the log, and deletes archived entries from the table.
// Invariant: only the owner's account writes; the trigger lets an entry be deleted once its id is in log_archived_ranges.

export interface LogArchive {
  readonly firstSeal: number;
  readonly lastSeal: number;
  readonly fileName: string;
  readonly entries: number;
  /** SHA-256 of the file. */
  readonly digest: Buffer;
  readonly mac: Buffer;
}

export interface IdRange {
  readonly from: number;
  readonly to: number;
}

/** By their seals, ascending. */
export async function logArchives(sql: Sql): Promise<readonly LogArchive[]> {
  return sql.all<LogArchive>(
    `SELECT first_seal AS firstSeal, last_seal AS lastSeal, file_name AS fileName, entries, digest, mac
       FROM log_archives ORDER BY last_seal`,
  );
}

/** Inserts the record of an archive and the ranges of ids that may now be deleted, in the caller's transaction. */
export async function insertArchive(tx: Sql, archive: LogArchive, ranges: readonly IdRange[]): Promise<void> {
  await insertRows(tx, 'log_archives', [archive]);
  await insertRows(
    tx,
    'log_archived_ranges',
    ranges.map(({ from, to }) => ({ fromId: from, toId: to })),
  );
}

/** Deletes entries of a range from the table, at most `limit`; returns the number deleted. */
export const removeEntries = (owner: Sql, range: IdRange, limit: number): Promise<number> =>
  changes(owner, `DELETE FROM handovers WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ${Math.trunc(limit)}`, [
    range.from,
    range.to,
  ]);

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

const selectSeals = `SELECT sequence, sealed_at AS sealedAt, entries, entry_macs AS entryMacs, count, previous, mac,
  key_id AS keyId FROM seals`;

/** The last seal; with `lock` it serialises sealers until the transaction ends. */
export const lastSeal = (sql: Sql, lock = false): Promise<Seal | undefined> =>
  firstRow<Seal>(sql, `${selectSeals} ORDER BY sequence DESC LIMIT 1${lock ? ' FOR UPDATE' : ''}`);

/** In hexadecimal, of those that exist. */
export async function macsOfSeals(
  sql: Sql,
  sequences: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const macs = new Map<number, string>();
  for (const group of insertGroups([...new Set(sequences)]))
    for (const { sequence, mac } of await sql.all<Pick<Seal, 'sequence' | 'mac'>>(
      'SELECT sequence, mac FROM seals WHERE sequence IN (?)',
      [group],
    ))
      macs.set(sequence, mac.toString('hex'));
  return macs;
}

/** @param client its entries alone: others never leave the database */
export async function readEntries(
  sql: Sql,
  ids: readonly number[],
  client?: string,
): Promise<readonly HandoverRow[]> {
  const [ofClient, more] = client === undefined ? ['', []] : [' AND client_id = ?', [client]];
  return sql.all<HandoverRow>(
    `SELECT id, ${selected} FROM handovers WHERE id IN (?)${ofClient} ORDER BY id`,
    [ids, ...more],
  );
}

export async function insertSeal(tx: Sql, seal: Seal): Promise<void> {
  await insertRows(tx, 'seals', [seal]);
}

export const sealsAfter = (sql: Sql, sequence: number, limit: number): Promise<readonly Seal[]> =>
  sql.all<Seal>(`${selectSeals} WHERE sequence > ? ORDER BY sequence LIMIT ${Math.trunc(limit)}`, [sequence]);

/**
 * Sequence of the last seal made before `at`; 0 when there is none. By bisection: seals are numbered without a gap and in order of
 * time, except for a clock that was set back a little.
 */
export async function lastSealBefore(sql: Sql, at: Date): Promise<number> {
  let low = 0;
  let high = 1;
  const isEarly = async (sequence: number): Promise<boolean> => {
    const [seal] = await sealsAfter(sql, sequence - 1, 1);
    return seal !== undefined && seal.sealedAt < at;
  };
  while (await isEarly(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isEarly(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Ids of entries in a range, to find entries that neither a seal nor the queue has. */
export const entryIdsBetween = (sql: Sql, from: number, to: number): Promise<readonly number[]> =>
  columnOf(sql, 'SELECT id FROM handovers WHERE id BETWEEN ? AND ? ORDER BY id', [from, to]);

/** The next id at or after `from`; undefined when there is none up to `to`. */
export const nextEntryId = (sql: Sql, from: number, to: number): Promise<number | undefined> =>
  firstValue(sql, 'SELECT id FROM handovers WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1', [from, to]);

export const newestEntryId = (sql: Sql): Promise<number> =>
  firstNumber(sql, 'SELECT MAX(id) AS id FROM handovers');
