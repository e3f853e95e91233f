// Stores the tokens and sessions that authenticate us to recipients: one encrypted row each, read by all processes.
// Invariant: one process at a time fetches the next credential; a fetched one replaces only the version it was fetched for.
import { openWith, type KeyRing } from '../../domain/key-ring.ts';
import { derived, sealBytes } from '../../domain/keyed.ts';
import { type Sql, changes, changesOne, mapOf } from '../database.ts';
import type { Rewrapped } from '../keys.ts';
import { writingKey } from '../secrets.ts';

export interface KeptCredential {
  readonly token: string;
  readonly refreshToken?: string;
}

export interface CredentialRow {
  readonly version: number;
  /** Undefined when there is none, or when none of our keys decrypts it. */
  readonly kept: KeptCredential | undefined;
  /** Null: valid until the recipient refuses it. */
  readonly remainingMs: number | null;
  /** From the fetch to the expiry. */
  readonly lifeMs: number | null;
  /** Empty: the last fetch was not refused. */
  readonly refusal: string;
  readonly refusals: number;
  readonly mayBeAsked: boolean;
  /** A process is fetching the next one. */
  readonly isBeingGot: boolean;
}

const purposeOf = (name: Buffer): string => `credential:${name.toString('hex')}`;

export async function readCredential(
  sql: Sql,
  name: Buffer,
  keys: KeyRing,
): Promise<CredentialRow | undefined> {
  const [row] = await sql.all<{
    version: number;
    sealed: Buffer | null;
    keyId: string;
    remaining: number | null;
    life: number | null;
    refusal: string;
    refusals: number;
    again: number;
    getting: number;
    stale: number;
  }>(
    `SELECT version, sealed, key_id AS keyId, refusal, refusals,
            TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), expires_at) DIV 1000 AS remaining,
            TIMESTAMPDIFF(MICROSECOND, got_at, expires_at) DIV 1000 AS life,
            refusal = '' OR (again_at IS NOT NULL AND again_at <= UTC_TIMESTAMP(3)) AS again,
            get_until IS NOT NULL AND get_until > UTC_TIMESTAMP(3) AS getting,
            seen_at < TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3)) AS stale
       FROM access_credentials WHERE name = ?`,
    [name],
  );
  if (row === undefined) return undefined;
  if (row.stale === 1)
    await sql.run('UPDATE access_credentials SET seen_at = UTC_TIMESTAMP(3) WHERE name = ?', [name]);
  return {
    version: row.version,
    kept: opened(name, row, keys),
    remainingMs: row.remaining === null ? null : Number(row.remaining),
    lifeMs: row.life === null ? null : Number(row.life),
    refusal: row.refusal,
    refusals: row.refusals,
    mayBeAsked: row.again === 1,
    isBeingGot: row.getting === 1,
  };
}

function opened(
  name: Buffer,
  { sealed, keyId }: { readonly sealed: Buffer | null; readonly keyId: string },
  keys: KeyRing,
): KeptCredential | undefined {
  const plain =
    sealed === null ? undefined : openWith(keys, { keyId, bytes: sealed, purpose: purposeOf(name) });
  return plain === undefined ? undefined : (JSON.parse(plain.toString()) as KeptCredential);
}

/**
 * Reserves the fetch of the credential that follows `version` for one process.
 * @returns false when another process is fetching it, has replaced it or was refused meanwhile
 */
export async function beginGetting(
  sql: Sql,
  name: Buffer,
  getting: Pick<CredentialRow, 'version' | 'refusals'> & {
    readonly clientId: string;
    readonly getter: string;
    readonly ms: number;
    /** The recipient refused that version: it expires at once, even if no other can be fetched. */
    readonly isRefused: boolean;
  },
): Promise<boolean> {
  const { clientId, version, refusals, getter, ms, isRefused } = getting;
  if (version === 0)
    await sql.run(
      'INSERT INTO access_credentials (name, client_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = name',
      [name, clientId],
    );
  return changesOne(
    sql,
    `UPDATE access_credentials
        SET getter = ?, get_until = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)),
            expires_at = IF(? = 1, UTC_TIMESTAMP(3), expires_at)
      WHERE name = ? AND version = ? AND refusals = ? AND (get_until IS NULL OR get_until <= UTC_TIMESTAMP(3))`,
    [getter, Math.ceil(ms / 1_000), isRefused ? 1 : 0, name, version, refusals],
  );
}

