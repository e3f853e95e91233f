// Files that did not do what was agreed are reported, each once.
import { watchFiles } from '../../src/delivery/background/file-alerts.ts';
import { quarantineOf } from './quarantine-of.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { openDropGateway, type DropGateway } from '../trip/drop.ts';
import { strangerRow } from '../trip/gateway.ts';

let gateway: DropGateway;
const watch = (): Promise<void> =>
  watchFiles(gateway.app.database, gateway.app.published, quarantineOf(gateway.app.database));
const alerts = async (): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ kind: string; reason: string }>(
      "SELECT kind, reason FROM alerts WHERE kind LIKE 'file%' ORDER BY id",
    )
  ).map((one) => `${one.kind} ${one.reason}`);
const slot = (minutesAgo: number): Promise<unknown> =>
  gateway.owner.run(
    "INSERT INTO slots (destination_id, slot_at) VALUES ('essai-csv', TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)))",
    [-minutesAgo],
  );
const file = (sequence: number, state: string): Promise<unknown> =>
  gateway.owner.run(
    `INSERT INTO batches (client_id, destination_id, sequence, slot_at, state, due_at)
     VALUES ('essai', 'essai-csv', ?, TIMESTAMPADD(MINUTE, -5, UTC_TIMESTAMP(3)), ?, '2099-01-01')`,
    [sequence, state],
  );

afterEach(() => gateway.close());

test('an hour whose file has not left within the time agreed is reported once; a younger one is not, nor one of a suspended destination', async () => {
  gateway = await openDropGateway();
  await slot(29);
  await watch();
  expect(await alerts()).toEqual([]);
  await slot(31);
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'suspended', { actor: 't', reason: 't' });
  await watch();
  expect(await alerts()).toEqual([]);
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'active', { actor: 't', reason: 't' });
  await watch();
  await watch();
  expect(await alerts()).toEqual([expect.stringMatching(/^file_late HOUR_\d{4}-\d\d-\d\dT\d\d\.\d\dZ$/)]);
});

test('a file under way past its time is reported by its number; `schedule.late` says the time', async () => {
  gateway = await openDropGateway();
  await file(4, 'written');
  await watch();
  expect(await alerts()).toEqual([]);
  const soon = gateway.fileOf('essai/csv.yaml').replace("'0 0 1 1 *' }", "'0 0 1 1 *', late: 3m }");
  gateway.file('essai/csv.yaml', soon);
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 't', note: 't' });
  await watch();
  expect(await alerts()).toEqual(['file_late FILE_4']);
});

test('a number that the recipient misses between two others is reported, and one that is the last is not', async () => {
  gateway = await openDropGateway();
  for (const [sequence, state] of [
    [1, 'sent'],
    [2, 'voided'],
    [3, 'sent'],
    [4, 'voided'],
  ] as const)
    await file(sequence, state);
  await watch();
  expect(await alerts()).toEqual(['file_gap FILE_2']);
  await file(5, 'refused');
  await watch();
  await watch();
  // The recipient has the fifth, whatever it said of it.
  expect(await alerts()).toEqual(['file_gap FILE_2', 'file_gap FILE_4']);
});

test('an acknowledgement that has not come within the time agreed is reported once, while the file still waits for it', async () => {
  gateway = await openDropGateway({
    file: "  ack: { path: 'in/ACK_{seq}.txt', within: 1h }",
    extra: 'pending: { for: 4h, every: 1s }\nresponse:\n  - { accepted: { text: OK }, on: lookup }',
  });
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('K-1'), strangerRow('K-2'));
  await gateway.collectable(2);
  await gateway.ask();
  await gateway.until('pending', async () => (await gateway.counts())['pending:recipient_decides'] === 2);
  await watch();
  expect(await alerts()).toEqual([]);
  await gateway.owner.run(
    'UPDATE deliveries SET pending_since = TIMESTAMPADD(MINUTE, -61, UTC_TIMESTAMP(3)) WHERE pending_since IS NOT NULL',
  );
  await watch();
  await watch();
  expect(await alerts()).toEqual(['file_unacknowledged FILE_1']);
});

test('a file that stands at the recipient is not late, nor missing, while its recipient is asked about it', async () => {
  gateway = await openDropGateway();
  const [planner] = await gateway.start('planner');
  await gateway.send(strangerRow('A-1'));
  await gateway.collectable(1);
  await planner?.stop();
  await file(1, 'written');
  await file(2, 'sent');
  const asked = (state: string): Promise<unknown> =>
    gateway.owner.run(
      `UPDATE deliveries SET state = ?, ask_first = 1, pending_since = UTC_TIMESTAMP(3), lease_until = '2099-01-01', queued_at = UTC_TIMESTAMP(3),
              batch_id = (SELECT id FROM batches WHERE sequence = 1)`,
      [state],
    );
  await gateway.owner.run("UPDATE batches SET slot_at = '2026-01-01' WHERE sequence = 1");
  for (const state of ['queued', 'sending']) {
    await asked(state);
    await watch();
    expect(await alerts()).toEqual([]);
  }
  // What is sent anew does not stand there.
  await gateway.owner.run("UPDATE deliveries SET ask_first = 0, state = 'queued'");
  await watch();
  expect(await alerts()).toEqual(['file_late FILE_1', 'file_gap FILE_1']);
});
