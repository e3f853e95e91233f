// Writes the consents of all rows of a batch together, once the rows are accepted.
// Invariant: they are received in the order of the rows, whatever their kinds; a new lead's own come before those of rows about it.
import { inOrder } from '../domain/consent.ts';
import { insertConsents } from '../store/consents.ts';
import type { Sql } from '../store/database.ts';
import type { AcceptedRow } from './batch.ts';

export async function insertAnswers(tx: Sql, accepted: readonly AcceptedRow[]): Promise<void> {
  await insertConsents(
    tx,
    inOrderOfReceipt(accepted).flatMap(({ candidate: { row }, leadId, revision }) =>
      inOrder(row.consents).map((event) => ({ clientId: row.clientId, leadId, event, revision })),
    ),
  );
}

/** By row id. A row about a lead may come in before the lead itself: it counts right after it. */
function inOrderOfReceipt(accepted: readonly AcceptedRow[]): readonly AcceptedRow[] {
  const made = new Map(
    accepted.flatMap(({ candidate, leadId }) =>
      candidate.row.kind === 'lead' ? [[leadId, candidate.id] as const] : [],
    ),
  );
  const placeOf = ({ candidate: { id }, leadId }: AcceptedRow): bigint => {
    const lead = made.get(leadId) ?? id;
    return lead > id ? lead : id;
  };
  const rankOf = ({ candidate: { row } }: AcceptedRow): number => (row.kind === 'lead' ? 0 : 1);
  const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
  return accepted.toSorted(
    (a, b) =>
      compare(placeOf(a), placeOf(b)) || rankOf(a) - rankOf(b) || compare(a.candidate.id, b.candidate.id),
  );
}
