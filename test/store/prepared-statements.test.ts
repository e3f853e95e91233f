// What a connection keeps of its statements.
import { PoolConnection } from 'mysql2';
import { inList, openDatabase } from '../../src/store/database.ts';
import { freshDatabase } from '../support/database.ts';

interface Kept {
  readonly _statements: {
    readonly values: () => Iterable<{
      readonly parameters: readonly object[];
      readonly columns: readonly object[];
    }>;
  };
}

test('a statement with thousands of marks is kept with one description for each kind of parameter', async () => {
  const { ownerUrl, drop } = await freshDatabase();
  const executed = jest.spyOn(PoolConnection.prototype, 'execute');
  const database = openDatabase({ url: ownerUrl, connections: 1 });
  try {
    const { marks, values } = inList(Array.from({ length: 3_000 }, (_, index) => index));
    for (let times = 1; times <= 2; times += 1)
      expect(await database.all(`SELECT ? AS text, 5 IN (${marks}) AS found`, ['é', ...values])).toEqual([
        { text: 'é', found: 1 },
      ]);
    const [connection] = executed.mock.contexts as unknown as readonly Kept[];
    const [statement] = [...(connection?._statements.values() ?? [])];
    expect(statement?.parameters.length).toBe(values.length + 1);
    expect(new Set(statement?.parameters).size).toBeLessThan(5);
    expect(statement?.columns).toEqual([]);
  } finally {
    executed.mockRestore();
    await database.close();
    await drop();
  }
});
