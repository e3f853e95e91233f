// Published versions as a process reads them.
import { createPublished } from '../../src/delivery/trip/mapping-cache.ts';
import type { Sql } from '../../src/store/database.ts';

const sqlWith = (sources: string): Sql =>
  ({ all: () => Promise.resolve([{ id: 1, destination_id: 'essai-crm', sources }]) }) as unknown as Sql;

test('what cannot be read, or breaks the compiler, is a version that does not compile: its own destination stands', async () => {
  const compile = (): never => {
    throw new TypeError('a bug of ours');
  };
  expect(await createPublished({ sql: sqlWith('not JSON'), compile }).version(1)).toBeUndefined();
  expect(await createPublished({ sql: sqlWith('{}'), compile }).version(1)).toBeUndefined();
});

test('a database that is away is no such version: it is asked again', async () => {
  const away = { all: () => Promise.reject(new Error('away')) } as unknown as Sql;
  const published = createPublished({ sql: away, compile: () => undefined });
  await expect(published.version(1)).rejects.toThrow('away');
});

test('a version is compiled once while it is kept, and again after more than the most that are kept', async () => {
  let compiled = 0;
  const compile = (): undefined => void (compiled += 1);
  const published = createPublished({ sql: sqlWith('{}'), compile, most: 1 });
  for (const id of [1, 1, 2, 2, 1]) await published.version(id);
  expect(compiled).toBe(3);
});
