// The prospect's demand: sealed in parts under the request's own key.
// Invariant: nothing is stored in clear, its name included.
import type { ReadOnlySql, Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';

export interface DocumentHead {
  readonly id: number;
  readonly name: Buffer;
  readonly size: number;
  readonly addedAt: Date;
  readonly addedBy: string;
}

export async function insertDocument(
  tx: Sql,
  document: { readonly requestId: number; readonly size: number; readonly addedBy: string },
): Promise<number> {
  const { insertId } = await tx.run(
    "INSERT INTO request_documents (request_id, name, size, added_at, added_by) VALUES (?, '', ?, UTC_TIMESTAMP(3), ?)",
    [document.requestId, document.size, document.addedBy],
  );
  return insertId;
}

export async function nameDocument(tx: Sql, id: number, name: Buffer): Promise<void> {
  await tx.run('UPDATE request_documents SET name = ? WHERE id = ?', [name, id]);
}

export async function insertDocumentPart(tx: Sql, id: number, part: number, content: Buffer): Promise<void> {
  await tx.run('INSERT INTO request_document_parts (document_id, part, content) VALUES (?, ?, ?)', [
    id,
    part,
    content,
  ]);
}

export const documentsOf = (sql: ReadOnlySql, requestId: number): Promise<readonly DocumentHead[]> =>
  sql.all<DocumentHead>(
    'SELECT id, name, size, added_at AS addedAt, added_by AS addedBy FROM request_documents WHERE request_id = ? ORDER BY id',
    [requestId],
  );

/** Part after part, so that no answer of the server grows with the document. */
export async function documentPart(sql: ReadOnlySql, id: number, part: number): Promise<Buffer | undefined> {
  const [row] = await sql.all<{ content: Buffer }>(
    'SELECT content FROM request_document_parts WHERE document_id = ? AND part = ?',
    [id, part],
  );
  return row?.content;
}

/** With everything sealed beside them: the request's own retention is over. */
export async function removeDocuments(tx: Sql, requestId: number): Promise<void> {
  const documents = await documentsOf(tx, requestId);
  await deleteNamed(
    tx,
    { table: 'request_document_parts', column: 'document_id', index: 'PRIMARY' },
    documents.map(({ id }) => id),
  );
  await tx.run('DELETE FROM request_documents WHERE request_id = ?', [requestId]);
  await tx.run('UPDATE requests SET asked = NULL WHERE id = ?', [requestId]);
}
