// What a process had in hand when it died is worked on one row at a time, and what stands behind it does not wait for that.
import { RelaisError } from '../../src/errors.ts';
import type { Sql } from '../../src/store/database.ts';
import { addIntakeRows } from '../../src/store/intake/intake.ts';
import { createTakings } from '../../src/store/intake/takings.ts';
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
const mark = (ids: readonly bigint[], secondsAgo = 0): Promise<unknown> =>
  home.database.run(
    `INSERT INTO takings (work, items, taken_at)
     VALUES ('intake', ?, TIMESTAMPADD(SECOND, -?, UTC_TIMESTAMP(3)))`,
    [ids.join(','), secondsAgo],
  );

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

test('a row with two marks alone waits until no live process can have left them; then it is set aside', async () => {
  const alone = await rows('TWICE', 1);
  await mark(alone, 3_600);
  await mark(alone);
  const intake = home.intake();
  expect(await intake.acceptBatch(50)).toMatchObject({ taken: 0, waiting: 1 });
  expect(await home.refusals()).toEqual([]);
  await home.database.run('UPDATE takings SET taken_at = TIMESTAMPADD(SECOND, -21, taken_at)');
  expect(await intake.acceptBatch(50)).toMatchObject({ refused: 1 });
  expect(await home.refusals()).toMatchObject([{ reference: 'TWICE-0', code: 'SET_ASIDE' }]);
});

test.each(['the answer to a mark', 'the deletion of a mark'])(
  'a live process that has lost %s deletes the mark with its next batch, whatever it commits meanwhile',
  async (lostOne) => {
    const lost = new RelaisError('DB-001', 'lost');
    let isCut = true;
    const marks: Sql = {
      ...home.database,
      run: async (sql, values) => {
        if (isCut && lostOne.startsWith('the answer')) {
          await home.database.run(sql, values);
          throw lost;
        }
        if (isCut && sql.startsWith('DELETE')) throw lost;
        return home.database.run(sql, values);
      },
    };
    const takings = createTakings(marks, 'intake');
    const under = (work: () => Promise<string>): Promise<string> =>
      takings.transaction(home.database, (tx) => takings.under(tx, ['7'], work));
    await expect(under(() => Promise.reject(lost))).rejects.toThrow('lost');
    isCut = false;
    expect(await under(() => Promise.resolve('committed'))).toBe('committed');
    await takings.clear();
    expect(await home.count('takings')).toBe(0);
  },
);
