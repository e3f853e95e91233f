// What is kept of a storm that failed: MySQL's opinion of its own tables, what was open, who waited for whom.
// Invariant: reads only; the judgement is the checker's.
import mysql from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import type { Gateway } from '../../trip/gateway.ts';
import { processesTable } from '../../support/processes.ts';

/** Tables that MySQL itself finds damaged. */
export async function damagedTables({ owner }: Gateway): Promise<readonly string[]> {
  // As text: MySQL prepares no CHECK TABLE.
  const connection = await mysql.createConnection(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  const tables = await owner.all<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'",
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const [said] = await connection.query<RowDataPacket[]>('CHECK TABLE ??.?? EXTENDED', [owner.name, name]);
    if (said.some((one) => one['Msg_type'] === 'status' && one['Msg_text'] === 'OK')) continue;
    found.push(`${name}: ${said.map((one) => String(one['Msg_text'])).join('; ')}`);
  }
  await connection.end();
  return found;
}

/** What the database was doing when something was wrong. */
export async function evidence({ owner }: Gateway): Promise<Readonly<Record<string, unknown>>> {
  return {
    transactions: await owner.all('SELECT * FROM information_schema.INNODB_TRX'),
    connections: await owner.all(
      `SELECT ID, USER, DB, COMMAND, TIME, STATE FROM ${await processesTable(owner)}`,
    ),
    changes: await owner.all('SELECT * FROM lead_changes ORDER BY id LIMIT 20'),
    open: await owner.all(
      "SELECT * FROM deliveries WHERE state NOT IN ('delivered', 'failed', 'cancelled') ORDER BY id LIMIT 50",
    ),
    batches: await owner.all(
      "SELECT id, state, attempt, due_at, queued_at FROM batches WHERE state IN ('open', 'written')",
    ),
    destinations: await owner.all('SELECT * FROM destination_states'),
  };
}
