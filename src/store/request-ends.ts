// Closed requests whose own time may be over, and what goes of them.
// Invariant: whoever takes something of a request away holds its row; the log keeps what was done, by the request's number.
import type { ClosedRequest } from '../domain/request-retention.ts';
import { inList, type ReadOnlySql, type Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';
import { removeDocuments } from './request-documents.ts';

export interface EndingRequest extends ClosedRequest {
  readonly id: number;
  readonly clientId: string;
  /** Whether the demand, or what was given to find the person, is still there. */
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

/** The request is gone: what was listed for it, what it changed, whom it reached, and its row. */
export async function removeRequest(tx: Sql, id: number): Promise<void> {
  await removeDocuments(tx, id);
  for (const table of ['request_subjects', 'request_effects', 'request_recipients'])
    await tx.run(`DELETE FROM ${table} WHERE request_id = ?`, [id]);
  await tx.run('DELETE FROM requests WHERE id = ?', [id]);
}

/** When nothing may lead back to these leads: requests do not list them any more, nor say whom they reached. */
export async function forgetSubjects(tx: Sql, leadIds: readonly number[]): Promise<void> {
  if (leadIds.length === 0) return;
  const { marks, values } = inList(leadIds);
  const subjects = { table: 'request_subjects', column: 'subject_id', index: 'request_subjects_subject' };
  await deleteNamed(tx, { ...subjects, and: "t.kind = 'lead'" }, leadIds);
  for (const table of ['request_effects', 'request_recipients'])
    await tx.run(`DELETE FROM ${table} WHERE lead_id IN (${marks})`, values);
}
