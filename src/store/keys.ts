// Registers the keys of this installation by their check values, and encrypts again the data under an earlier one.
// Invariant: no key is stored; the highest generation of a purpose is the one that writes.
import { openWith, type Key, type KeyRing } from '../domain/key-ring.ts';
import { derived, sealBytes } from '../domain/keyed.ts';
import { rowMarks, type Database, type Sql, columnOf, firstRow, hasRow, mapOf } from './database.ts';
import { readSealed, writeSealed } from './files/file-bytes.ts';
import { hasTable } from './migration-steps.ts';
import { insertRows } from './columns.ts';

export type KeyPurpose = 'master' | 'seal';

export interface RegisteredKey {
  readonly purpose: KeyPurpose;
  readonly generation: number;
  readonly keyId: string;
  readonly checkValue: Buffer;
  readonly registeredAt: Date;
  readonly retiredAt: Date | null;
}

/** By generation, ascending. */
export const registeredKeys = (sql: Pick<Sql, 'all'>): Promise<readonly RegisteredKey[]> =>
  sql.all<RegisteredKey>(
    `SELECT purpose, generation, key_id AS keyId, check_value AS checkValue, registered_at AS registeredAt, retired_at AS retiredAt
       FROM installation_keys ORDER BY purpose, generation`,
  );

/** True once the first `migrate` has registered the keys. */
export const knowsKeys = async (owner: Database): Promise<boolean> =>
  (await hasTable(owner, 'installation_keys')) && (await registeredKeys(owner)).length > 0;

/** True when this installation ever had a key with this id. */
export const isRegisteredKey = (
  sql: Pick<Sql, 'all'>,
  purpose: KeyPurpose,
  keyId: string,
): Promise<boolean> =>
  hasRow(sql, 'SELECT 1 FROM installation_keys WHERE purpose = ? AND key_id = ?', [purpose, keyId]);

export async function registerKey(
  tx: Sql,
  entry: Pick<RegisteredKey, 'purpose' | 'generation' | 'keyId' | 'checkValue'>,
): Promise<void> {
  await insertRows(tx, 'installation_keys', [entry]);
}

/** Retires the generations before this one: no data needs them any more. */
export async function retireBefore(tx: Sql, purpose: KeyPurpose, generation: number): Promise<void> {
  await tx.run(
    `UPDATE installation_keys SET retired_at = UTC_TIMESTAMP(3)
      WHERE purpose = ? AND generation < ? AND retired_at IS NULL`,
    [purpose, generation],
  );
}

export interface Wrapped {
  readonly id: number;
  readonly wrapped: Buffer;
  readonly keyId: string;
}

/** Secrets of the oldest and the newest leads, to test a key. */
export async function someSecrets(sql: Sql, keysSchema: string): Promise<readonly Wrapped[]> {
  const columns = 'lead_id AS id, wrapped, key_id AS keyId';
  const from = `FROM \`${keysSchema}\`.lead_secrets`;
  return [
    ...(await sql.all<Wrapped>(`SELECT ${columns} ${from} ORDER BY lead_id LIMIT 5`)),
    ...(await sql.all<Wrapped>(`SELECT ${columns} ${from} ORDER BY lead_id DESC LIMIT 5`)),
  ];
}

export const readWrappedKey = (sql: Sql, name: string): Promise<Wrapped | undefined> =>
  firstRow<Wrapped>(sql, 'SELECT 0 AS id, wrapped, key_id AS keyId FROM wrapped_keys WHERE name = ?', [name]);

export const wrappedKeyNames = (sql: Sql, notUnder: string): Promise<readonly string[]> =>
  columnOf<string>(sql, 'SELECT name FROM wrapped_keys WHERE key_id <> ? ORDER BY name', [notUnder]);

export async function writeWrappedKey(tx: Sql, name: string, wrapping: Key, bytes: Buffer): Promise<void> {
  await insertRows(
    tx,
    'wrapped_keys',
    [{ name, wrapped: sealBytes(wrapping.bytes, bytes), keyId: wrapping.id }],
    'wrapped = VALUES(wrapped), key_id = VALUES(key_id)',
  );
}

/** The owner of a secret in the keys schema: names the table and its column. */
export type SecretOwner = 'lead' | 'request';

