// Statements name the indexes they are read by, so that no server chooses another: each of those exists, on its table.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStoreHome, type StoreHome } from './home.ts';

const folder = join(import.meta.dirname, '../../src/store');
let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

interface Named {
  readonly table: string;
  readonly index: string;
}

const namedIn = (text: string): readonly Named[] =>
  // An alias alone stands for a table that the statement takes as a parameter.
  [...text.matchAll(/\b([a-z_]{3,})(?: [a-z]+)? FORCE INDEX \((\w+)\)/g)].map(
    ([, table = '', index = '']) => ({ table, index }),
  );

test('every index that a statement names exists on its table', async () => {
  const rows = await home.owner.all<{ name: string }>(
    "SELECT DISTINCT CONCAT(TABLE_NAME, '.', INDEX_NAME) AS name FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ?",
    [home.name],
  );
  const known = new Set(rows.map(({ name }) => name));
  const named = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => namedIn(readFileSync(join(folder, file), 'utf8')));
  expect(named.length).toBeGreaterThan(40);
  expect(named.map(({ table, index }) => `${table}.${index}`).filter((name) => !known.has(name))).toEqual([]);
});
