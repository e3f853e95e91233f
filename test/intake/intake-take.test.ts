// The content of a few short rows comes with their heads, in one statement, and is what a statement of its own would give.
import { fetchRows, takeNewRows, type IntakeHead } from '../../src/store/intake/intake-take.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { fullLead, lead } from './rows.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
afterAll(() => home.close());
beforeEach(() => home.empty());

const take = (): Promise<readonly IntakeHead[]> =>
  home.database.transaction((tx) => takeNewRows(tx, 200, { last: undefined }));

test('a row that came with its head is the row that is fetched', async () => {
  const strange = `"O’Brien" \\ \n\t\u0001\u0000 \u2028 é😀 'x' {"a":[1]}`;
  await home.send(
    fullLead('T-1', { budget_min: 1_234_567_890.12, comment: strange }),
    lead('T-2', { last_name: strange, consents: strange, interactions: '' }),
    lead('T-3', { collected_at: null, rooms: 0, surface_min: -0.5 }),
  );
  await home.database.run("UPDATE lead_intake SET released = 1 WHERE reference = 'T-3'");
  const heads = await take();
  const withoutTime = async (some: readonly IntakeHead[]): Promise<readonly object[]> =>
    (await fetchRows(home.database, some)).map(({ takenAt, ...row }) => ({
      ...row,
      isTaken: takenAt >= row.receivedAt,
    }));
  expect(heads.map(({ row }) => row?.id)).toEqual(heads.map(({ id }) => id));
  expect(await withoutTime(heads)).toEqual(
    await withoutTime(heads.map(({ id, clientId, kind, bytes }) => ({ id, clientId, kind, bytes }))),
  );
});

test('a long row comes as its head alone, and a list that is too long is not fetched', async () => {
  await home.send(
    lead('T-4', { comment: 'x'.repeat(20_000) }),
    lead('T-5', { consents: `[${' '.repeat(2_000_000)}]` }),
    lead('T-6'),
  );
  const heads = await take();
  expect(heads.map(({ row }) => row?.tooLong)).toEqual([undefined, ['consents'], []]);
  const rows = await fetchRows(home.database, heads);
  expect(rows.map(({ values }) => values.reference)).toEqual(['T-4', 'T-5', 'T-6']);
  expect(rows.map(({ values }) => values.consents)).toEqual([null, null, null]);
});

test('a mark of another process is seen with the heads', async () => {
  await home.send(lead('T-7'));
  expect((await take()).map(({ anyMarks }) => anyMarks)).toEqual([false]);
  await home.database.run("INSERT INTO takings (work, items) VALUES ('intake', '1')");
  expect((await take()).map(({ anyMarks }) => anyMarks)).toEqual([true]);
});
