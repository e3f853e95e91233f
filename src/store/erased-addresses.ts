// Stores the addresses of erased persons as keyed digests, with the time of erasure, so that intake recognises older leads of theirs.
// Invariant: no address and no lead is stored here; of two erasures of one address the later one counts.
import { inList, insertGroups, type Sql } from './database.ts';

export async function keepErased(
  tx: Sql,
  clientId: string,
  digests: readonly Buffer[],
  erasedAt: Date,
): Promise<void> {
  for (const group of insertGroups(digests))
    await tx.run(
      `INSERT INTO erased_addresses (client_id, digest, erased_at) VALUES ${group.map(() => '(?, ?, ?)').join(', ')}
       ON DUPLICATE KEY UPDATE erased_at = GREATEST(erased_at, VALUES(erased_at))`,
      group.flatMap((digest) => [clientId, digest, erasedAt]),
    );
}

/** Time of erasure by the digest in hex; addresses that were never erased are missing. */
export async function erasedAmong(
  sql: Sql,
  clientId: string,
  digests: readonly Buffer[],
): Promise<ReadonlyMap<string, Date>> {
  if (digests.length === 0) return new Map();
  const { marks, values } = inList(digests);
  const rows = await sql.all<{ digest: Buffer; erasedAt: Date }>(
    `SELECT digest, erased_at AS erasedAt FROM erased_addresses FORCE INDEX (PRIMARY)
      WHERE client_id = ? AND digest IN (${marks})`,
    [clientId, ...values],
  );
  return new Map(rows.map(({ digest, erasedAt }) => [digest.toString('hex'), erasedAt]));
}

/** Returns the number deleted. */
export async function dropErased(tx: Sql, before: Date, limit: number): Promise<number> {
  const { affected } = await tx.run(
    `DELETE FROM erased_addresses WHERE erased_at < ? ORDER BY erased_at LIMIT ${Math.trunc(limit)}`,
    [before],
  );
  return affected;
}
