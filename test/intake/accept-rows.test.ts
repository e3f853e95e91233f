// Rows that are asked for by their ids, as the HTTP interface does: many at once in one process.
import { RelaisError } from '../../src/errors.ts';
import { createTakings } from '../../src/store/intake/takings.ts';
import { addIntakeRows } from '../../src/store/intake/intake.ts';
import { leadRow } from '../trip/gateway.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
beforeEach(() => home.empty());
afterAll(() => home.close());

const rows = (count: number): Promise<readonly bigint[]> =>
  addIntakeRows(
    home.database,
    Array.from({ length: count }, (_, index) => leadRow(`R-${index}`, { client_id: 'acme' })),
  );
const left = async (table: string): Promise<number> =>
  Number((await home.database.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);

test('fifty askers at once share a few batches, and each of their rows is taken in', async () => {
  const ids = await rows(50);
  let batches = 0;
  const counted = {
    ...home.database,
    transaction: ((...given) => (
      (batches += 1),
      home.database.transaction(...given)
    )) as typeof home.database.transaction,
  };
  const intake = home.intake(undefined, { database: counted });
  await Promise.all(ids.map((id) => intake.acceptRows([id])));
  expect(await left('leads')).toBe(50);
  expect(await left('takings')).toBe(0);
  expect(batches).toBeLessThan(6);
});

test('a batch that cannot begin fails its askers alone; the next one goes on', async () => {
  const ids = await rows(2);
  let broken = true;
  const marks = {
    ...home.database,
    run: ((...given) =>
      broken
        ? Promise.reject(new RelaisError('DB-001', 'away'))
        : home.database.run(...given)) as typeof home.database.run,
  };
  const intake = home.intake(undefined, { marks });
  await expect(intake.acceptRows(ids)).rejects.toThrow('away');
  broken = false;
  await expect(intake.acceptRows(ids)).resolves.toMatchObject({ accepted: 2 });
  expect(await createTakings(home.database, 'intake').deathsOf(home.database, ids.map(String))).toEqual(
    new Map(),
  );
});
