// Connections of a server, as a table of its own: ID, USER, DB, COMMAND, STATE.
// MySQL's information_schema.PROCESSLIST converts every connection's statement to utf8mb4, whatever is asked of it, and fails over one
// that holds bytes, such as a digest (3854). performance_schema.processlist, off by default on MariaDB, converts what is asked for.
import type { Sql } from '../../src/store/database.ts';

const isMariadb = async (sql: Pick<Sql, 'all'>): Promise<boolean> => {
  const [row] = await sql.all<{ version: string }>('SELECT VERSION() AS version');
  return row?.version.includes('MariaDB') === true;
};

export const processesTable = async (sql: Pick<Sql, 'all'>): Promise<string> =>
  (await isMariadb(sql)) ? 'information_schema.PROCESSLIST' : 'performance_schema.processlist';

/** Connections that wait for a row somebody has locked: `id`. MySQL's INNODB_TRX fails over bytes as its PROCESSLIST does. */
export const waitersTable = async (sql: Pick<Sql, 'all'>): Promise<string> =>
  (await isMariadb(sql))
    ? "(SELECT trx_mysql_thread_id AS id FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT')"
    : `(SELECT DISTINCT t.PROCESSLIST_ID AS id FROM performance_schema.data_lock_waits w
          JOIN performance_schema.threads t ON t.THREAD_ID = w.REQUESTING_THREAD_ID)`;
