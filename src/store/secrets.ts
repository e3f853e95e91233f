// Stores the secret of each lead and the key of each request, wrapped by the master key, in a schema of its own.
// Invariant: the master key never reaches MySQL; an erased lead's old secret is destroyed, so that its digests reveal nothing.
import { randomBytes } from 'node:crypto';
import { openWith, type Key, type KeyRing } from '../domain/key-ring.ts';
import { sealBytes, derived, openBytes } from '../domain/keyed.ts';
import { RelaisError } from '../errors.ts';
import type { Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';
import { packed, unpacker } from './placeholders.ts';
import { insertRows } from './columns.ts';

/** The master key that encrypts. @throws KEY-002 when another key is in force: data under ours would be lost with it */
export function writingKey(masterKeys: KeyRing): Key {
  if (!masterKeys.inForce())
    throw new RelaisError(
      'KEY-002',
      'RELAIS_MASTER_KEY is an earlier key of this database: this process encrypts nothing with it any more.',
    );
  return masterKeys.current();
}

export interface WrappedSecret {
  readonly lead_id: number;
  readonly wrapped: Buffer;
  readonly key_id: string;
}

export interface LeadSecrets {
  /** Makes a secret for each new lead. Returns them, unwrapped. */
  readonly create: (tx: Sql, leadIds: readonly number[]) => Promise<ReadonlyMap<number, Buffer>>;
  /** Unwrapped secrets by lead id; 32 bytes each. */
  readonly read: (sql: Sql, leadIds: readonly number[]) => Promise<ReadonlyMap<number, Buffer>>;
  /** The same in a SELECT of leads `l`: the join, and one packed column; a lead without a secret has none to unpack. */
  readonly joined: {
    readonly join: string;
    readonly packed: string;
    readonly unpack: (value: unknown) => WrappedSecret | undefined;
  };
  /** @throws KEY-001 */
  readonly opened: (row: WrappedSecret) => Buffer;
  /** Destroys the old secret for ever and makes a new one (erasure). */
  readonly replace: (tx: Sql, leadId: number) => Promise<void>;
  /** Destroys the secrets of deleted leads. */
  readonly destroy: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
}

export function createLeadSecrets(options: { masterKeys: KeyRing; keysSchema: string }): LeadSecrets {
  const { masterKeys } = options;
  const table = `\`${options.keysSchema}\`.lead_secrets`;
  const opened = (row: WrappedSecret): Buffer => {
    const secret = openWith(masterKeys, { keyId: row.key_id, bytes: row.wrapped });
    if (secret === undefined)
      throw new RelaisError(
        'KEY-001',
        `The secret of lead ${row.lead_id} does not open with RELAIS_MASTER_KEY.`,
      );
    return secret;
  };
  return {
    create: async (tx, leadIds) => {
      const key = writingKey(masterKeys);
      const made = new Map(leadIds.map((id) => [id, randomBytes(32)]));
      await insertRows(
        tx,
        table,
        [...made].map(([leadId, secret]) => ({
          leadId,
          wrapped: sealBytes(key.bytes, secret),
          keyId: key.id,
        })),
      );
      return made;
    },
    read: async (sql, leadIds) => {
      const rows = await sql.all<WrappedSecret>(
        `SELECT lead_id, wrapped, key_id FROM ${table} WHERE lead_id IN (?)`,
        [leadIds],
      );
      return new Map(rows.map((row) => [row.lead_id, opened(row)]));
    },
    joined: {
      join: `LEFT JOIN ${table} k ON k.lead_id = l.id`,
      packed: packed(['k.lead_id', 'HEX(k.wrapped)', 'k.key_id']),
      unpack: (value) => {
        const { lead_id, wrapped, key_id } = unpackSecret(value);
        return wrapped === null ? undefined : { lead_id, wrapped: Buffer.from(wrapped, 'hex'), key_id };
      },
    },
    opened,
    replace: async (tx, leadId) => {
      const key = writingKey(masterKeys);
      await tx.run(`UPDATE ${table} SET wrapped = ?, key_id = ? WHERE lead_id = ?`, [
        sealBytes(key.bytes, randomBytes(32)),
        key.id,
        leadId,
      ]);
    },
    destroy: async (tx, leadIds) => {
      await deleteNamed(tx, { table, column: 'lead_id', index: 'PRIMARY' }, leadIds);
    },
  };
}

const unpackSecret = unpacker<Omit<WrappedSecret, 'wrapped'> & { readonly wrapped: string | null }>(
  ['lead_id', 'wrapped', 'key_id'],
  new Set(),
);

// Stores the key of each request, wrapped by the master key, in the schema of the leads' secrets.
// Invariant: the master key never reaches MySQL; destroying a request's key makes everything sealed under it unreadable.

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
