// Locks what a departure is compared with, in one statement: the leads, and the terms of their destinations' authorisations.
// Invariant: no departure crosses a change, a withdrawal or an erasure of its lead, nor a revocation (guarantee 6).
import type { AuthorisationTerm } from '../domain/destination.ts';
import { inList, type Sql } from './database.ts';
import type { LeadLock } from './leads/leads.ts';

export interface DepartureLocks {
  readonly leads: ReadonlyMap<number, LeadLock>;
  /** Nothing else of an authorisation ever changes. */
  readonly authorisations: ReadonlyMap<string, readonly AuthorisationTerm[]>;
}

/** A lead has id, revision, revision of its consents, erasure; an authorisation has id, destination, its term. */
interface Row {
  readonly id: number;
  readonly revision: number;
  readonly consent_revision: number;
  readonly erased_at: Date | null;
  readonly destination_id: string;
  readonly valid_from: Date | null;
  readonly valid_until: Date | null;
  readonly revoked_at: Date | null;
}

/**
 * Locks leads, in id order, and shares the authorisations of destinations.
 * @param leads `free`: those that another transaction has locked are left out, and nothing is waited for but a revocation
 */
export async function lockForDeparture(
  tx: Sql,
  rows: readonly { readonly leadId: number; readonly destinationId: string }[],
  leads: 'free' | 'all',
): Promise<DepartureLocks> {
  if (rows.length === 0) return { leads: new Map(), authorisations: new Map() };
  const leadIds = inList([...new Set(rows.map(({ leadId }) => leadId))].sort((a, b) => a - b));
  const destinationIds = inList([...new Set(rows.map(({ destinationId }) => destinationId))].sort());
  const found = await tx.all<Row>(
    `(SELECT id, revision, consent_revision, erased_at, '' AS destination_id, NULL AS valid_from, NULL AS valid_until, NULL AS revoked_at
        FROM leads FORCE INDEX (PRIMARY) WHERE id IN (${leadIds.marks}) FOR UPDATE${leads === 'free' ? ' SKIP LOCKED' : ''})
     UNION ALL
     (SELECT a.id, 0, 0, NULL, a.destination_id, a.valid_from, a.valid_until, a.revoked_at
        FROM destinations d FORCE INDEX (PRIMARY) STRAIGHT_JOIN authorisations a FORCE INDEX (authorisations_destination)
          ON a.client_id = d.client_id AND a.destination_id = d.id
       WHERE d.id IN (${destinationIds.marks}) LOCK IN SHARE MODE)`,
    [...leadIds.values, ...destinationIds.values],
  );
  const terms = found.filter((row) => row.destination_id !== '');
  return {
    leads: new Map(found.filter((row) => row.destination_id === '').map((row) => [row.id, lockOf(row)])),
    authorisations: new Map(
      [...Map.groupBy(terms, (row) => row.destination_id)].map(([id, group]) => [id, group.flatMap(termOf)]),
    ),
  };
}

const lockOf = (row: Row): LeadLock => ({
  id: row.id,
  revision: row.revision,
  consentRevision: row.consent_revision,
  erased: row.erased_at !== null,
});

const termOf = (row: Row): readonly AuthorisationTerm[] =>
  row.valid_from === null
    ? []
    : [
        {
          id: row.id,
          validFrom: row.valid_from,
          ...(row.valid_until === null ? {} : { validUntil: row.valid_until }),
          ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
        },
      ];
