// Stores the requests of prospects: kind, due date, state, the actor of each step, the leads and rows they concern.
// Invariant: a change runs under the lock of the request's row; no personal data is stored in clear.
import type {
  RequestKind,
  RequestOutcome,
  RequestState,
  TermAlert,
  ClosedRequest,
} from '../../domain/requests.ts';
import { refuseAddresses, refuseNamesOfRequest } from './persons-names.ts';
import {
  type ReadOnlySql,
  type Sql,
  type SqlValue,
  inList,
  columnOf,
  firstNumber,
  firstRow,
  allOfMany,
} from '../database.ts';
import { deleteNamed } from '../named-rows.ts';
import { removeDocuments } from './request-documents.ts';
import { assignments, given, insertRow, insertRows } from '../columns.ts';

// Finds closed requests whose retention may be over, and deletes them or parts of them.
// Invariant: a deletion runs under the lock of the request's row; the log keeps what was done, by the request's number.

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
export const clientsWithRequests = (sql: ReadOnlySql): Promise<readonly string[]> =>
  columnOf<string>(sql, 'SELECT DISTINCT client_id AS id FROM requests ORDER BY id');

/** Deletes the request with its subjects, effects, recipients and documents. */
export async function removeRequest(tx: Sql, id: number): Promise<void> {
  await removeDocuments(tx, id);
  for (const table of ['request_subjects', 'request_effects', 'request_recipients'])
    await tx.run(`DELETE FROM ${table} WHERE request_id = ?`, [id]);
  await tx.run('DELETE FROM requests WHERE id = ?', [id]);
}

/** Removes these leads from all requests, so that nothing refers to them any more. */
export async function forgetSubjects(tx: Sql, leadIds: readonly number[]): Promise<void> {
  const subjects = { table: 'request_subjects', column: 'subject_id', index: 'request_subjects_subject' };
  await deleteNamed(tx, { ...subjects, and: "t.kind = 'lead'" }, leadIds);
  for (const table of ['request_effects', 'request_recipients'])
    await tx.run(`DELETE FROM ${table} WHERE lead_id IN (?)`, [leadIds]);
}

// Stores the leads and refused rows of a request, and a person's decision about each; finds the requests of a person.
// Invariant: an applied subject keeps its mark; the reference of a refused row is read from the row, never stored here.

type SubjectKind = 'lead' | 'row';
type Decision = 'proposed' | 'confirmed' | 'left_out';

export interface RequestSubject {
  readonly kind: SubjectKind;
  readonly subjectId: number;
  readonly found: 'asked' | 'shared';
  readonly decision: Decision;
  readonly appliedAt: Date | null;
  /** Only for a lead. */
  readonly reference: string | null;
  readonly collectedAt: Date | null;
  readonly erasedAt: Date | null;
}

export const readSubjects = (sql: ReadOnlySql, requestId: number): Promise<readonly RequestSubject[]> =>
  sql.all<RequestSubject>(
    `SELECT s.kind, s.subject_id AS subjectId, s.found, s.decision, s.applied_at AS appliedAt, l.reference,
            l.collected_at AS collectedAt, l.erased_at AS erasedAt
       FROM request_subjects s LEFT JOIN leads l ON s.kind = 'lead' AND l.id = s.subject_id
      WHERE s.request_id = ? ORDER BY s.kind, s.subject_id`,
    [requestId],
  );

/** Adds subjects; one that is listed already keeps its decision. Returns the number added. */
export async function addSubjects(
  tx: Sql,
  requestId: number,
  found: readonly Pick<RequestSubject, 'kind' | 'subjectId' | 'found'>[],
): Promise<number> {
  if (found.length === 0) return 0;
  const known = new Set(
    (await readSubjects(tx, requestId)).map(({ kind, subjectId }) => `${kind} ${subjectId}`),
  );
  const fresh = found.filter(({ kind, subjectId }) => !known.has(`${kind} ${subjectId}`));
  await insertRows(
    tx,
    'request_subjects',
    fresh.map(({ kind, subjectId, found: how }) => ({ requestId, kind, subjectId, found: how })),
  );
  return fresh.length;
}

/** Confirms these subjects of a kind and leaves out the others. */
export async function decideSubjects(
  tx: Sql,
  requestId: number,
  kind: SubjectKind,
  confirmed: readonly number[],
): Promise<void> {
  await tx.run(
    "UPDATE request_subjects SET decision = 'left_out' WHERE request_id = ? AND kind = ? AND applied_at IS NULL",
    [requestId, kind],
  );
  await tx.run(
    `UPDATE request_subjects SET decision = 'confirmed' WHERE request_id = ? AND kind = ? AND subject_id IN (?)`,
    [requestId, kind, confirmed],
  );
}

