// Stores the encrypted bytes of a file until it is accepted: the first part in its batch, the others in rows of their own.
// Invariant: no statement is larger than a part, whatever the size of the file; the other parts are deleted with the first.
import { rowMarks, type Sql } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';

const partBytes = 262_144;

export interface SealedBytes {
  readonly keyId: string;
  readonly bytes: Buffer;
}

/** Reads all parts in one statement, so that they are from one writing. Undefined when there are no bytes. */
export async function readSealed(sql: Sql, batchId: number): Promise<SealedBytes | undefined> {
  const rows = await sql.all<{ part: number; content: Buffer | null; keyId: string }>(
    `SELECT 0 AS part, content, content_key AS keyId FROM batches WHERE id = ?
      UNION ALL SELECT part, content, '' AS keyId FROM batch_parts WHERE batch_id = ?`,
    [batchId, batchId],
  );
  const parts = rows.sort((a, b) => a.part - b.part).map((row) => row.content);
  const [first] = rows;
  if (first === undefined || first.content === null) return undefined;
  return { keyId: first.keyId, bytes: Buffer.concat(parts.filter((part) => part !== null)) };
}

export async function writeSealed(tx: Sql, batchId: number, { keyId, bytes }: SealedBytes): Promise<void> {
  await tx.run('UPDATE batches SET content = ?, content_key = ? WHERE id = ?', [
    bytes.subarray(0, partBytes),
    keyId,
    batchId,
  ]);
  await dropParts(tx, [batchId]);
  for (let part = 1; part * partBytes < bytes.length; part += 1)
    await tx.run(`INSERT INTO batch_parts (batch_id, part, content) VALUES ${rowMarks(1, 3)}`, [
      batchId,
      part,
      bytes.subarray(part * partBytes, (part + 1) * partBytes),
    ]);
}

/** Deletes the parts beside `batches.content`, which the caller blanks. */
export async function dropParts(tx: Sql, batchIds: readonly number[]): Promise<void> {
  await deleteNamed(tx, { table: 'batch_parts', column: 'batch_id', index: 'PRIMARY' }, batchIds);
}

/** Deletes the bytes of files with data of an erased person; the files remain. */
export async function blankFiles(tx: Sql, batchIds: readonly number[]): Promise<void> {
  await tx.run(`UPDATE batches SET content = NULL WHERE state = 'written' AND id IN (?)`, [batchIds]);
  await dropParts(tx, batchIds);
}

/**
 * Makes files under way without rows due now, so that their bytes are deleted: each row was resolved, cancelled or has expired, and
 * a held file may be due in a year. Returns their number.
 */
export async function bringEmptyFiles(sql: Sql): Promise<number> {
  const { affected } = await sql.run(
    `UPDATE batches b SET b.due_at = UTC_TIMESTAMP(3)
      WHERE b.state IN ('open', 'written') AND b.role = 'file' AND b.due_at > UTC_TIMESTAMP(3) AND b.queued_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.batch_id = b.id)`,
  );
  const wholes = await sql.all<{ id: number }>(
    `SELECT w.id FROM batches w
      WHERE w.state IN ('open', 'written') AND w.role = 'whole' AND w.due_at > UTC_TIMESTAMP(3) AND w.queued_at IS NULL AND w.lease_until IS NULL
        AND EXISTS (SELECT 1 FROM batches p WHERE p.whole_id = w.id)
        AND NOT EXISTS (SELECT 1 FROM batches p JOIN deliveries d ON d.batch_id = p.id WHERE p.whole_id = w.id AND p.state IN ('open', 'written'))`,
  );
  for (const { id } of wholes)
    await sql.run('UPDATE batches SET due_at = UTC_TIMESTAMP(3) WHERE id = ? AND queued_at IS NULL', [id]);
  return affected + wholes.length;
}
