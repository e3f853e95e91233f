// Stores signing secrets that recipients have rotated by themselves (table rotated_secrets).
// Invariant: values are sealed by the caller; a secret that no longer signs is deleted.
import { columnOf, type ReadOnlySql, type Sql } from '../database.ts';

export interface RotatedRow {
  readonly id: number;
  readonly destinationId: string;
  readonly name: string;
  readonly sealed: Buffer;
  /** Keyed digest of the operator's value that it replaced. */
  readonly overValue: Buffer;
  readonly madeAt: Date;
  readonly overlapEndsAt: Date;
}

const columns = `id, destination_id AS destinationId, name, sealed, over_value AS overValue, made_at AS madeAt,
  overlap_ends_at AS overlapEndsAt`;

/** Secrets of every destination, newest first. */
export const allRotated = (sql: ReadOnlySql): Promise<readonly RotatedRow[]> =>
  sql.all<RotatedRow>(`SELECT ${columns} FROM rotated_secrets ORDER BY id DESC`);

/** Newest first. The caller has locked the destination. */
export const rotatedOf = (
  sql: ReadOnlySql,
  destinationId: string,
  name: string,
): Promise<readonly RotatedRow[]> =>
  sql.all<RotatedRow>(
    `SELECT ${columns} FROM rotated_secrets WHERE destination_id = ? AND name = ? ORDER BY id DESC`,
    [destinationId, name],
  );

export async function insertRotated(
  tx: Sql,
  row: Omit<RotatedRow, 'id' | 'madeAt' | 'overlapEndsAt'> & {
    readonly clientId: string;
    readonly madeBy: string;
    readonly overlapDays: number;
  },
): Promise<void> {
  await tx.run(
    `INSERT INTO rotated_secrets (client_id, destination_id, name, sealed, over_value, made_by, made_at, overlap_ends_at)
     VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), TIMESTAMPADD(DAY, ${Math.trunc(row.overlapDays)}, UTC_TIMESTAMP(3)))`,
    [row.clientId, row.destinationId, row.name, row.sealed, row.overValue, row.madeBy],
  );
}

export async function deleteRotated(tx: Sql, ids: readonly number[]): Promise<void> {
  for (const id of ids) await tx.run('DELETE FROM rotated_secrets WHERE id = ?', [id]);
}

/** Deletes secrets that a newer one has replaced, once the overlap is over. Returns the number deleted. */
export async function forgetRotated(sql: Sql): Promise<number> {
  const over = await columnOf(
    sql,
    `SELECT old.id FROM rotated_secrets old JOIN rotated_secrets newer
         ON newer.destination_id = old.destination_id AND newer.name = old.name AND newer.id > old.id
      WHERE newer.overlap_ends_at <= UTC_TIMESTAMP(3) GROUP BY old.id LIMIT 100`,
  );
  await deleteRotated(sql, over);
  return over.length;
}
