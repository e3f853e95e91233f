// An upgrade keeps the minute that runs: what had left under the old columns still counts.
import { openDatabase } from '../../src/store/database.ts';
import { readStates, saveRateWindows } from '../../src/store/destinations/destinations.ts';
import { migrate, shippedMigrations } from '../../src/store/migrate.ts';
import { freshDatabase } from '../support/database.ts';

test('departures counted before the upgrade are those read after it, to the millisecond', async () => {
  const fresh = await freshDatabase();
  const owner = openDatabase({ url: fresh.ownerUrl, connections: 3 });
  try {
    const before = shippedMigrations().filter((one) => one.version < 19);
    await migrate(owner, `${fresh.name}_keys`, before);
    const startedAt = Date.parse('2026-11-25T23:59:58.123Z');
    await owner.run(
      `INSERT INTO destination_states (destination_id, client_id, circuit, window_start, window_count)
       VALUES ('essai-busy', 'essai', '{}', ?, 57), ('essai-new', 'essai', '{}', NULL, 0)`,
      [new Date(startedAt)],
    );
    await migrate(owner, `${fresh.name}_keys`);
    const read = async () => {
      const states = await readStates(owner, ['essai-busy', 'essai-new']);
      return ['essai-busy', 'essai-new'].map((id) => states.get(id)?.windows);
    };
    expect(await read()).toEqual([{ perMinute: { startedAt, departed: 57 } }, {}]);
    const windows = { perMinute: { startedAt, departed: 58 }, perHour: { startedAt, departed: 1 } };
    await saveRateWindows(owner, 'essai-new', windows);
    expect((await read())[1]).toEqual(windows);
  } finally {
    await owner.close();
    await fresh.drop();
  }
});
