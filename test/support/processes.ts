// Connections of a server, as a table of its own: ID, USER, DB, COMMAND, STATE.
// MySQL's information_schema.PROCESSLIST converts every connection's statement to utf8mb4, whatever is asked of it, and fails over one
// that holds bytes, such as a digest (3854). performance_schema.processlist, off by default on MariaDB, converts what is asked for.
import type { Sql } from '../../src/store/database.ts';

export async function processesTable(sql: Pick<Sql, 'all'>): Promise<string> {
  const [row] = await sql.all<{ version: string }>('SELECT VERSION() AS version');
  return row?.version.includes('MariaDB') === true
    ? 'information_schema.PROCESSLIST'
    : 'performance_schema.processlist';
}
