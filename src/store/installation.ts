// Stores the identity of this database: a permanent installation id, and a life id that an operator may renew.
// Invariant: rows are only added; the newest is in force, and each has the actor and the reason.
import { randomUUID } from 'node:crypto';
import type { OwnIdentity } from '../domain/installation.ts';
import { duplicateKey, SqlFailure, type ReadOnlySql, type Sql, firstRow } from './database.ts';
import { newestSeal } from './log/event-feed.ts';

type Row = {
  number: number;
  installation: string;
  life: string;
  entry: number | null;
  entry_at: string | null;
  seen_at: string | null;
  archived: number | null;
};

const moment = (alias: string): string => `DATE_FORMAT(${alias}.at, '%Y%m%dT%H%i%s.%f')`;

const readLife = (sql: Sql, seenEntry: number): Promise<Row | undefined> =>
  firstRow<Row>(
    sql,
    `SELECT l.number, l.installation, l.life,
            (SELECT MAX(m.id) FROM handovers m) AS entry,
            (SELECT ${moment('n')} FROM handovers n ORDER BY n.id DESC LIMIT 1) AS entry_at,
            (SELECT ${moment('s')} FROM handovers s WHERE s.id = ?) AS seen_at,
            (SELECT 1 FROM log_archived_ranges r WHERE r.from_id <= ? AND r.to_id >= ? LIMIT 1) AS archived
       FROM installation_lives l ORDER BY l.number DESC LIMIT 1`,
    [seenEntry, seenEntry, seenEntry],
  );

/**
 * Reads the identity of this database, and creates it at the first start.
 * @param seenEntry the last log entry that Redis has seen
 */
export async function ownIdentity(sql: Sql, seenEntry: number): Promise<OwnIdentity> {
  let row = await readLife(sql, seenEntry);
  if (row === undefined) {
    await insertLife(sql, 1, randomUUID(), { actor: 'relais', reason: 'first start' }, null);
    row = await readLife(sql, seenEntry);
  }
  return {
    installation: row?.installation ?? '',
    life: row?.life ?? '',
    entry: row?.entry ?? 0,
    entryAt: row?.entry_at ?? '',
    seenAt: row?.seen_at ?? undefined,
    seenArchived: row?.archived === 1,
  };
}

export interface Life {
  /** The first eight signs of its id. */
  readonly name: string;
  /** The first seal made in it; null: the database's first life, or begun before this was noted. */
  readonly firstSeal: number | null;
}

/** Oldest first; the last is in force. */
export const livesOf = (sql: ReadOnlySql): Promise<readonly Life[]> =>
  sql.all<Life>(
    'SELECT LEFT(life, 8) AS name, first_seal AS firstSeal FROM installation_lives ORDER BY number',
  );

/** Begins a new life, so that Redis data of the former one is rejected. */
export async function beginLife(
  sql: Sql,
  by: { readonly actor: string; readonly reason: string },
): Promise<void> {
  const row = await readLife(sql, 0);
  await insertLife(
    sql,
    (row?.number ?? 0) + 1,
    row?.installation ?? randomUUID(),
    by,
    (await newestSeal(sql)) + 1,
  );
}

async function insertLife(
  sql: Sql,
  number: number,
  installation: string,
  by: { readonly actor: string; readonly reason: string },
  firstSeal: number | null,
): Promise<void> {
  try {
    await sql.run(
      'INSERT INTO installation_lives (number, installation, life, actor, reason, first_seal) VALUES (?, ?, ?, ?, ?, ?)',
      [number, installation, randomUUID(), by.actor.slice(0, 120), by.reason.slice(0, 200), firstSeal],
    );
  } catch (error) {
    // Another process was faster: its life is in force.
    if (!(error instanceof SqlFailure) || error.errno !== duplicateKey) throw error;
  }
}
