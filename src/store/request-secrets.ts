// Stores the key of each request, wrapped by the master key, in the schema of the leads' secrets.
// Invariant: the master key never reaches MySQL; destroying a request's key makes everything sealed under it unreadable.
import { randomBytes } from 'node:crypto';
import { openWith, type KeyRing } from '../domain/key-ring.ts';
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import { RelaisError } from '../errors.ts';
import type { Sql } from './database.ts';
import { writingKey } from './keys.ts';

export interface RequestSecrets {
  readonly create: (tx: Sql, requestId: number) => Promise<RequestKey>;
  /** Undefined once it was destroyed. @throws KEY-001 */
  readonly read: (sql: Sql, requestId: number) => Promise<RequestKey | undefined>;
  readonly destroy: (tx: Sql, requestId: number) => Promise<void>;
}

/** Seals and opens the data of one request, under a key derived for each purpose. */
export interface RequestKey {
  readonly seal: (purpose: string, plain: Uint8Array) => Buffer;
  /** Undefined when the bytes were altered. */
  readonly open: (purpose: string, sealed: Uint8Array) => Buffer | undefined;
}

export function createRequestSecrets(options: { masterKeys: KeyRing; keysSchema: string }): RequestSecrets {
  const { masterKeys } = options;
  const table = `\`${options.keysSchema}\`.request_secrets`;
  return {
    create: async (tx, requestId) => {
      const key = writingKey(masterKeys);
      const secret = randomBytes(32);
      await tx.run(`INSERT INTO ${table} (request_id, wrapped, key_id) VALUES (?, ?, ?)`, [
        requestId,
        sealBytes(key.bytes, secret),
        key.id,
      ]);
      return keyOfRequest(secret);
    },
    read: async (sql, requestId) => {
      const [row] = await sql.all<{ wrapped: Buffer; key_id: string }>(
        `SELECT wrapped, key_id FROM ${table} WHERE request_id = ?`,
        [requestId],
      );
      if (row === undefined) return undefined;
      const secret = openWith(masterKeys, { keyId: row.key_id, bytes: row.wrapped });
      if (secret === undefined)
        throw new RelaisError(
          'KEY-001',
          `The key of request ${requestId} does not open with RELAIS_MASTER_KEY.`,
        );
      return keyOfRequest(secret);
    },
    destroy: async (tx, requestId) => {
      await tx.run(`DELETE FROM ${table} WHERE request_id = ?`, [requestId]);
    },
  };
}

const keyOfRequest = (secret: Buffer): RequestKey => ({
  seal: (purpose, plain) => sealBytes(derived(secret, purpose), plain),
  open: (purpose, sealed) => openBytes(derived(secret, purpose), sealed),
});
