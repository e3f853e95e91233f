// Hands the new leads of a batch to planning, within the transaction that creates them.
// Invariant: a lead is planned here only if no other row of the batch is about it.
import { inOrder } from '../domain/consent.ts';
import type { Sql } from '../store/database.ts';
import { leadOfFields } from '../store/leads/leads.ts';
import type { AcceptedRow, FreshLead, LockedDeps, PlanFresh } from './batch.ts';

export const nonePlanned: Awaited<ReturnType<PlanFresh>> = { leadIds: new Set(), deliveries: [] };

/** Leads of one row each: what a further row changes is planned with it, later. */
export async function planFresh(
  tx: Sql,
  deps: LockedDeps,
  accepted: readonly AcceptedRow[],
): ReturnType<PlanFresh> {
  if (deps.planFresh === undefined) return nonePlanned;
  const rowsOfLead = Map.groupBy(accepted, ({ leadId }) => leadId);
  const fresh = accepted.flatMap(({ candidate: { row }, leadId, revision }): readonly FreshLead[] =>
    row.kind === 'lead' && rowsOfLead.get(leadId)?.length === 1
      ? [
          {
            change: { clientId: row.clientId, leadId, revision, kind: 'created' },
            lead: {
              ...leadOfFields(row, row.fields, inOrder(row.consents)),
              id: leadId,
              interactions: row.interactions,
            },
          },
        ]
      : [],
  );
  return fresh.length === 0 ? nonePlanned : deps.planFresh(tx, fresh, deps.lists.destinations);
}
