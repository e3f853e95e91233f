// Creates the new leads of a batch: lead, content, secret and interactions together; their consents are written with those of all rows.
// Hands those that need no more to planning, within the same transaction.
// Invariant: a lead is never half written; one reference makes one lead; it is planned here only if no other row of the batch is about it.
import type { Lead } from '../domain/lead.ts';
import type { Sql } from '../store/database.ts';
import type { LeadFields } from '../domain/lead-fields/columns.ts';
import { insertInteractions, insertLeads, nameKey, type LockedLead } from '../store/leads/lead-writes.ts';
import { leadOfFields } from '../store/leads/leads.ts';
import type { AcceptedRow, Candidate, FreshLead, LockedDeps, PlanFresh, RowLedger } from './batch.ts';
import { erasedSince, holdForOfficer } from './too-late.ts';
import { refusal } from './refusals.ts';
import type { CheckedRow } from './contract.ts';

export interface CreatedLead extends LockedLead {
  readonly fields: LeadFields;
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
    deps.lists.proof,
  );
  // None is left, or the client is not as it is remembered.
  if (ids.size === 0) return new Map();
  const secrets = await deps.secrets.create(tx, [...ids.values()]);
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
    const change = { clientId, leadId, revision: 1, kind: 'created' } as const;
    ledger.accept(candidate, leadId, change, secrets.get(leadId));
    created.set(name, { id: leadId, clientId, reference, revision: 1, erased: false, fields, row });
  }
  // A second row of the same reference in this batch: the first is accepted by now, so the second is judged against it.
  for (const twin of twins) ledger.isFirst(twin);
  return created;
}

export const nonePlanned: Awaited<ReturnType<PlanFresh>> = { leadIds: new Set(), deliveries: [] };

/** Leads of one row each: what a further row changes is planned with it, later. */
export async function planFresh(
  tx: Sql,
  deps: LockedDeps,
  accepted: readonly AcceptedRow[],
  answers: ReadonlyMap<number, Lead['consents']>,
): ReturnType<PlanFresh> {
  if (deps.planFresh === undefined) return nonePlanned;
  const rows = new Map<number, number>();
  for (const { leadId } of accepted) rows.set(leadId, (rows.get(leadId) ?? 0) + 1);
  const fresh: FreshLead[] = [];
  for (const { candidate, leadId, revision, secret } of accepted) {
    const { row } = candidate;
    if (row.kind !== 'lead' || rows.get(leadId) !== 1) continue;
    const { clientId, fields, interactions } = row;
    const lead = { ...leadOfFields(row, fields, answers.get(leadId) ?? []), id: leadId, interactions };
    fresh.push({ change: { clientId, leadId, revision, kind: 'created' }, lead, secret });
  }
  return fresh.length === 0 ? nonePlanned : deps.planFresh(tx, fresh, deps.lists);
}
