// Creates the new leads of a batch: lead, content, secret and interactions together; their consents are written with those of all rows.
// Invariant: a lead is never half written; one reference makes one lead.
import type { Sql } from '../store/database.ts';
import type { LeadFields } from '../domain/lead-fields/columns.ts';
import { insertInteractions, insertLeads, nameKey, type LockedLead } from '../store/leads/lead-writes.ts';
import type { Candidate, LockedDeps, RowLedger } from './batch.ts';
import { erasedSince, holdForOfficer } from './erased-before.ts';
import { refusal } from './refusals.ts';
import type { CheckedRow } from './row.ts';

export interface CreatedLead extends LockedLead {
  readonly fields: LeadFields;
  /** The row that makes it. */
  readonly row: CheckedRow;
}

/** Returns the created leads, by name. */
export async function createRows(
  tx: Sql,
  deps: Pick<LockedDeps, 'secrets' | 'oppositionKey' | 'lists'>,
  candidates: readonly Candidate[],
  existing: ReadonlyMap<string, LockedLead>,
  ledger: RowLedger,
): Promise<ReadonlyMap<string, CreatedLead>> {
  const fresh = new Map<string, Candidate>();
  const twins: Candidate[] = [];
  for (const candidate of candidates) {
    const name = nameKey(candidate.row);
    const before = existing.get(name);
    if (fresh.has(name)) twins.push(candidate);
    else if (!ledger.isFirst(candidate)) continue;
    else if (before !== undefined)
      ledger.refuse(candidate, [refusal('reference', before.erased ? 'LEAD_ERASED' : 'REFERENCE_USED')]);
    else fresh.set(name, candidate);
  }
  const bringing = [...fresh.values()].map((candidate) => ({
    candidate,
    collectedAt: candidate.row.fields['collected_at'] as Date,
  }));
  const held = await erasedSince(tx, deps, bringing);
  await holdForOfficer(tx, held, ledger.refuse);
  for (const { row } of held) fresh.delete(nameKey(row));
  const ids = await insertLeads(
    tx,
    [...fresh.values()].map(({ row, digest, receivedAt }) => ({ ...row, digest, receivedAt })),
  );
  await deps.secrets.create(tx, [...ids.values()]);
  const withIds = [...fresh].map(([name, candidate]) => ({ name, candidate, leadId: ids.get(name) ?? 0 }));
  await insertInteractions(
    tx,
    withIds.flatMap(({ candidate: { row }, leadId }) =>
      row.interactions.map((event) => ({ clientId: row.clientId, leadId, event })),
    ),
  );

  const created = new Map<string, CreatedLead>();
  for (const { name, candidate, leadId } of withIds) {
    const { row } = candidate;
    const { clientId, reference, fields } = row;
    ledger.accept(candidate, leadId, { clientId, leadId, revision: 1, kind: 'created' });
    created.set(name, { id: leadId, clientId, reference, revision: 1, erased: false, fields, row });
  }
  // A second row of the same reference in this batch: the first is accepted by now, so the second is judged against it.
  for (const twin of twins) ledger.isFirst(twin);
  return created;
}
