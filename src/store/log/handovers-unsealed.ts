// Stores the queue of entries to seal: one row for the entries of one statement, with the signature of each.
// Invariant: written with its entries; a row covers as many consecutive ids as it has signatures, and at least one.
import {
  rowMarks,
  type ReadOnlySql,
  type Sql,
  type SqlValue,
  columnOf,
  firstNumber,
  changesOne,
} from '../database.ts';
import { deleteNamed } from '../named-rows.ts';

/** An entry to seal, with the signature it got when it was written. */
export interface Waiting {
  readonly id: number;
  readonly keyId: string;
  readonly mac: Buffer;
}

interface Line {
  /** Id of its first entry. */
  readonly id: number;
  readonly keyId: string;
  /** Signatures, concatenated. */
  readonly mac: Buffer;
}

const signatureBytes = 32;
const signaturesIn = `GREATEST(1, OCTET_LENGTH(mac) DIV ${signatureBytes})`;
/** Fewer entries get a row each: those are the ones that people read by hand. */
const sharedFrom = 8;

function entriesOf({ id, keyId, mac }: Line): WaitingTogether {
  const entries: Waiting[] = [];
  const many = Math.max(1, Math.floor(mac.length / signatureBytes));
  for (let index = 0; index < many; index += 1)
    entries.push({
      id: id + index,
      keyId,
      mac: mac.subarray(index * signatureBytes, (index + 1) * signatureBytes),
    });
  return entries;
}

/** Queues the entries that one statement has written, ascending by id. */
export async function awaitSeal(tx: Sql, entries: readonly Waiting[]): Promise<void> {
  const [first] = entries;
  const isOneRun =
    first !== undefined &&
    entries.length >= sharedFrom &&
    entries.every(({ id, keyId }, index) => id === first.id + index && keyId === first.keyId);
  const lines = isOneRun ? [{ ...first, mac: Buffer.concat(entries.map(({ mac }) => mac)) }] : entries;
  if (lines.length === 0) return;
  const values: SqlValue[] = [];
  for (const { id, keyId, mac } of lines) values.push(id, keyId, mac);
  await tx.run(
    `INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES ${rowMarks(lines.length, 3)}`,
    values,
  );
}

/**
 * Queues an entry where a condition holds. Returns false where it does not: the caller rolls back.
 * @param where `FROM ... WHERE ...` that finds one row
 */
export const awaitSealWhere = (
  tx: Sql,
  { id, keyId, mac }: Waiting,
  where: { readonly sql: string; readonly values: readonly SqlValue[] },
): Promise<boolean> =>
  changesOne(
    tx,
    `INSERT INTO handovers_unsealed (handover_id, key_id, mac) SELECT CAST(? AS UNSIGNED), ?, UNHEX(?) ${where.sql}`,
    [id, keyId, mac.toString('hex'), ...where.values],
  );

const lineColumns = 'handover_id AS id, key_id AS keyId, mac';

/** Entries of one row, which the id of the first identifies. */
export type WaitingTogether = readonly Waiting[];

/** The next entries to seal that one of these keys has signed, at most `limit`; entries marked as refused are left out. */
export async function takeUnsealed(
  tx: Sql,
  keyIds: readonly string[],
  limit: number,
): Promise<readonly WaitingTogether[]> {
  const due = `refused_at IS NULL AND key_id IN (?)`;
  const next = await tx.all<{ id: number; entries: number }>(
    `SELECT handover_id AS id, ${signaturesIn} AS entries FROM handovers_unsealed
      WHERE ${due} ORDER BY handover_id LIMIT ${Math.trunc(limit)}`,
    [keyIds],
  );
  let sum = 0;
  const last = next.find(({ entries }) => (sum += entries) >= limit) ?? next.at(-1);
  if (last === undefined) return [];
  const lines = await tx.all<Line>(
    `SELECT ${lineColumns} FROM handovers_unsealed
      WHERE handover_id <= ? AND ${due} ORDER BY handover_id FOR UPDATE SKIP LOCKED`,
    [last.id, keyIds],
  );
  const taken: WaitingTogether[] = [];
  let room = limit;
  for (const line of lines.map(entriesOf)) {
    if (room === 0) break;
    if (line.length > room) await cut(tx, line, room);
    taken.push(line.slice(0, room));
    room -= Math.min(room, line.length);
  }
  return taken;
}

