// Stores the documents of a request, the prospect's demand and for a day the answer, in parts sealed under the request's key.
// Invariant: nothing is stored in clear, not even the name.
import { type ReadOnlySql, type Sql, firstValue, insertedId } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';

export type DocumentKind = 'demand' | 'answer';

export interface DocumentHead {
  readonly id: number;
  readonly kind: DocumentKind;
  /** Deletion time of an answer. */
  readonly goneAt: Date | null;
  readonly name: Buffer;
  readonly size: number;
  readonly addedAt: Date;
  readonly addedBy: string;
}

export const insertDocument = (
  tx: Sql,
  document: Pick<DocumentHead, 'kind' | 'goneAt' | 'size' | 'addedBy'> & { readonly requestId: number },
): Promise<number> =>
  insertedId(
    tx,
    "INSERT INTO request_documents (request_id, kind, name, size, added_at, added_by, gone_at) VALUES (?, ?, '', ?, UTC_TIMESTAMP(3), ?, ?)",
    [document.requestId, document.kind, document.size, document.addedBy, document.goneAt],
  );

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
    'SELECT id, kind, name, size, added_at AS addedAt, added_by AS addedBy, gone_at AS goneAt FROM request_documents WHERE request_id = ? ORDER BY id',
    [requestId],
  );

/** Part by part, so that no result of the server grows with the document. */
export const documentPart = (sql: ReadOnlySql, id: number, part: number): Promise<Buffer | undefined> =>
  firstValue<Buffer>(sql, 'SELECT content FROM request_document_parts WHERE document_id = ? AND part = ?', [
    id,
    part,
  ]);

/** Deletes the documents and the sealed search data: the retention of the request is over. */
export async function removeDocuments(tx: Sql, requestId: number): Promise<void> {
  await removeNamed(tx, await documentsOf(tx, requestId));
  await tx.run('UPDATE requests SET asked = NULL WHERE id = ?', [requestId]);
}

/** Deletes earlier answers, which a new one replaces. */
export const removeAnswers = async (tx: Sql, requestId: number): Promise<void> =>
  removeNamed(
    tx,
    (await documentsOf(tx, requestId)).filter(({ kind }) => kind === 'answer'),
  );

/** Some of the answers whose day is over. */
export const goneAnswers = (sql: Pick<Sql, 'all'>): Promise<readonly { readonly id: number }[]> =>
  sql.all(
    'SELECT id FROM request_documents FORCE INDEX (request_documents_gone) WHERE gone_at <= UTC_TIMESTAMP(3) ORDER BY gone_at LIMIT 50',
  );

export async function removeNamed(tx: Sql, documents: readonly { readonly id: number }[]): Promise<void> {
  const ids = documents.map(({ id }) => id);
  await deleteNamed(tx, { table: 'request_document_parts', column: 'document_id', index: 'PRIMARY' }, ids);
  await deleteNamed(tx, { table: 'request_documents', column: 'id', index: 'PRIMARY' }, ids);
}
