// What a process had in hand when it died is worked on one row at a time, and what stands behind it does not wait for that.
import { addIntakeRows } from '../../src/store/intake/intake.ts';
import { leadRow } from '../trip/gateway.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
beforeEach(() => home.empty());
afterAll(() => home.close());

const rows = (prefix: string, count: number): Promise<readonly bigint[]> =>
  addIntakeRows(
    home.database,
    Array.from({ length: count }, (_, index) => leadRow(`${prefix}-${index}`, { client_id: 'acme' })),
  );
const leads = async (prefix: string): Promise<number> =>
  Number(
    (
      await home.database.all<{ n: number }>('SELECT COUNT(*) AS n FROM leads WHERE reference LIKE ?', [
        `${prefix}-%`,
      ])
    )[0]?.n,
  );
/** As a process leaves it that was killed over these rows. */
const mark = (ids: readonly bigint[]): Promise<unknown> =>
  home.database.run("INSERT INTO takings (work, items) VALUES ('intake', ?)", [ids.join(',')]);

test('rows behind those of a dead process leave with the next batch, and those with it, in ten parts', async () => {
  await mark(await rows('DEAD', 60));
  await rows('BEHIND', 40);
  const intake = home.intake();
  const first = await intake.acceptBatch(50);
  expect([await leads('BEHIND'), await leads('DEAD')]).toEqual([40, 60]);
  expect(first.taken).toBe(100);
});

test('what another process has in hand is neither taken nor waited for', async () => {
  const [one = 0n, ...others] = await rows('HELD', 3);
  await rows('FREE', 2);
  await mark([one, ...others]);
  await home.another().transaction(async (tx) => {
    // One by one: for a list MariaDB 10.11 reads, and locks, the whole of a small table.
    for (const id of [one, ...others])
      await tx.all('SELECT id FROM lead_intake WHERE id = ? FOR UPDATE', [String(id)]);
    expect((await home.intake().acceptBatch(50)).taken).toBe(2);
    expect([await leads('FREE'), await leads('HELD')]).toEqual([2, 0]);
  });
});
