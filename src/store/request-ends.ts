// Finds closed requests whose retention may be over, and deletes them or parts of them.
// Invariant: a deletion runs under the lock of the request's row; the log keeps what was done, by the request's number.
import type { ClosedRequest } from '../domain/request-retention.ts';
import { inList, type ReadOnlySql, type Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';
import { removeDocuments } from './request-documents.ts';

export interface EndingRequest extends ClosedRequest {
  readonly id: number;
  readonly clientId: string;
  /** True while the demand, or the data given to find the person, is stored. */
  readonly hasDemand: boolean;
}

/** Closed requests of the clients, or of all, page by page. */
export async function closedRequests(
  sql: ReadOnlySql,
  {
    clients,
    after,
    limit,
  }: { readonly clients?: readonly string[]; readonly after: number; readonly limit: number },
): Promise<readonly EndingRequest[]> {
  if (clients?.length === 0) return [];
  const among = clients === undefined ? undefined : inList(clients);
  const rows = await sql.all<Omit<EndingRequest, 'hasDemand'> & { hasDemand: number }>(
    `SELECT id, client_id AS clientId, kind, outcome, closed_at AS closedAt, lifted_at AS liftedAt, asked IS NOT NULL AS hasDemand
       FROM requests WHERE state = 'closed' AND closed_at IS NOT NULL AND id > ?${among === undefined ? '' : ` AND client_id IN (${among.marks})`}
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [after, ...(among?.values ?? [])],
  );
  return rows.map(({ hasDemand, ...row }) => ({ ...row, hasDemand: hasDemand === 1 }));
}

/** Clients that have requests on record. */
export async function clientsWithRequests(sql: ReadOnlySql): Promise<readonly string[]> {
  const rows = await sql.all<{ id: string }>('SELECT DISTINCT client_id AS id FROM requests ORDER BY id');
  return rows.map(({ id }) => id);
}

/** Deletes the request with its subjects, effects, recipients and documents. */
export async function removeRequest(tx: Sql, id: number): Promise<void> {
  await removeDocuments(tx, id);
  for (const table of ['request_subjects', 'request_effects', 'request_recipients'])
    await tx.run(`DELETE FROM ${table} WHERE request_id = ?`, [id]);
  await tx.run('DELETE FROM requests WHERE id = ?', [id]);
}

/** Removes these leads from all requests, so that nothing refers to them any more. */
export async function forgetSubjects(tx: Sql, leadIds: readonly number[]): Promise<void> {
  if (leadIds.length === 0) return;
  const { marks, values } = inList(leadIds);
  const subjects = { table: 'request_subjects', column: 'subject_id', index: 'request_subjects_subject' };
  await deleteNamed(tx, { ...subjects, and: "t.kind = 'lead'" }, leadIds);
  for (const table of ['request_effects', 'request_recipients'])
    await tx.run(`DELETE FROM ${table} WHERE lead_id IN (${marks})`, values);
}
