// Departures of deliveries, noted on their rows: of those claimed before, and of those that leave with their claim.
// Invariant: only the holder of the current fencing token departs; the caller appends `departed` in the same transaction.
import { inList, type Sql, type SqlValue } from './database.ts';
import { leaseColumns } from './delivery-claims.ts';
import { valueById, heldClause, together, type Lease } from './leases.ts';

export interface DepartureMark extends Lease {
  readonly id: number;
  /** The moment its content names; the first one stays. */
  readonly writtenAt: Date;
  readonly sentRevision: number;
  readonly sentMappingId: number;
}

/** `SET` of a departure, after that of the lease where both are one: `attempt` is then the new one. */
function departureColumns(marks: readonly DepartureMark[]): {
  readonly sql: string;
  readonly values: readonly SqlValue[];
} {
  const ids = marks.map((mark) => mark.id);
  const revision = valueById(
    ids,
    marks.map((mark) => mark.sentRevision),
  );
  const mapping = valueById(
    ids,
    marks.map((mark) => mark.sentMappingId),
  );
  const written = valueById(
    ids,
    marks.map((mark) => mark.writtenAt.toISOString().slice(0, 23).replace('T', ' ')),
  );
  return {
    sql: `departures = departures + 1, departed_attempt = attempt, sent_revision = ${revision.sql}, sent_mapping_id = ${mapping.sql},
              first_departed_at = COALESCE(first_departed_at, ${written.sql})`,
    values: [...revision.values, ...mapping.values, ...written.values],
  };
}

/**
 * Notes the departure on rows whose lease is held.
 * @param locked `lockLeased` has locked the rows in this transaction and found their leases held; else this statement
 *   checks them, and false is answered when one is lost: the caller must roll back
 */
export async function markDeparted(
  tx: Sql,
  marks: readonly DepartureMark[],
  locked = false,
): Promise<boolean> {
  for (let start = 0; start < marks.length; start += together) {
    const some = marks.slice(start, start + together);
    const list = inList(some.map((mark) => mark.id));
    const held = locked ? { sql: '', values: [] } : heldClause(some);
    const columns = departureColumns(some);
    const { affected } = await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET ${columns.sql} WHERE id IN (${list.marks}) ${held.sql}`,
      [...columns.values, ...list.values, ...held.values],
    );
    if (!locked && affected !== some.length) return false;
  }
  return true;
}

/** Claimed and departed at once; the rows are locked by the caller. The tokens of the marks are not looked at. */
export async function markSendingDeparted(
  tx: Sql,
  marks: readonly DepartureMark[],
  lease: { readonly leaseMs: number; readonly owner: string },
): Promise<void> {
  for (let start = 0; start < marks.length; start += together) {
    const some = marks.slice(start, start + together);
    const list = inList(some.map((mark) => mark.id));
    const columns = departureColumns(some);
    await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET ${leaseColumns}, ${columns.sql} WHERE id IN (${list.marks})`,
      [lease.owner, lease.leaseMs, ...columns.values, ...list.values],
    );
  }
}