export async function markApplied(
  tx: Sql,
  requestId: number,
  { kind, subjectId }: Pick<RequestSubject, 'kind' | 'subjectId'>,
): Promise<void> {
  await tx.run(
    'UPDATE request_subjects SET applied_at = UTC_TIMESTAMP(3) WHERE request_id = ? AND kind = ? AND subject_id = ?',
    [requestId, kind, subjectId],
  );
}

interface PersonRequest {
  readonly id: number;
  readonly kind: RequestKind;
  readonly receivedAt: Date;
  readonly state: RequestState;
}

/**
 * Finds the requests of one person at one client: those confirmed for one of their leads or refused rows, or
 * proposed by what the person gave. Reads only; an unconfirmed match by address alone may be another person's, and
 * is left out. Oldest first.
 */
export async function requestsOfPerson(
  sql: ReadOnlySql,
  clientId: string,
  of: { readonly leadIds: readonly number[]; readonly rows: readonly string[] },
): Promise<readonly PersonRequest[]> {
  const found = new Map<number, PersonRequest>();
  for (const [kind, ids] of [['lead', of.leadIds] as const, ['row', of.rows.map(Number)] as const]) {
    const rows = await allOfMany<PersonRequest>(
      sql,
      `SELECT DISTINCT r.id, r.kind, r.received_at AS receivedAt, r.state
         FROM request_subjects s FORCE INDEX (request_subjects_subject) JOIN requests r ON r.id = s.request_id
        WHERE s.subject_id IN (?) AND s.kind = ? AND r.client_id = ?
          AND (s.decision = 'confirmed' OR (s.decision = 'proposed' AND s.found = 'asked'))`,
      ids,
      { also: [kind, clientId] },
    );
    for (const row of rows) found.set(row.id, row);
  }
  return [...found.values()].sort((a, b) => a.id - b.id);
}

export interface Request {
  readonly id: number;
  readonly clientId: string;
  readonly kind: RequestKind;
  readonly state: RequestState;
  readonly receivedAt: Date;
  /** The first instant past the term. */
  readonly dueAt: Date;
  readonly extendedAt: Date | null;
  readonly extensionReason: string;
  /** For an objection or a withdrawal: `purpose.channel`, separated by spaces. */
  readonly optIns: string;
  /** The data given to find the leads, sealed. NULL once the retention of the request is over. */
  readonly asked: Buffer | null;
  readonly identityCheckedAt: Date | null;
  readonly identityCheckedBy: string;
  readonly identityHow: string;
  readonly openedAt: Date;
  readonly openedBy: string;
  readonly confirmedAt: Date | null;
  readonly confirmedBy: string;
  readonly appliedAt: Date | null;
  readonly appliedBy: string;
  readonly logBefore: number;
  readonly logAfter: number;
  readonly liftedAt: Date | null;
  readonly liftedBy: string;
  readonly informedAt: Date | null;
  readonly informedBy: string;
  readonly informedEvidence: string;
  readonly closedAt: Date | null;
  readonly closedBy: string;
  readonly outcome: RequestOutcome | '';
  readonly outcomeReason: string;
  readonly alerted: TermAlert | '';
}

const columns = `id, client_id AS clientId, kind, state, received_at AS receivedAt, due_at AS dueAt, extended_at AS extendedAt,
  extension_reason AS extensionReason, opt_ins AS optIns, asked, identity_checked_at AS identityCheckedAt,
  identity_checked_by AS identityCheckedBy, identity_how AS identityHow, opened_at AS openedAt, opened_by AS openedBy,
  confirmed_at AS confirmedAt, confirmed_by AS confirmedBy, applied_at AS appliedAt, applied_by AS appliedBy,
  log_before AS logBefore, log_after AS logAfter, lifted_at AS liftedAt, lifted_by AS liftedBy, informed_at AS informedAt,
  informed_by AS informedBy, informed_evidence AS informedEvidence, closed_at AS closedAt, closed_by AS closedBy, outcome,
  outcome_reason AS outcomeReason, alerted`;

type NewRequest = Pick<
  Request,
  'clientId' | 'kind' | 'receivedAt' | 'dueAt' | 'optIns' | 'openedAt' | 'openedBy'
>;

