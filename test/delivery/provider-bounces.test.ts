// A provider tells twice that one file came back, at one instant: one entry of the log for the mailbox, and one task.
import { recordBounces, type ReportedBounce } from '../../src/delivery/background/provider-bounces.ts';
import { silentLog } from '../../src/log.ts';
import type { Database } from '../../src/store/database.ts';
import { overtaken } from '../store/crossing.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

const told: ReportedBounce = {
  messageId: '<essai.essai-crm.7.abc@centre.example>',
  target: 'leads@essai.example',
  code: '5.1.1',
};
const hear = (database: Database) =>
  recordBounces({ database, published: { version: () => Promise.resolve(undefined) }, log: silentLog }, [
    told,
  ]);

test('C09: a file that comes back, told twice at one instant, is one entry of the log and one task', async () => {
  await home.owner.run(
    `INSERT INTO batches (client_id, destination_id, sequence, slot_at, state, due_at)
     VALUES ('essai', 'essai-crm', 7, UTC_TIMESTAMP(3), 'sent', UTC_TIMESTAMP(3))`,
  );
  const both = await overtaken({ owner: home.owner, database: home.gateway, table: 'handovers' }, hear, () =>
    hear(home.another()),
  );
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  // No version is in force, so the mailbox that was told is none of ours, and the log does not name it.
  expect(await home.owner.all("SELECT target FROM handovers WHERE entry = 'bounced'")).toEqual([
    { target: '' },
  ]);
  expect(await home.owner.all("SELECT reason FROM alerts WHERE kind = 'file_bounced'")).toEqual([
    { reason: 'FILE_7.5.1.1' },
  ]);
});
