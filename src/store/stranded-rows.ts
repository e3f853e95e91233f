// Frees deliveries that are in a file that has ended: nothing else would read them again.
// Invariant: a search reads unended rows only, never the rows of years of files, and locks nothing that it does not free.
import { inList, type Sql } from './database.ts';

const stranded = `d.state IN ('queued', 'waiting', 'pending') AND d.batch_id > 0
        AND (b.state NOT IN ('open', 'written') OR w.state NOT IN ('open', 'written'))`;
const withFiles = 'JOIN batches b ON b.id = d.batch_id LEFT JOIN batches w ON w.id = b.whole_id';

/**
 * Sets the rows of ended files back to `planned`. Searched without a lock, among unended rows. Returns the number freed.
 * @param but destinations whose long file is under way: its rows are not searched meanwhile
 */
export async function freeStranded(sql: Sql, but: readonly string[]): Promise<number> {
  const destinations = (await sql.all<{ id: string }>('SELECT DISTINCT destination_id AS id FROM batches'))
    .map(({ id }) => id)
    .filter((id) => !but.includes(id));
  if (destinations.length === 0) return 0;
  let freed = 0;
  for (;;) {
    const ids = await strandedIds(sql, destinations);
    if (ids.length === 0) return freed;
    const { marks, values } = inList(ids);
    const { affected } = await sql.run(
      `UPDATE deliveries d FORCE INDEX (PRIMARY) ${withFiles}
          SET d.state = 'planned', d.reason = '', d.batch_id = 0, d.due_at = UTC_TIMESTAMP(3)
        WHERE d.id IN (${marks}) AND ${stranded}`,
      values,
    );
    freed += affected;
    if (ids.length < atOnce || affected === 0) return freed;
  }
}

const atOnce = 1_000;

async function strandedIds(sql: Sql, destinations: readonly string[]): Promise<readonly number[]> {
  const { marks, values } = inList(destinations);
  const rows = await sql.all<{ id: number }>(
    `SELECT STRAIGHT_JOIN d.id FROM deliveries d FORCE INDEX (deliveries_due) ${withFiles}
      WHERE d.destination_id IN (${marks}) AND ${stranded} LIMIT ${atOnce}`,
    values,
  );
  return rows.map(({ id }) => id);
}