export const insertRequest = (tx: Sql, request: NewRequest): Promise<number> =>
  insertRow(tx, 'requests', request);

export const findRequest = (sql: ReadOnlySql, id: number): Promise<Request | undefined> =>
  firstRow<Request>(sql, `SELECT ${columns} FROM requests WHERE id = ?`, [id]);

/** Locks the request for the rest of the transaction: one officer after the other. Locked before any client or lead. */
export const lockRequest = (tx: Sql, id: number): Promise<Request | undefined> =>
  firstRow<Request>(tx, `SELECT ${columns} FROM requests WHERE id = ? FOR UPDATE`, [id]);

/** Columns with text that an officer typed about the person. */
const typed = ['identityHow', 'extensionReason', 'outcomeReason'] as const;

/** Changes columns of a request; the caller has locked it. @throws USAGE-001 when a typed text names a person of the request */
export async function changeRequest(
  tx: Sql,
  id: number,
  change: Readonly<Partial<Omit<Request, 'id' | 'clientId' | 'kind'>>>,
): Promise<void> {
  const names = Object.keys(change);
  if (names.length === 0) return;
  const text = typed.map((name) => change[name] ?? '').join(' ; ');
  await refuseNamesOfRequest(tx, id, text);
  refuseAddresses(text);
  await tx.run(`UPDATE requests SET ${assignments(names)} WHERE id = ?`, [
    ...(Object.values(change) as SqlValue[]),
    id,
  ]);
}

export interface RequestFilter {
  readonly clientId?: string;
  readonly state?: RequestState;
  readonly kind?: RequestKind;
  /** Only requests that are not closed. */
  readonly isOpen?: boolean;
}

/** Newest first. */
export function listRequests(
  sql: ReadOnlySql,
  { clientId, state, kind, isOpen }: RequestFilter,
  limit: number,
  before: number = Number.MAX_SAFE_INTEGER,
): Promise<readonly Request[]> {
  const where = given({ 'client_id = ?': clientId, 'state = ?': state, 'kind = ?': kind });
  return sql.all<Request>(
    `SELECT ${columns} FROM requests WHERE id < ?${where.sql}${isOpen === true ? " AND state <> 'closed'" : ''}
      ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    [before, ...where.values],
  );
}

/** Open requests, the first due first: the officer's work list. */
export function requestsDueFirst(
  sql: ReadOnlySql,
  { clientId, kind }: Pick<RequestFilter, 'clientId' | 'kind'>,
  limit: number,
): Promise<readonly Request[]> {
  const where = given({ 'client_id = ?': clientId, 'kind = ?': kind });
  return sql.all<Request>(
    `SELECT ${columns} FROM requests WHERE state IN ('open', 'applied')${where.sql}
      ORDER BY due_at, id LIMIT ${Math.trunc(limit)}`,
    where.values,
  );
}

/** Open requests in id order, a page at a time, for the timer. */
export const openRequests = (sql: ReadOnlySql, after: number, limit: number): Promise<readonly Request[]> =>
  sql.all<Request>(
    `SELECT ${columns} FROM requests WHERE state IN ('open', 'applied') AND id > ? ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [after],
  );

/** Id of the last entry of the log. */
export const logPosition = (sql: Sql): Promise<number> =>
  firstNumber(sql, 'SELECT MAX(id) AS id FROM handovers');

export interface RequestEffect {
  readonly leadId: number;
  readonly table: string;
  readonly columns: string;
  readonly rows: number;
}

/** Adds to the counts of what the request changed; the caller has locked it. */
export async function noteEffects(
  tx: Sql,
  requestId: number,
  effects: readonly RequestEffect[],
): Promise<void> {
  for (const { leadId, table, columns: changed, rows } of effects)
    await tx.run(
      `INSERT INTO request_effects (request_id, lead_id, table_name, columns_changed, row_count) VALUES (?, ?, ?, ?, ?)
       ON DUPLICATE KEY UPDATE row_count = row_count + VALUES(row_count)`,
      [requestId, leadId, table, changed.slice(0, 2000), rows],
    );
}

/** Changes that applying a request made, for the proof (C23): tables, columns, counts. */
export const readEffects = (sql: ReadOnlySql, requestId: number): Promise<readonly RequestEffect[]> =>
  sql.all<RequestEffect>(
    `SELECT lead_id AS leadId, table_name AS \`table\`, columns_changed AS columns, row_count AS \`rows\`
       FROM request_effects WHERE request_id = ? ORDER BY lead_id, table_name`,
    [requestId],
  );
