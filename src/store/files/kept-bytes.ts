// Stores the exact bytes of a file or of a part, encrypted, until the recipient has accepted it.
// Invariant: any host can send the stored bytes again, byte for byte.
import { openWith, type KeyRing } from '../../domain/key-ring.ts';
import { derived, sealBytes } from '../../domain/keyed.ts';
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../database.ts';
import { readSealed, writeSealed } from './file-bytes.ts';
import { writingKey } from '../secrets.ts';

export async function keepBytes(
  tx: Sql,
  masterKeys: KeyRing,
  batch: {
    readonly id: number;
    readonly fileName: string;
    readonly mediaType: string;
    readonly extension: string;
    readonly rows: number;
    readonly mappingVersionId: number;
    readonly writtenAt: Date;
  },
  bytes: Uint8Array,
): Promise<void> {
  const key = writingKey(masterKeys);
  await tx.run(
    `UPDATE batches SET state = 'written', file_name = ?, media_type = ?, extension = ?, rows_count = ?, mapping_version_id = ?, written_at = ?,
            size_bytes = ?
      WHERE id = ?`,
    [
      batch.fileName,
      batch.mediaType,
      batch.extension,
      batch.rows,
      batch.mappingVersionId,
      batch.writtenAt,
      bytes.length,
      batch.id,
    ],
  );
  await writeSealed(tx, batch.id, {
    keyId: key.id,
    bytes: sealBytes(derived(key.bytes, `batch:${batch.id}`), bytes),
  });
}

export async function readBytes(sql: Sql, masterKeys: KeyRing, batchId: number): Promise<Buffer | undefined> {
  const sealed = await readSealed(sql, batchId);
  if (sealed === undefined) return undefined;
  const plain = openWith(masterKeys, { ...sealed, purpose: `batch:${batchId}` });
  if (plain === undefined)
    throw new RelaisError('KEY-001', `The bytes of file ${batchId} do not open with RELAIS_MASTER_KEY.`);
  return plain;
}
