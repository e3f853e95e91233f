// Reads the log's entries of a period for an export or an auditor, in order, page by page; stores verifications of the log.
// Invariant: reads only, by the primary key; a period bounds the ids before any entry is read.
import { type ReadOnlySql, type Sql, isDuplicateKey, firstNumber, insertedId, firstAs } from '../database.ts';
import type { LoggedTry } from './lead-log.ts';

export interface LoggedEntry extends LoggedTry {
  readonly entry: string;
  readonly client: string;
  readonly destination: string;
  readonly delivery: number;
  readonly lead: number;
  readonly purpose: string;
  readonly recipient: string;
  readonly authorisation: number;
}

export interface LogRange {
  readonly from: Date;
  readonly until: Date;
  readonly client?: string;
}

const columns = `id, at, entry, client_id AS client, destination_id AS destination, delivery_id AS delivery, lead_id AS \`lead\`,
  run, attempt, actor, purpose, recipient, target, authorisation_id AS authorisation, outcome, reason, status`;
const atOnce = 2_000;
/** Ids and times grow together, but concurrent writers may differ by up to this. */
const slackMs = 600_000;

const condition = (client: string | undefined): string =>
  `id >= ? AND id <= ? AND at >= ? AND at < ?${client === undefined ? '' : ' AND client_id = ?'}`;

/** The first entry that may be that late, by bisection; one above the last when there is none. */
export async function firstEntryFrom(sql: ReadOnlySql, at: number): Promise<number> {
  const [ends] = await sql.all<{ low: number | null; high: number | null }>(
    'SELECT MIN(id) AS low, MAX(id) AS high FROM handovers',
  );
  let low = ends?.low ?? 0;
  let high = (ends?.high ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await sql.all<{ at: Date }>('SELECT at FROM handovers WHERE id >= ? ORDER BY id LIMIT 1', [
      middle,
    ]);
    if (row === undefined || row.at.getTime() >= at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** First and last id that an entry of the period may have; the last is the smaller one when there can be none. */
export const idsOf = async (
  sql: ReadOnlySql,
  { from, until }: Pick<LogRange, 'from' | 'until'>,
): Promise<readonly [number, number]> => [
  await firstEntryFrom(sql, from.getTime() - slackMs),
  await firstEntryFrom(sql, until.getTime() + slackMs),
];

export async function countEntries(sql: ReadOnlySql, range: LogRange, most: number): Promise<number> {
  const [first, last] = await idsOf(sql, range);
  const { from, until, client } = range;
  return firstNumber(
    sql,
    `SELECT COUNT(*) AS n FROM (SELECT 1 FROM handovers WHERE ${condition(client)} LIMIT ${Math.trunc(most)}) AS some`,
    [first, last, from, until, ...(client === undefined ? [] : [client])],
  );
}

/** Oldest first. */
export async function* entriesInRange(
  sql: ReadOnlySql,
  range: LogRange,
): AsyncGenerator<readonly LoggedEntry[]> {
  const [first, last] = await idsOf(sql, range);
  const { from, until, client } = range;
  for (let next = first; ;) {
    const rows = await sql.all<LoggedEntry>(
      `SELECT ${columns} FROM handovers WHERE ${condition(client)} ORDER BY id LIMIT ${atOnce}`,
      [next, last, from, until, ...(client === undefined ? [] : [client])],
    );
    const newest = rows.at(-1);
    if (newest === undefined) return;
    yield rows;
    next = newest.id + 1;
  }
}

// Stores verifications of the log: actor, progress and result.
// Invariant: one runs at a time over all processes; one whose process has died is recognised by its missing heartbeat.

export interface VerificationRow {
  readonly id: number;
  readonly actor: string;
  readonly anchor: string;
  readonly begunAt: Date;
  readonly endedAt: Date | null;
  /** Its process is alive. */
  readonly isRunning: boolean;
  /** Entries read so far. */
  readonly entries: number;
  /** JSON; null when it did not complete. */
  readonly result: string | null;
}

/** After so long without a heartbeat its process counts as dead. */
const silenceSeconds = 60;

const verificationColumns = `id, actor, anchor, begun_at AS begunAt, ended_at AS endedAt, entries, result,
  running IS NOT NULL AND seen_at > TIMESTAMPADD(SECOND, -${silenceSeconds}, UTC_TIMESTAMP(3)) AS isRunning`;

type Row = Omit<VerificationRow, 'isRunning'> & { readonly isRunning: number };
const rowOf = (row: Row): VerificationRow => ({ ...row, isRunning: row.isRunning === 1 });

/** Undefined: one is running. */
export async function beginVerification(
  sql: Sql,
  { actor, anchor }: { readonly actor: string; readonly anchor: string },
): Promise<number | undefined> {
  await sql.run(
    `UPDATE log_verifications SET running = NULL
      WHERE running = 1 AND seen_at <= TIMESTAMPADD(SECOND, -${silenceSeconds}, UTC_TIMESTAMP(3))`,
    [],
  );
  try {
    return await insertedId(
      sql,
      `INSERT INTO log_verifications (actor, anchor, begun_at, seen_at, running)
       VALUES (?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 1)`,
      [actor, anchor],
    );
  } catch (error) {
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** Writes the heartbeat and the number of entries read. */
export async function noteProgress(sql: Sql, id: number, entries: number): Promise<void> {
  await sql.run(
    'UPDATE log_verifications SET seen_at = UTC_TIMESTAMP(3), entries = ? WHERE id = ? AND running = 1',
    [entries, id],
  );
}

/** @param result null: it was interrupted */
export async function endVerification(
  sql: Sql,
  id: number,
  { entries, result }: { readonly entries: number; readonly result: string | null },
): Promise<void> {
  await sql.run(
    'UPDATE log_verifications SET ended_at = UTC_TIMESTAMP(3), running = NULL, entries = ?, result = ? WHERE id = ?',
    [entries, result, id],
  );
}

export const findVerification = (sql: ReadOnlySql, id: number): Promise<VerificationRow | undefined> =>
  firstAs(sql, rowOf, `SELECT ${verificationColumns} FROM log_verifications WHERE id = ?`, [id]);

/** Newest first. */
export const listVerifications = async (
  sql: ReadOnlySql,
  limit: number,
): Promise<readonly VerificationRow[]> =>
  (
    await sql.all<Row>(
      `SELECT ${verificationColumns} FROM log_verifications ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    )
  ).map(rowOf);