/** @returns false when another process has replaced that version meanwhile: that credential is valid */
export async function keepCredential(
  sql: Sql,
  name: Buffer,
  keys: KeyRing,
  got: KeptCredential & { readonly after: number; readonly livesMs: number | undefined },
): Promise<boolean> {
  const { after, livesMs, ...kept } = got;
  const key = writingKey(keys);
  const sealed = sealBytes(derived(key.bytes, purposeOf(name)), Buffer.from(JSON.stringify(kept)));
  return changesOne(
    sql,
    `UPDATE access_credentials
        SET version = version + 1, sealed = ?, key_id = ?, got_at = UTC_TIMESTAMP(3),
            expires_at = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)),
            refusal = '', refusals = 0, again_at = NULL, getter = '', get_until = NULL, seen_at = UTC_TIMESTAMP(3)
      WHERE name = ? AND version = ?`,
    [sealed, key.id, livesMs === undefined ? null : Math.floor(livesMs / 1_000), name, after],
  );
}

/** Records that a fetch gave no credential. @param notGot an empty `refusal` is no refusal: the next process may fetch at once */
export async function noteNotGot(
  sql: Sql,
  name: Buffer,
  notGot: { readonly getter: string; readonly refusal: string; readonly againMs: number | undefined },
): Promise<void> {
  const { getter, refusal, againMs } = notGot;
  if (refusal === '') {
    await sql.run(
      "UPDATE access_credentials SET getter = '', get_until = NULL WHERE name = ? AND getter = ?",
      [name, getter],
    );
    return;
  }
  await sql.run(
    `UPDATE access_credentials
        SET refusal = ?, refusals = refusals + 1, again_at = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)),
            getter = '', get_until = NULL
      WHERE name = ? AND getter = ?`,
    [refusal.slice(0, 64), againMs === undefined ? null : Math.ceil(againMs / 1_000), name, getter],
  );
}

/** Deletes the rows of secrets that are no longer configured. Returns the number deleted. */
export const dropForgottenCredentials = (sql: Sql): Promise<number> =>
  changes(sql, 'DELETE FROM access_credentials WHERE seen_at < TIMESTAMPADD(DAY, -180, UTC_TIMESTAMP(3))');

export const credentialsByKey = (sql: Sql): Promise<ReadonlyMap<string, number>> =>
  mapOf<string, number>(
    sql,
    'SELECT key_id AS keyId, COUNT(*) AS n FROM access_credentials WHERE sealed IS NOT NULL GROUP BY key_id',
  );

/** Encrypts again every credential that is under an earlier key. One that no key decrypts stays, and is fetched again. */
export async function rewrapCredentials(tx: Sql, keys: KeyRing): Promise<Omit<Rewrapped, 'last'>> {
  const current = keys.current();
  const rows = await tx.all<{ name: Buffer; sealed: Buffer; keyId: string }>(
    `SELECT name, sealed, key_id AS keyId FROM access_credentials
      WHERE sealed IS NOT NULL AND key_id <> ? ORDER BY name FOR UPDATE`,
    [current.id],
  );
  let changed = 0;
  for (const { name, sealed, keyId } of rows) {
    const plain = openWith(keys, { keyId, bytes: sealed, purpose: purposeOf(name) });
    if (plain === undefined) continue;
    await tx.run('UPDATE access_credentials SET sealed = ?, key_id = ? WHERE name = ?', [
      sealBytes(derived(current.bytes, purposeOf(name)), plain),
      current.id,
      name,
    ]);
    changed += 1;
  }
  return { changed, unreadable: rows.length - changed };
}
