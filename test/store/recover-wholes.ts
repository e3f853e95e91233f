// Long files that lapsed are given back, as a planner does it. Returns how many.
import type { Sql } from '../../src/store/database.ts';
import { lapsedWholes, recoverWhole } from '../../src/store/files/long-files.ts';

export async function recoverWholes(sql: Sql): Promise<number> {
  const lapsed = await lapsedWholes(sql);
  for (const { id } of lapsed) await recoverWhole(sql, id);
  return lapsed.length;
}
