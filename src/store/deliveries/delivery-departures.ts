// Marks deliveries as departed: those claimed earlier, and those claimed and departed in one statement.
// Invariant: only the current fencing token may depart a row; the caller appends `departed` in the same transaction.
import { inList, type Sql, type SqlValue } from '../database.ts';
import { leaseColumns } from './delivery-claims.ts';
import { columnsById, heldClause, together, type Lease } from './leases.ts';

export interface DepartureMark extends Lease {
  readonly id: number;
  /** The moment named in the content; the first one is kept. */
  readonly writtenAt: Date;
  readonly sentRevision: number;
  readonly sentMappingId: number;
}

const columnsOf = ({ sentRevision, sentMappingId, writtenAt }: DepartureMark) =>
  [sentRevision, sentMappingId, writtenAt.toISOString().slice(0, 23).replace('T', ' ')] as const;

/** `SET` of a departure; it follows the `SET` of a lease where both are one statement, and then uses the new `attempt`. */
function departureColumns(
  ids: readonly number[],
  marks: readonly DepartureMark[],
): {
  readonly sql: string;
  readonly values: readonly SqlValue[];
} {
  const [revision, mapping, written] = columnsById(ids, marks.map(columnsOf));
  return {
    sql: `departures = departures + 1, departed_attempt = attempt, sent_revision = ${revision.sql}, sent_mapping_id = ${mapping.sql},
              first_departed_at = COALESCE(first_departed_at, ${written.sql})`,
    values: [...revision.values, ...mapping.values, ...written.values],
  };
}

/**
 * Marks the departure of rows under their lease.
 * @param locked `lockLeased` has locked the rows in this transaction and checked their leases; else this statement checks them, and
 *   false means that one is lost: the caller must roll back
 */
export async function markDeparted(
  tx: Sql,
  marks: readonly DepartureMark[],
  locked = false,
): Promise<boolean> {
  for (let start = 0; start < marks.length; start += together) {
    const some = marks.slice(start, start + together);
    const ids = some.map((mark) => mark.id);
    const list = inList(ids);
    const held = locked ? { sql: '', values: [] } : heldClause(some);
    const columns = departureColumns(ids, some);
    const { affected } = await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET ${columns.sql} WHERE id IN (${list.marks}) ${held.sql}`,
      [...columns.values, ...list.values, ...held.values],
    );
    if (!locked && affected !== some.length) return false;
  }
  return true;
}

/** Claims and departs in one statement; the caller has locked the rows. The tokens of the marks are ignored. */
export async function markSendingDeparted(
  tx: Sql,
  marks: readonly DepartureMark[],
  lease: { readonly leaseMs: number; readonly owner: string },
): Promise<void> {
  for (let start = 0; start < marks.length; start += together) {
    const some = marks.slice(start, start + together);
    const ids = some.map((mark) => mark.id);
    const list = inList(ids);
    const columns = departureColumns(ids, some);
    await tx.run(
      `UPDATE deliveries FORCE INDEX (PRIMARY) SET ${leaseColumns}, ${columns.sql} WHERE id IN (${list.marks})`,
      [lease.owner, lease.leaseMs, ...columns.values, ...list.values],
    );
  }
}
