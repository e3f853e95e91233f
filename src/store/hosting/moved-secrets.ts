// Carries secrets of leads and keys of requests to another installation, which wraps them by its own master key (C36).
// Invariant: a secret is never in clear in a database; it stays the same, so that every digest of what was sent can still be checked.
import { openWith, type KeyRing } from '../../domain/key-ring.ts';
import { sealBytes } from '../../domain/keyed.ts';
import { RelaisError } from '../../errors.ts';
import { rowMarks, type Sql } from '../database.ts';
import type { SecretOwner, Wrapped } from '../keys.ts';
import { writingKey } from '../secrets.ts';

export interface SecretsPlace {
  readonly keysSchema: string;
  readonly masterKeys: KeyRing;
  readonly owner: SecretOwner;
}

/** By the id of the lead or request. @throws KEY-001 */
export async function readSecrets(
  sql: Pick<Sql, 'all'>,
  { keysSchema, masterKeys, owner }: SecretsPlace,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Buffer>> {
  const rows = await sql.all<Wrapped>(
    `SELECT ${owner}_id AS id, wrapped, key_id AS keyId FROM \`${keysSchema}\`.${owner}_secrets WHERE ${owner}_id IN (?)`,
    [ids],
  );
  return new Map(
    rows.map(({ id, keyId, wrapped }) => {
      const secret = openWith(masterKeys, { keyId, bytes: wrapped });
      if (secret === undefined)
        throw new RelaisError('KEY-001', `The secret of ${owner} ${id} does not open with its master key.`);
      return [id, secret];
    }),
  );
}

export async function writeSecrets(
  tx: Sql,
  { keysSchema, masterKeys, owner }: SecretsPlace,
  secrets: readonly (readonly [id: number, secret: Buffer])[],
): Promise<void> {
  if (secrets.length === 0) return;
  const key = writingKey(masterKeys);
  await tx.run(
    `INSERT INTO \`${keysSchema}\`.${owner}_secrets (${owner}_id, wrapped, key_id) VALUES ${rowMarks(secrets.length, 3)}
     ON DUPLICATE KEY UPDATE wrapped = VALUES(wrapped), key_id = VALUES(key_id)`,
    secrets.flatMap(([id, secret]) => [id, sealBytes(key.bytes, secret), key.id]),
  );
}

export async function destroySecrets(
  tx: Sql,
  keysSchema: string,
  owner: SecretOwner,
  ids: readonly number[],
): Promise<void> {
  await tx.run(`DELETE FROM \`${keysSchema}\`.${owner}_secrets WHERE ${owner}_id IN (?)`, [ids]);
}

/** Requests that go on elsewhere are no longer followed here: their rows and keys go, once they are there. */
export async function dropRequests(tx: Sql, keysSchema: string, clientId: string): Promise<void> {
  const mine = 'IN (SELECT id FROM requests WHERE client_id = ?)';
  await tx.run(
    `DELETE FROM request_document_parts WHERE document_id IN (SELECT d.id FROM request_documents d WHERE d.request_id ${mine})`,
    [clientId],
  );
  for (const table of [
    'request_documents',
    'request_effects',
    'request_subjects',
    'request_recipients',
    `\`${keysSchema}\`.request_secrets`,
  ])
    await tx.run(`DELETE FROM ${table} WHERE request_id ${mine}`, [clientId]);
  await tx.run('DELETE FROM requests WHERE client_id = ?', [clientId]);
}
