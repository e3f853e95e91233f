// Stores the leads and refused rows of a request, and a person's decision about each; finds the requests of a person.
// Invariant: an applied subject keeps its mark; the reference of a refused row is read from the row, never stored here.
import { inList, rowMarks, type ReadOnlySql, type Sql, insertGroups } from './database.ts';
import type { RequestKind, RequestState } from '../domain/requests.ts';

export type SubjectKind = 'lead' | 'row';
export type Decision = 'proposed' | 'confirmed' | 'left_out';

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
  if (fresh.length === 0) return 0;
  await tx.run(
    `INSERT INTO request_subjects (request_id, kind, subject_id, found) VALUES ${rowMarks(fresh.length, 4)}`,
    fresh.flatMap((one) => [requestId, one.kind, one.subjectId, one.found]),
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
  if (confirmed.length === 0) return;
  const { marks, values } = inList(confirmed);
  await tx.run(
    `UPDATE request_subjects SET decision = 'confirmed' WHERE request_id = ? AND kind = ? AND subject_id IN (${marks})`,
    [requestId, kind, ...values],
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
  const subjects = [
    ...of.leadIds.map((id) => ({ kind: 'lead', id })),
    ...of.rows.map((row) => ({ kind: 'row', id: Number(row) })),
  ];
  const found = new Map<number, PersonRequest>();
  for (const [kind, all] of Map.groupBy(subjects, (subject) => subject.kind))
    for (const group of insertGroups(all.map(({ id }) => id))) {
      const { marks, values } = inList(group);
      const rows = await sql.all<PersonRequest>(
        `SELECT DISTINCT r.id, r.kind, r.received_at AS receivedAt, r.state
           FROM request_subjects s FORCE INDEX (request_subjects_subject) JOIN requests r ON r.id = s.request_id
          WHERE s.kind = ? AND s.subject_id IN (${marks}) AND r.client_id = ?
            AND (s.decision = 'confirmed' OR (s.decision = 'proposed' AND s.found = 'asked'))`,
        [kind, ...values, clientId],
      );
      for (const row of rows) found.set(row.id, row);
    }
  return [...found.values()].sort((a, b) => a.id - b.id);
}
