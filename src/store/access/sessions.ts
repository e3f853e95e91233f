// Stores how people sign in: their sessions, their subjects at an identity provider, the tries.
// Invariant: the database's clock decides whether a session is valid; the token itself is never stored.
import {
  type Sql,
  isDuplicateKey,
  unlessReadOnly,
  firstRow,
  changes,
  changesAny,
  changesOne,
  insertedId,
} from '../database.ts';

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
    await unlessReadOnly(
      sql.run('UPDATE sessions SET seen_at = UTC_TIMESTAMP(3) WHERE digest = ?', [digest]),
    );
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

export const endSession = (sql: Sql, digest: Buffer): Promise<boolean> =>
  changesOne(sql, 'DELETE FROM sessions WHERE digest = ?', [digest]);

/** Ends one of the account's own sessions by its id. */
export const endSessionById = (sql: Sql, accountId: number, id: number): Promise<boolean> =>
  changesOne(sql, 'DELETE FROM sessions WHERE id = ? AND account_id = ?', [id, accountId]);

/** Ends all sessions of an account except the given one. */
export const endSessions = (sql: Sql, accountId: number, but?: Buffer): Promise<number> =>
  changes(sql, 'DELETE FROM sessions WHERE account_id = ? AND digest <> ?', [
    accountId,
    but ?? Buffer.alloc(32),
  ]);

/** Deletes rows of sessions that are no longer valid. */
export const forgetSessions = (sql: Sql, idleMs: number, limit = 1_000): Promise<number> =>
  changes(
    sql,
    `DELETE FROM sessions WHERE ends_at <= UTC_TIMESTAMP(3)
        OR seen_at <= TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3)) LIMIT ${limit}`,
    [idleMs],
  );

// Links accounts to the subjects of an OpenID Connect provider (table account_identities).
// Invariant: an issuer's subject is one account, and an account has one subject; both are compared byte by byte.

export interface IdentityRow {
  readonly accountId: number;
  readonly issuer: string;
  readonly subject: string;
}

const identityColumns = 'account_id AS accountId, issuer, subject';

export async function identityNamed(
  sql: Sql,
  { issuer, subject }: Pick<IdentityRow, 'issuer' | 'subject'>,
): Promise<IdentityRow | undefined> {
  const rows = await sql.all<IdentityRow>(
    `SELECT ${identityColumns} FROM account_identities WHERE issuer = ? AND subject = ?`,
    [issuer, subject],
  );
  // MySQL ignores trailing blanks, and another person's subject may differ by them.
  return rows.find((row) => row.issuer === issuer && row.subject === subject);
}

export const identityOf = (sql: Sql, accountId: number): Promise<IdentityRow | undefined> =>
  firstRow<IdentityRow>(sql, `SELECT ${identityColumns} FROM account_identities WHERE account_id = ?`, [
    accountId,
  ]);

/** Replaces the account's subject. False when the subject is linked to another account. */
export async function setIdentity(tx: Sql, { accountId, issuer, subject }: IdentityRow): Promise<boolean> {
  await removeIdentity(tx, accountId);
  try {
    await tx.run(
      'INSERT INTO account_identities (account_id, issuer, subject, linked_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3))',
      [accountId, issuer, subject],
    );
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

export const removeIdentity = (tx: Sql, accountId: number): Promise<boolean> =>
  changesAny(tx, 'DELETE FROM account_identities WHERE account_id = ?', [accountId]);

// Counts the tries to sign in, over all processes.
// Invariant: a try is inserted before its password is checked; only keyed digests are stored, since a typed login may be a
// password.

export interface Try {
  readonly login: Buffer;
  readonly address: Buffer;
}

interface Window {
  readonly withinMs: number;
}

interface CountedTries {
  readonly count: number;
  /** Age of the oldest one in the window, in ms. */
  readonly oldestMs: number;
}

export const noteTry = (sql: Sql, { login, address }: Try): Promise<number> =>
  insertedId(
    sql,
    'INSERT INTO sign_in_tries (login_digest, address_digest, tried_at) VALUES (?, ?, UTC_TIMESTAMP(3))',
    [login, address],
  );

/** Deletes a try whose password was not checked. */
export async function dropTry(sql: Sql, id: number): Promise<void> {
  await sql.run('DELETE FROM sign_in_tries WHERE id = ?', [id]);
}

export async function countTries<Name extends string>(
  sql: Sql,
  { login, address }: Try,
  windows: Readonly<Record<Name, Window>>,
): Promise<Readonly<Record<Name, CountedTries>>> {
  const conditions: Readonly<Record<string, readonly [string, readonly Buffer[]]>> = {
    pair: ['login_digest = ? AND address_digest = ?', [login, address]],
    login: ['login_digest = ?', [login]],
    address: ['address_digest = ?', [address]],
  };
  const counted = await Promise.all(
    Object.entries<Window>(windows).map(async ([name, { withinMs }]) => {
      const [where, values] = conditions[name] ?? ['FALSE', []];
      const [row] = await sql.all<{ count: number; oldest: number | null }>(
        `SELECT COUNT(*) AS count, TIMESTAMPDIFF(MICROSECOND, MIN(tried_at), UTC_TIMESTAMP(3)) DIV 1000 AS oldest
           FROM sign_in_tries WHERE ${where} AND tried_at > TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3))`,
        [...values, withinMs],
      );
      return [name, { count: Number(row?.count ?? 0), oldestMs: Number(row?.oldest ?? 0) }] as const;
    }),
  );
  return Object.fromEntries(counted) as Record<Name, CountedTries>;
}

/** Deletes the tries of this login and address after a success: neither it nor the mistypes before it count any more. */
export async function forgiveTries(tx: Sql, { login, address }: Try): Promise<void> {
  await tx.run('DELETE FROM sign_in_tries WHERE login_digest = ? AND address_digest = ?', [login, address]);
}

export const forgetTries = (sql: Sql, olderThanMs: number, limit = 1_000): Promise<number> =>
  changes(
    sql,
    `DELETE FROM sign_in_tries WHERE tried_at <= TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3)) LIMIT ${limit}`,
    [olderThanMs],
  );
