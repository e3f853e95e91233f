// Reads for how long a server keeps its binary log: erased persons are in it until it expires (C44).
// Invariant: needs no right beyond a connection; each server is asked, a replica too.
import type { Sql } from '../database.ts';

/** On day eleven no copy shows an erased person, and the binary log is a copy. */
export const binaryLogDays = 10;

/** Seconds until a closed file of the binary log is removed: 0 where none is kept, Infinity where none is ever removed. */
export async function binaryLogSeconds(sql: Pick<Sql, 'all'>): Promise<number> {
  const rows = await sql.all<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_expire_logs_seconds', 'binlog_expire_logs_auto_purge')`,
  );
  const set = new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
  if (set.get('log_bin') !== 'ON') return 0;
  // MariaDB has no such switch.
  if (set.get('binlog_expire_logs_auto_purge') === 'OFF') return Infinity;
  const seconds = Number(set.get('binlog_expire_logs_seconds'));
  return seconds > 0 ? seconds : Infinity;
}
