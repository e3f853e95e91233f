// The bytes of a file are kept, read, written anew and taken away in statements that any server takes, whatever the file weighs.
import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { endBatch } from '../../src/store/files/batches.ts';
import { keepBytes, readBytes } from '../../src/store/files/kept-bytes.ts';
import type { Sql } from '../../src/store/database.ts';
import { rewrapFile } from '../../src/store/keys.ts';
import { blankLead } from '../../src/store/leads/rights.ts';
import { openStoreHome, type StoreHome } from './home.ts';

const ring = createKeyRing([randomBytes(32)]);
const bytes = randomBytes(1_500_000);
let home: StoreHome;
let largest = 0;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());
beforeEach(() => {
  largest = 0;
});

/** Notes the largest value that travels in a statement of this transaction. */
const watched = (tx: Sql): Sql => ({
  ...tx,
  run: (sql, values = []) => {
    for (const value of values) if (Buffer.isBuffer(value)) largest = Math.max(largest, value.length);
    return tx.run(sql, values);
  },
});

async function written(): Promise<number> {
  const { insertId: id } = await home.owner.run(
    "INSERT INTO batches (client_id, destination_id, slot_at, state, due_at) VALUES ('essai', 'essai-crm', UTC_TIMESTAMP(3), 'open', UTC_TIMESTAMP(3))",
  );
  const facts = { fileName: 'a.csv', mediaType: 'text/csv', extension: 'csv', rows: 1, mappingVersionId: 1 };
  await home.gateway.transaction((tx) =>
    keepBytes(watched(tx), ring, { id, ...facts, writtenAt: new Date() }, bytes),
  );
  return id;
}
const left = async (id: number): Promise<number> =>
  (
    await home.owner.all(
      'SELECT 1 FROM batches WHERE id = ? AND content IS NOT NULL UNION ALL SELECT 1 FROM batch_parts WHERE batch_id = ?',
      [id, id],
    )
  ).length;

test('a file larger than the smallest packet of a server is kept and read back', async () => {
  const id = await written();
  expect(largest).toBeLessThan(500_000);
  expect((await readBytes(home.gateway, ring, id))?.equals(bytes)).toBe(true);
});

test('a new master key is brought in over it in statements as small', async () => {
  const id = await written();
  const both = createKeyRing([randomBytes(32), ring.current().bytes]);
  await home.gateway.transaction((tx) => rewrapFile(watched(tx), both, id - 1));
  expect(largest).toBeLessThan(500_000);
  const alone = createKeyRing([both.current().bytes]);
  expect((await readBytes(home.gateway, alone, id))?.equals(bytes)).toBe(true);
});

test('nothing of it stays when the file has ended, or when a person in it is erased', async () => {
  const [ended, erased] = [await written(), await written()];
  await home.gateway.transaction((tx) => endBatch(tx, ended, 'sent'));
  expect(await left(ended)).toBe(0);
  const lead = await home.lead('F-1');
  await home.owner.run(
    "INSERT INTO handovers (at, entry, client_id, lead_id, batch_id) VALUES (UTC_TIMESTAMP(6), 'departed', 'essai', ?, ?)",
    [lead, erased],
  );
  await home.gateway.transaction((tx) => blankLead(tx, lead, 'essai', 'F-1', 2));
  expect(await left(erased)).toBe(0);
  expect(await readBytes(home.gateway, ring, erased)).toBeUndefined();
});
