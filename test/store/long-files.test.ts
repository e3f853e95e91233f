// The lease of a long file: one attempt at a time holds it, and moves nothing once it has lost it.
import { endUnder } from '../../src/delivery/outcome/file-end.ts';
import { recordEnds } from '../../src/delivery/outcome/record.ts';
import { openBatch } from '../../src/store/files/batches.ts';
import type { Sql } from '../../src/store/database.ts';
import { joinWhole } from '../../src/store/files/file-parts.ts';
import * as wholes from '../../src/store/files/long-files.ts';
import { openStoreHome, type StoreHome } from './home.ts';
import { recoverWholes } from './recover-wholes.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

const place = { clientId: 'essai', destinationId: 'essai-crm' };
async function taken(): Promise<wholes.Whole> {
  const id = await home.gateway.transaction((tx) =>
    wholes.openWhole(tx, { ...place, slotAt: new Date(), action: 'create' }),
  );
  await wholes.startWhole(home.gateway, id);
  const whole = await wholes.takeWhole(home.gateway, { id, attempt: 0 }, 60_000);
  if (whole === undefined) throw new Error('it was not taken');
  return whole;
}
const lapse = (id: number): Promise<unknown> =>
  home.owner.run('UPDATE batches SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE id = ?', [
    id,
  ]);
const written = {
  ...{ parts: 1, rows: 1, size: 1, fileName: 'autre.csv', mediaType: 'text/csv', extension: 'csv' },
  ...{ mappingVersionId: 7, writtenAt: new Date() },
};

/** All that an attempt does under its lease. */
const moves = {
  'renews it': (held) => wholes.renewWhole(home.gateway, held, 600_000),
  'gives it back': (held) => wholes.dropWhole(home.gateway, held),
  'puts it off': (held) => wholes.putOffWhole(home.gateway, held, 1_000),
  'begins to send it': (held) => wholes.noteFirstSending(home.gateway, held, written),
  'keeps its outcome': (held) => wholes.keepOutcome(home.gateway, held, { kind: 'accepted' }),
  'locks it to settle it': (held) => home.gateway.transaction((tx) => wholes.lockWhole(tx, held)),
  'ends it': (held) =>
    recordEnds(home.gateway, Math.random, [
      endUnder(held, { endBatch: { ...place, id: held.id, state: 'empty' } }),
    ]),
} satisfies Readonly<Record<string, (held: wholes.HeldWhole) => Promise<unknown>>>;

test.each(Object.entries(moves))(
  'an attempt that lost it to the next one no longer %s',
  async (_what, move) => {
    const lost = await taken();
    await lapse(lost.id);
    expect(await recoverWholes(home.gateway)).toBeGreaterThan(0);
    const next = await wholes.takeWhole(home.gateway, { id: lost.id, attempt: 1 }, 60_000);
    expect(next?.attempt).toBe(1);
    const before = await home.owner.all('SELECT * FROM batches WHERE id = ?', [lost.id]);
    const answer = await move(lost);
    if (typeof answer === 'boolean') expect(answer).toBe(false);
    expect(await home.owner.all('SELECT * FROM batches WHERE id = ?', [lost.id])).toEqual(before);
    // The attempt that has it may.
    if (typeof answer === 'boolean') expect(await move({ id: lost.id, attempt: 1 })).toBe(true);
    else {
      await move({ id: lost.id, attempt: 1 });
      expect(await home.owner.all('SELECT * FROM batches WHERE id = ?', [lost.id])).not.toEqual(before);
    }
  },
);

test('a lease that is over is lost, also before anybody has taken it: it is not renewed', async () => {
  const lost = await taken();
  await lapse(lost.id);
  expect(await wholes.renewWhole(home.gateway, lost, 60_000)).toBe(false);
  expect(await wholes.noteFirstSending(home.gateway, lost, written)).toBe(false);
  expect(await wholes.takeWhole(home.gateway, lost, 60_000)).toBeUndefined();
});

test('a planner that is slow to recover a long file leaves the rows of the next attempt alone', async () => {
  const lost = await taken();
  for (const reference of ['first', 'second']) {
    const part = await openBatch(home.gateway, place.clientId, place.destinationId, new Date());
    await joinWhole(home.gateway, part, lost.id);
    await home.owner.run(
      `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, due_at, expires_at, lease_until, batch_id)
       VALUES ('essai', 'essai-crm', ?, 1, 'create', ?, 'sending', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), ?)`,
      [part, `slow-${reference}`, part],
    );
  }
  await lapse(lost.id);
  let cut = 0;
  const slow: Sql = {
    ...home.gateway,
    run: async (...statement) => {
      const done = await home.gateway.run(...statement);
      if (!statement[0].startsWith('UPDATE deliveries') || (cut += 1) > 1) return done;
      // Meanwhile another planner is done with it, and its next attempt has begun.
      await recoverWholes(home.gateway);
      await wholes.takeWhole(home.gateway, { id: lost.id, attempt: 1 }, 60_000);
      await home.owner.run(
        "UPDATE deliveries SET lease_until = TIMESTAMPADD(DAY, 1, UTC_TIMESTAMP(3)) WHERE state = 'sending'",
      );
      return done;
    },
  };
  await recoverWholes(slow);
  expect(cut).toBe(2);
  const leased = await home.owner.all(
    "SELECT id FROM deliveries WHERE state = 'sending' AND lease_until > UTC_TIMESTAMP(3)",
  );
  expect(leased).toHaveLength(2);
});
