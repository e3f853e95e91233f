// A long log is verified page by page: what no seal names is found wherever it stands, and late commits are no fault.
import { openLogHome, type LogHome } from './log-home.ts';

let home: LogHome;
beforeAll(async () => {
  home = await openLogHome();
});
beforeEach(async () => {
  await home.empty();
  await home.owner.text('ALTER TABLE handovers AUTO_INCREMENT = 10');
});
afterAll(() => home.close());

const jumpTo = (id: number): Promise<void> => home.owner.text(`ALTER TABLE handovers AUTO_INCREMENT = ${id}`);
const slipIn = (id: number): Promise<void> =>
  home.tamper(
    `INSERT INTO handovers (id, at, entry, client_id) VALUES (${id}, UTC_TIMESTAMP(6), 'departed', 'essai')`,
  );
/** Entries in three places, two million ids apart, sealed as they come. */
async function longLog(): Promise<void> {
  for (const start of [10, 1_000_000, 3_000_000]) {
    await jumpTo(start);
    await home.append(4);
    await home.sealer.seal(3);
    await home.sealer.seal(3);
  }
}

test('a long log with gaps is sound', async () => {
  await longLog();
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, entries: 12 });
});

test.each([9, 500_000, 1_000_004, 2_999_999, 3_000_004])(
  'an entry slipped in as number %d is named',
  async (id) => {
    await longLog();
    await slipIn(id);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: id });
  },
);

test('an entry sealed two million ids late, or waiting for its seal, is no fault', async () => {
  await longLog();
  await slipIn(500_000);
  await home.queue(500_000);
  await expect(home.verdict()).resolves.toBe('sound');
  await home.sealer.seal(10);
  await expect(home.verdict()).resolves.toBe('sound');
});