/** Splits a row: it keeps its first `at` entries, the others get a row of their own. */
async function cut(tx: Sql, line: WaitingTogether, at: number): Promise<void> {
  const [first, next] = [line[0], line[at]];
  if (first === undefined || next === undefined) return;
  const signatures = (entries: WaitingTogether): Buffer => Buffer.concat(entries.map(({ mac }) => mac));
  await tx.run('UPDATE handovers_unsealed SET mac = ? WHERE handover_id = ?', [
    signatures(line.slice(0, at)),
    first.id,
  ]);
  await addLines(tx, [{ ...next, mac: signatures(line.slice(at)) }]);
}

/** Inserts rows; one that exists already is left as it is. */
async function addLines(tx: Sql, lines: readonly Line[]): Promise<void> {
  for (const { id, keyId, mac } of lines)
    await tx.run(
      'INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE handover_id = handover_id',
      [id, keyId, mac],
    );
}

/**
 * Queued entries with a key id that no key ever had: the gateway did not write them. Only up to an id: later rows are checked in
 * their turn, and not in every round before.
 */
export async function signedByNobody(
  tx: Sql,
  keyIds: readonly string[],
  { upTo, limit }: { readonly upTo: number; readonly limit: number },
): Promise<readonly WaitingTogether[]> {
  const lines = await tx.all<Line>(
    `SELECT ${lineColumns} FROM handovers_unsealed
      WHERE handover_id <= ? AND refused_at IS NULL AND key_id NOT IN (?)
        AND key_id NOT IN (SELECT k.key_id FROM installation_keys k WHERE k.purpose = 'seal')
      ORDER BY handover_id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [upTo, keyIds],
  );
  return lines.map(entriesOf);
}

/** Queued entries of the rows after an id, in any state; undefined when there is none. */
export async function waitingAfter(
  sql: Sql,
  id: number,
  limit: number,
): Promise<{ readonly entries: readonly Waiting[]; readonly last: number } | undefined> {
  const lines = await sql.all<Line>(
    `SELECT ${lineColumns} FROM handovers_unsealed
      WHERE handover_id > ? ORDER BY handover_id LIMIT ${Math.trunc(limit)}`,
    [id],
  );
  const last = lines.at(-1);
  return last === undefined ? undefined : { entries: lines.flatMap(entriesOf), last: last.id };
}

/** Gives each of these entries, which shared a row, a row of its own. */
export async function standAlone(tx: Sql, entries: WaitingTogether): Promise<void> {
  const [first] = entries;
  if (first === undefined) return;
  await tx.run('DELETE FROM handovers_unsealed WHERE handover_id = ?', [first.id]);
  await addLines(tx, entries);
}

/** Marks entries, each in a row of its own, whose signature is not the gateway's: never sealed, kept for `relais log verify`. */
export async function setApart(tx: Sql, ids: readonly number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += 1_000) {
    await tx.run('UPDATE handovers_unsealed SET refused_at = UTC_TIMESTAMP(3) WHERE handover_id IN (?)', [
      ids.slice(start, start + 1_000),
    ]);
  }
}

/** Deletes rows whose entries are sealed. */
export async function endWaiting(tx: Sql, lineIds: readonly number[]): Promise<void> {
  await deleteNamed(tx, { table: 'handovers_unsealed', column: 'handover_id', index: 'PRIMARY' }, lineIds);
}

export const countUnsealed = (sql: ReadOnlySql): Promise<number> =>
  firstNumber(sql, `SELECT SUM(${signaturesIn}) AS n FROM handovers_unsealed`);

/** The ids of these entries that are not sealed: covered by the nearest row at or before them. */
export const unsealedAmong = async (sql: Sql, ids: readonly number[]): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(
      sql,
      `SELECT h.id FROM handovers h WHERE h.id IN (?) AND h.id <
            (SELECT handover_id + ${signaturesIn} FROM handovers_unsealed WHERE handover_id <= h.id ORDER BY handover_id DESC LIMIT 1)`,
      [ids],
    ),
  );

/** A queued id whose entry was deleted. */
export async function queueWithoutEntry(sql: Sql): Promise<number | undefined> {
  const [line] = await sql.all<Line>(
    `SELECT ${lineColumns} FROM handovers_unsealed
      WHERE ${signaturesIn} > (SELECT COUNT(*) FROM handovers h WHERE h.id >= handover_id AND h.id < handover_id + ${signaturesIn})
      ORDER BY handover_id LIMIT 1`,
  );
  if (line === undefined) return undefined;
  const own = entriesOf(line).map(({ id }) => id);
  const rows = await sql.all<{ id: number }>('SELECT id FROM handovers WHERE id IN (?)', [own]);
  const there = new Set(rows.map((row) => row.id));
  return own.find((id) => !there.has(id));
}
