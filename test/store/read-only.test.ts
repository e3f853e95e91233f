// The read-only mode: one option of the connections, past which no statement changes anything.
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
let reading: Database;
beforeAll(async () => {
  home = await openStoreHome();
  reading = openDatabase({ url: home.ownerUrl, connections: 2, readOnly: true });
});
afterAll(async () => {
  await reading.close();
  await home.close();
});

test.each<[string, () => Promise<unknown>]>([
  ['a statement', () => reading.run("UPDATE clients SET name = 'x'")],
  ['a transaction', () => reading.transaction((tx) => tx.run('DELETE FROM destinations'))],
  ['a new row', () => reading.run("INSERT INTO alerts (kind) VALUES ('seal_lag')")],
  ['a change of the schema', () => reading.text('CREATE TABLE other (id INT PRIMARY KEY)')],
])('%s is refused as DB-007', async (_name, change) => {
  await expect(change()).rejects.toMatchObject({ code: 'DB-007' });
});

test('reading goes on, and nothing was changed', async () => {
  const names = await reading.transaction((tx) => tx.all('SELECT name FROM clients'));
  expect(names).toEqual([{ name: 'Essai' }]);
  expect(await home.owner.all('SELECT 1 FROM alerts')).toEqual([]);
});
