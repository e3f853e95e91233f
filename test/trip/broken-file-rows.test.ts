// A row that breaks the collecting, the claim, the departure or the outcome of its file whatever is tried: the others go on without
// it under the one number, and somebody is told.
import { silentLog } from '../../src/log.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';

let gateway: DropGateway;
afterEach(() => gateway.close());

const names = ['1', '2', '3', '4', '5'].map((n) => `P-${n}`);
const broken = 'P-3';
const poison = (condition: string): Promise<void> =>
  gateway.owner.text(
    `CREATE TRIGGER poison BEFORE UPDATE ON deliveries FOR EACH ROW
       IF ${condition} AND (SELECT l.reference FROM leads l WHERE l.id = NEW.lead_id) = '${broken}'
       THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
const told = (): Promise<readonly unknown[]> =>
  gateway.owner.all(
    "SELECT l.reference, a.reason FROM alerts a JOIN deliveries d ON d.id = a.delivery_id JOIN leads l ON l.id = d.lead_id WHERE a.kind = 'internal_error'",
  );
const stateOf = async (reference: string): Promise<readonly string[]> =>
  (await gateway.states(`l.reference = '${reference}'`)).map((row) => `${row.state}:${row.reason}`);
const references = (file: string): readonly string[] =>
  gateway
    .text(file)
    .trim()
    .split('\n')
    .map((line) => line.split(';')[1]?.replaceAll('"', '') ?? '')
    .toSorted();
const others = names.filter((name) => name !== broken);
const delivered = (count: number): Promise<void> =>
  gateway.until('delivered', async () => (await gateway.counts())['delivered:accepted'] === count);

async function sendAll(condition: string, partRows: string): Promise<Role | undefined> {
  gateway = await openDropGateway({}, silentLog, { RELAIS_FILE_PART_ROWS: partRows });
  const [planner] = await gateway.start('planner', 'worker');
  await gateway.send(...names.map((name) => strangerRow(name)));
  await gateway.collectable(names.length);
  await poison(condition);
  await gateway.ask();
  await delivered(4);
  return planner;
}

/** Repaired, it leaves in a file of its own. */
async function repair(): Promise<void> {
  await gateway.owner.text('DROP TRIGGER poison');
  await gateway.owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
  await gateway.ask();
  await delivered(5);
  expect(gateway.drops()).toEqual(['L_000001.csv', 'L_000002.csv']);
  expect(references('L_000002.csv')).toEqual([broken]);
  expect(await gateway.stranded()).toBe(0);
}

test.each([
  ['short', '1000'],
  ['long', '2'],
])(
  'collecting: a %s file leaves with the others under one number; the row is told of, and leaves when it is repaired',
  async (_, partRows) => {
    const planner = await sendAll("NEW.state = 'queued' AND NEW.batch_id > 0", partRows);
    expect(gateway.drops()).toEqual(['L_000001.csv']);
    expect(references('L_000001.csv')).toEqual(others);
    expect(await told()).toEqual([{ reference: broken, reason: 'FILE:SQL_1644' }]);
    const [state = ''] = await stateOf(broken);
    expect(state).toMatch(/^(planned:|waiting:slot)$/);
    const slots = await gateway.owner.all(
      "SELECT 1 FROM slots WHERE state = 'due' AND asked_by <> 'schedule'",
    );
    expect(slots).toEqual([]);
    // A process that starts tries it again at once.
    await planner?.stop();
    await gateway.start('planner');
    await repair();
  },
);

test.each([
  ['short', '1000'],
  ['long', '2'],
])(
  'claim: a %s file leaves with the others under one number; the row waits outside it with its reason, and leaves when it is repaired',
  async (_, partRows) => {
    await sendAll("NEW.state = 'sending'", partRows);
    expect(gateway.drops()).toEqual(['L_000001.csv']);
    expect(references('L_000001.csv')).toEqual(others);
    expect(await told()).toEqual([{ reference: broken, reason: 'CLAIM:SQL_1644' }]);
    expect(await stateOf(broken)).toEqual(['waiting:broken:SQL_1644']);
    await repair();
  },
);

test('claim of a file that its recipient may have: nothing is sent without the row, other files of its destination leave, and repaired it ends as it was', async () => {
  gateway = await openDropGateway();
  await gateway.start('planner', 'worker');
  await gateway.send(...names.map((name) => strangerRow(name)));
  await gateway.collectable(names.length);
  await poison("NEW.state = 'sending' AND NEW.attempt > 1");
  gateway.sftp.fault = (step) => (step === 'renamed' ? 'reset' : undefined);
  await gateway.ask();
  await gateway.until('told', async () => (await told()).length === 1);
  gateway.sftp.fault = () => undefined;
  expect(await told()).toEqual([{ reference: broken, reason: 'CLAIM:SQL_1644' }]);
  expect(references('L_000001.csv')).toEqual(names);
  await gateway.send(strangerRow('Q-1'));
  await gateway.collectable(1);
  await gateway.ask();
  await delivered(1);
  expect(references('L_000002.csv')).toEqual(['Q-1']);
  await gateway.owner.text('DROP TRIGGER poison');
  await gateway.owner.run("UPDATE batches SET due_at = UTC_TIMESTAMP(3) WHERE state = 'written'");
  await gateway.until('ended', async () => (await gateway.counts())['delivered:duplicate'] === 5);
  expect(gateway.drops()).toEqual(['L_000001.csv', 'L_000002.csv']);
});

test.each([
  ['short', '1000'],
  ['long', '2'],
])(
  'departure: a %s file leaves with the others under one number; the row waits outside it with its reason, and leaves when it is repaired',
  async (_, partRows) => {
    await sendAll(
      'NEW.departed_attempt = NEW.attempt AND NEW.attempt > 0 AND OLD.departed_attempt <> OLD.attempt',
      partRows,
    );
    expect(gateway.drops()).toEqual(['L_000001.csv']);
    expect(references('L_000001.csv')).toEqual(others);
    expect(await told()).toEqual([{ reference: broken, reason: 'DEPARTURE:SQL_1644' }]);
    expect(await stateOf(broken)).toEqual(['waiting:broken:SQL_1644']);
    await repair();
  },
);

test.each([
  ['short', '1000'],
  ['long', '2'],
])(
  'outcome: the others of a %s file that was taken are delivered at once; the row is told of, and repaired it is delivered by what the log says, and not sent again',
  async (_, partRows) => {
    await sendAll("NEW.state = 'delivered'", partRows);
    // The others are settled first, the row by itself behind them.
    await gateway.until('told', async () => (await told()).length > 0);
    expect((await told())[0]).toEqual({ reference: broken, reason: 'SETTLEMENT:SQL_1644' });
    expect(await stateOf(broken)).toEqual(['sending:']);
    await gateway.owner.run(
      "UPDATE deliveries SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE state = 'sending'",
    );
    await gateway.until('recovery is told of', async () => (await told()).length === 2);
    await gateway.owner.text('DROP TRIGGER poison');
    await gateway.start('planner');
    await delivered(5);
    expect(gateway.drops()).toEqual(['L_000001.csv']);
    expect(references('L_000001.csv')).toEqual(names);
    expect(
      await gateway.owner.all(
        `SELECT h.entry, h.outcome FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE l.reference = '${broken}' AND h.delivery_id > 0 ORDER BY h.id`,
      ),
    ).toEqual([
      { entry: 'departed', outcome: '' },
      { entry: 'late', outcome: 'accepted' },
      { entry: 'outcome', outcome: 'accepted' },
    ]);
    expect(await gateway.stranded()).toBe(0);
  },
);