/** Number of secrets by the key that encrypts them; '' when they were written before keys had ids. */
export const secretsByKey = (
  sql: Sql,
  keysSchema: string,
  owner: SecretOwner,
): Promise<ReadonlyMap<string, number>> =>
  mapOf<string, number>(
    sql,
    `SELECT key_id AS keyId, COUNT(*) AS n FROM \`${keysSchema}\`.${owner}_secrets GROUP BY key_id`,
  );

/** The same for files that are not accepted yet. */
export const filesByKey = (sql: Sql): Promise<ReadonlyMap<string, number>> =>
  mapOf<string, number>(
    sql,
    'SELECT content_key AS keyId, COUNT(*) AS n FROM batches WHERE content IS NOT NULL GROUP BY content_key',
  );

/** First and last seal by the key that made them. */
export async function sealsByKey(
  sql: Sql,
): Promise<ReadonlyMap<string, { readonly first: number; readonly last: number }>> {
  const rows = await sql.all<{ keyId: string; first: number; last: number }>(
    'SELECT key_id AS keyId, MIN(sequence) AS first, MAX(sequence) AS last FROM seals GROUP BY key_id',
  );
  return new Map(rows.map((row) => [row.keyId, row]));
}

export interface Rewrapped {
  /** Id of the last row read; undefined at the end. */
  readonly last: number | undefined;
  readonly changed: number;
  /** Rows that no key of the ring decrypts. */
  readonly unreadable: number;
}

/** Encrypts the next secrets that are under another key again, under the key that writes. */
export async function rewrapSecrets(
  tx: Sql,
  options: {
    readonly keysSchema: string;
    readonly owner: SecretOwner;
    readonly keys: KeyRing;
    readonly after: number;
    readonly limit: number;
  },
): Promise<Rewrapped> {
  const { keysSchema, owner, keys, after, limit } = options;
  const table = `\`${keysSchema}\`.${owner}_secrets`;
  const id = `${owner}_id`;
  const current = keys.current();
  const page = await tx.all<{ id: number; keyId: string }>(
    `SELECT ${id} AS id, key_id AS keyId FROM ${table} WHERE ${id} > ? ORDER BY ${id} LIMIT ${Math.trunc(limit)}`,
    [after],
  );
  const due = page.filter((row) => row.keyId !== current.id).map((row) => row.id);
  const rows = await tx.all<Wrapped>(
    `SELECT ${id} AS id, wrapped, key_id AS keyId FROM ${table} FORCE INDEX (PRIMARY) WHERE ${id} IN (?) ORDER BY ${id} FOR UPDATE`,
    [due],
  );
  const rewritten = rows.flatMap((row) => {
    const plain = openWith(keys, { keyId: row.keyId, bytes: row.wrapped });
    return plain === undefined ? [] : [[row.id, sealBytes(current.bytes, plain), current.id] as const];
  });
  if (rewritten.length > 0)
    await tx.run(
      `INSERT INTO ${table} (${id}, wrapped, key_id) VALUES ${rowMarks(rewritten.length, 3)}
       ON DUPLICATE KEY UPDATE wrapped = VALUES(wrapped), key_id = VALUES(key_id)`,
      rewritten.flat(),
    );
  return { last: page.at(-1)?.id, changed: rewritten.length, unreadable: rows.length - rewritten.length };
}

/** The same for the next stored file. */
export async function rewrapFile(tx: Sql, keys: KeyRing, after: number): Promise<Rewrapped> {
  const current = keys.current();
  const [row] = await tx.all<{ id: number }>(
    `SELECT id FROM batches
      WHERE id > ? AND content IS NOT NULL AND content_key <> ? ORDER BY id LIMIT 1 FOR UPDATE`,
    [after, current.id],
  );
  if (row === undefined) return { last: undefined, changed: 0, unreadable: 0 };
  const purpose = `batch:${row.id}`;
  const sealed = await readSealed(tx, row.id);
  const plain = sealed === undefined ? undefined : openWith(keys, { ...sealed, purpose });
  if (plain === undefined) return { last: row.id, changed: 0, unreadable: 1 };
  await writeSealed(tx, row.id, {
    keyId: current.id,
    bytes: sealBytes(derived(current.bytes, purpose), plain),
  });
  return { last: row.id, changed: 1, unreadable: 0 };
}
