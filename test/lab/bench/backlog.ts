// Leads that wait, by the hundred thousand: copies of one that came in the normal way, written by SQL.
import { leadRow, type Gateway } from '../../trip/gateway.ts';

/** Takes one lead in; what is copied is what intake wrote. */
export async function addTemplate(gateway: Gateway, over: Parameters<typeof leadRow>[1] = {}): Promise<void> {
  await gateway.send(leadRow('template', over));
  while ((await gateway.app.intake.acceptBatch(10)).taken > 0);
  await gateway.owner.run('DELETE FROM lead_changes');
}

/** Brings the waiting deliveries up to `target`, twenty thousand leads at a time. */
export async function fill(gateway: Gateway, target: number, destination = 'essai-crm'): Promise<void> {
  const { owner, config } = gateway;
  const one = async (sql: string): Promise<number> => (await owner.all<{ n: number }>(sql))[0]?.n ?? 0;
  const columnsOf = async (
    schema: string,
    table: string,
    without: readonly string[],
  ): Promise<readonly string[]> =>
    (
      await owner.all<{ name: string }>(
        'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
        [schema, table],
      )
    )
      .map((row) => row.name)
      .filter((name) => !without.includes(name));
  const database = gateway.app.database.name;
  const template = await one('SELECT MIN(id) AS n FROM leads');
  const tables = [
    { schema: database, table: 'prospects', without: ['lead_id'] },
    { schema: database, table: 'lead_projects', without: ['lead_id'] },
    { schema: database, table: 'lead_origins', without: ['lead_id'] },
    { schema: database, table: 'consents', without: ['id', 'lead_id'] },
    { schema: config.keysSchema, table: 'lead_secrets', without: ['lead_id'] },
  ];
  for (;;) {
    const waiting = await one("SELECT COUNT(*) AS n FROM deliveries WHERE state = 'planned'");
    if (waiting >= target) return;
    const count = Math.min(20_000, target - waiting);
    const last = await one('SELECT MAX(id) AS n FROM leads');
    const own = await columnsOf(database, 'leads', ['id', 'reference']);
    while ((await one('SELECT MAX(id) AS n FROM leads')) < last + count) {
      const missing = last + count - (await one('SELECT MAX(id) AS n FROM leads'));
      await owner.run(
        `INSERT INTO leads (reference, ${own.join(', ')}) SELECT CONCAT('G-', UUID()), ${own.join(', ')} FROM leads LIMIT ${missing}`,
      );
    }
    for (const { schema, table, without } of tables) {
      const columns = await columnsOf(schema, table, without);
      await owner.run(
        `INSERT INTO \`${schema}\`.${table} (lead_id, ${columns.join(', ')})
           SELECT l.id, ${columns.map((name) => `t.${name}`).join(', ')} FROM leads l JOIN \`${schema}\`.${table} t ON t.lead_id = ? WHERE l.id > ?`,
        [template, last],
      );
    }
    await owner.run(
      `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, due_at, expires_at)
         SELECT client_id, ?, id, revision, 'create', UUID(), 'planned', UTC_TIMESTAMP(3), '2099-01-01' FROM leads WHERE id > ?`,
      [destination, last],
    );
    if ((waiting + count) % 100_000 === 0) console.error(`bench: ${waiting + count} leads wait`);
  }
}
