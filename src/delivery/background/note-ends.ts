// Writes the end of grants into their leads: a revision, a change for the planner and an entry of the log each.
// Invariant: the caller has locked the leads, and the cause of the end is written in the same transaction.
import type { Sql } from '../../store/database.ts';
import { appendHandover } from '../../store/log/handovers.ts';
import { addChange } from '../../store/leads/lead-changes.ts';
import { raiseRevisions } from '../../store/leads/lead-writes.ts';
import type { LeadLock } from '../../store/leads/leads.ts';

export interface NotedEnd {
  readonly leadId: number;
  readonly clientId: string;
  /** `purpose.channel` */
  readonly optIn: string;
  /** Where it ended at one destination only. */
  readonly destinationId?: string;
}

export interface Holding {
  /** Keeps the revision a recipient may hold before it changes. */
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  readonly locks: ReadonlyMap<number, LeadLock>;
}

/** Leads that are not erased. */
export async function noteEnds(
  tx: Sql,
  { snapshot, locks }: Holding,
  ends: readonly NotedEnd[],
): Promise<void> {
  if (ends.length === 0) return;
  await snapshot(tx, [...new Set(ends.map(({ leadId }) => leadId))]);
  for (const [leadId, own] of Map.groupBy(ends, (end) => end.leadId)) {
    let revision = locks.get(leadId)?.revision ?? 0;
    for (const { clientId, optIn, destinationId } of own) {
      revision += 1;
      const at = destinationId === undefined ? '' : `:${destinationId}`;
      await raiseRevisions(tx, [{ leadId, revisions: 1, consentRevisions: 1 }]);
      await addChange(tx, { clientId, leadId, revision, kind: `consent_ended:${optIn}${at}` });
      await appendHandover(tx, {
        entry: 'consent_ended',
        clientId,
        leadId,
        actor: 'planner',
        reason: optIn,
        leadRevision: revision,
        ...(destinationId === undefined ? {} : { destinationId }),
      });
    }
  }
}
