// Finds the requests of one person at one client: those confirmed for one of their leads or refused rows, or proposed by what the
// person gave.
// Invariant: reads only; an unconfirmed match by address alone may be another person's, and is left out.
import { inList, insertGroups, type ReadOnlySql } from './database.ts';
import type { RequestKind, RequestState } from '../domain/requests.ts';

export interface PersonRequest {
  readonly id: number;
  readonly kind: RequestKind;
  readonly receivedAt: Date;
  readonly state: RequestState;
}

/** Oldest first. */
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
