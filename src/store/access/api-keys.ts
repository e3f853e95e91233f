// Stores the API keys of other systems: digest, scopes, client, allowed addresses and expiry.
// Invariant: at most two keys of one name are in force, so that a key can be rotated without a pause.
import { unlessReadOnly, type Sql, columnOf, changesOne, insertedId } from '../database.ts';

export interface ApiKeyRow {
  readonly id: number;
  readonly name: string;
  readonly clientId: string | null;
  /** Comma between. */
  readonly scopes: string;
  /** CIDR ranges, comma between; empty: any address. */
  readonly addresses: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly endedAt: Date | null;
}

const columns = `id, name, client_id AS clientId, scopes, addresses, created_at AS createdAt, expires_at AS expiresAt,
  last_used_at AS lastUsedAt, ended_at AS endedAt`;
const inForce = 'ended_at IS NULL AND expires_at > UTC_TIMESTAMP(3)';

export const listApiKeys = (sql: Sql): Promise<readonly ApiKeyRow[]> =>
  sql.all<ApiKeyRow>(`SELECT ${columns} FROM api_keys ORDER BY name, id`);

/** Locks the existing keys of a name; `inTurn` serialises two administrators when there is none. */
export const keysInForce = (tx: Sql, name: string): Promise<readonly ApiKeyRow[]> =>
  tx.all<ApiKeyRow>(`SELECT ${columns} FROM api_keys WHERE name = ? AND ${inForce} FOR UPDATE`, [name]);

export const addApiKey = (
  tx: Sql,
  key: {
    readonly name: string;
    readonly clientId: string | undefined;
    readonly scopes: string;
    readonly addresses: string;
    readonly digest: Buffer;
    readonly days: number;
  },
): Promise<number> =>
  insertedId(
    tx,
    `INSERT INTO api_keys (name, client_id, scopes, addresses, digest, expires_at)
     VALUES (?, ?, ?, ?, ?, TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)))`,
    [key.name, key.clientId ?? null, key.scopes, key.addresses, key.digest, key.days],
  );

/** Longest lag of `last_used_at`. */
const usedEverySeconds = 60;

export async function apiKeyOf(sql: Sql, digest: Buffer): Promise<ApiKeyRow | undefined> {
  const [row] = await sql.all<ApiKeyRow & { stale: number }>(
    `SELECT ${columns}, last_used_at IS NULL OR last_used_at < TIMESTAMPADD(SECOND, -${usedEverySeconds}, UTC_TIMESTAMP(3)) AS stale
       FROM api_keys WHERE digest = ? AND ${inForce}`,
    [digest],
  );
  if (row === undefined) return undefined;
  const { stale, ...key } = row;
  if (stale === 1)
    await unlessReadOnly(
      sql.run('UPDATE api_keys SET last_used_at = UTC_TIMESTAMP(3) WHERE id = ?', [key.id]),
    );
  return key;
}

export const endApiKey = (tx: Sql, id: number): Promise<boolean> =>
  changesOne(tx, 'UPDATE api_keys SET ended_at = UTC_TIMESTAMP(3) WHERE id = ? AND ended_at IS NULL', [id]);

/** Keys of one client that have not ended, locked. */
export const keysOfClient = (tx: Sql, clientId: string): Promise<readonly number[]> =>
  columnOf(tx, 'SELECT id FROM api_keys WHERE client_id = ? AND ended_at IS NULL ORDER BY id FOR UPDATE', [
    clientId,
  ]);
