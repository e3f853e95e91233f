// Stores the sessions of accounts, each found by the digest of the token in the cookie.
// Invariant: the database's clock decides whether a session is valid; the token itself is never stored.
import type { Sql } from './database.ts';

/** full; factor: the password was right, a code is missing; enrol: a second factor is to be set up. */
export type SessionStage = 'full' | 'factor' | 'enrol';

export interface SessionRow {
  readonly id: number;
  readonly accountId: number;
  readonly stage: SessionStage;
  readonly address: string;
  readonly agent: string;
  readonly createdAt: Date;
  readonly seenAt: Date;
  readonly endsAt: Date;
  readonly factorSealed: Buffer | null;
}

const columns = `id, account_id AS accountId, stage, address, agent, created_at AS createdAt, seen_at AS seenAt, ends_at AS endsAt,
  factor_sealed AS factorSealed`;
const isGood = `ends_at > UTC_TIMESTAMP(3) AND seen_at > TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3))`;
/** Longest lag of `seen_at`: a page with ten requests is one write. */
const seenEveryMs = 30_000;

export async function openSession(
  tx: Sql,
  session: {
    readonly digest: Buffer;
    readonly accountId: number;
    readonly stage: SessionStage;
    readonly address: string;
    readonly agent: string;
    readonly lifeMs: number;
  },
): Promise<void> {
  await tx.run(
    `INSERT INTO sessions (digest, account_id, stage, address, agent, seen_at, ends_at)
     VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3), TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)))`,
    [
      session.digest,
      session.accountId,
      session.stage,
      session.address.slice(0, 45),
      Array.from(session.agent).slice(0, 120).join(''),
      session.lifeMs,
    ],
  );
}

/** Undefined when there is none, it ended, or it was unused for `idleMs`. @param isActivity true when this read is a use of it */
export async function sessionOf(
  sql: Sql,
  digest: Buffer,
  { idleMs, isActivity }: { readonly idleMs: number; readonly isActivity: boolean },
): Promise<SessionRow | undefined> {
  const [row] = await sql.all<SessionRow & { stale: number }>(
    `SELECT ${columns}, seen_at < TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3)) AS stale
       FROM sessions WHERE digest = ? AND ${isGood}`,
    [seenEveryMs, digest, idleMs],
  );
  if (row === undefined) return undefined;
  const { stale, ...session } = row;
  if (isActivity && stale === 1)
    await sql.run('UPDATE sessions SET seen_at = UTC_TIMESTAMP(3) WHERE digest = ?', [digest]);
  return session;
}

export const sessionsOf = (sql: Sql, accountId: number, idleMs: number): Promise<readonly SessionRow[]> =>
  sql.all<SessionRow>(
    `SELECT ${columns} FROM sessions WHERE account_id = ? AND ${isGood} ORDER BY seen_at DESC LIMIT 100`,
    [accountId, idleMs],
  );

/** Stores the secret of a second factor that its owner is setting up. */
export async function keepSessionFactor(sql: Sql, digest: Buffer, sealed: Buffer): Promise<void> {
  await sql.run('UPDATE sessions SET factor_sealed = ? WHERE digest = ?', [sealed, digest]);
}

export async function endSession(sql: Sql, digest: Buffer): Promise<boolean> {
  const { affected } = await sql.run('DELETE FROM sessions WHERE digest = ?', [digest]);
  return affected === 1;
}

/** Ends one of the account's own sessions by its id. */
export async function endSessionById(sql: Sql, accountId: number, id: number): Promise<boolean> {
  const { affected } = await sql.run('DELETE FROM sessions WHERE id = ? AND account_id = ?', [id, accountId]);
  return affected === 1;
}

/** Ends all sessions of an account except the given one. */
export async function endSessions(sql: Sql, accountId: number, but?: Buffer): Promise<number> {
  const { affected } = await sql.run('DELETE FROM sessions WHERE account_id = ? AND digest <> ?', [
    accountId,
    but ?? Buffer.alloc(32),
  ]);
  return affected;
}

/** Deletes rows of sessions that are no longer valid. */
export async function forgetSessions(sql: Sql, idleMs: number, limit = 1_000): Promise<number> {
  const { affected } = await sql.run(
    `DELETE FROM sessions WHERE ends_at <= UTC_TIMESTAMP(3)
        OR seen_at <= TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3)) LIMIT ${limit}`,
    [idleMs],
  );
  return affected;
}
