// New leads are written together: a statement for each table, cut only where their texts would weigh too much.
import type { Sql } from '../../src/store/database.ts';
import { insertLeads, type NewLead } from '../../src/store/leads/lead-writes.ts';

/** Takes statements as a server would, and notes what each table got. */
function server(): {
  readonly tx: Sql;
  readonly rowsOf: (table: string) => readonly number[];
  readonly heaviest: () => number;
} {
  const inserts: { readonly table: string; readonly rows: number; readonly bytes: number }[] = [];
  const ids = new Map<string, number>();
  const tx: Sql = {
    now: () => new Date(),
    run: (sql, values = []) => {
      const table = /INSERT INTO (\S+)/.exec(sql)?.[1] ?? '';
      const rows = sql.slice(sql.indexOf('VALUES')).split('(').length - 1;
      const texts = values.filter((value) => typeof value === 'string');
      inserts.push({ table, rows, bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) });
      if (table === 'leads') for (const text of texts) if (/^L-\d+$/.test(text)) ids.set(text, ids.size + 1);
      return Promise.resolve({ affected: rows, insertId: 1, idStep: 1 });
    },
    all: <Row>() =>
      Promise.resolve(
        [...ids].map(([reference, id]) => ({
          id,
          clientId: 'essai',
          reference,
          revision: 1,
          erasedAt: null,
        })) as Row[],
      ),
  };
  return {
    tx,
    rowsOf: (table) => inserts.filter((insert) => insert.table === table).map(({ rows }) => rows),
    heaviest: () => Math.max(...inserts.map(({ bytes }) => bytes)),
  };
}

const leads = (count: number, comment: string): readonly NewLead[] =>
  Array.from({ length: count }, (_, index) => ({
    clientId: 'essai',
    reference: `L-${index + 1}`,
    digest: Buffer.alloc(32, index),
    receivedAt: new Date(0),
    fields: { lastName: 'Lefèvre', firstName: 'Zoé', email: `l${index}@courriel.example`, comment },
  }));

test('a batch of ordinary leads is one statement for each table of which it says something', async () => {
  const { tx, rowsOf } = server();
  const ids = await insertLeads(tx, leads(256, 'rappeler le soir'));
  expect(ids.size).toBe(256);
  for (const table of ['leads', 'prospects', 'lead_projects'])
    expect([table, rowsOf(table)]).toEqual([table, [256]]);
  for (const table of ['lead_origins', 'lead_finances']) expect([table, rowsOf(table)]).toEqual([table, []]);
});

test('long texts are cut into statements that stay far below a packet of 1 MB', async () => {
  const { tx, rowsOf, heaviest } = server();
  const ids = await insertLeads(tx, leads(60, 'é'.repeat(10_000)));
  expect(ids.size).toBe(60);
  expect(rowsOf('lead_projects').reduce((sum, rows) => sum + rows, 0)).toBe(60);
  expect(heaviest()).toBeLessThan(300_000);
});
