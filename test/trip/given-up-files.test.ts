// Files that are given up after their last try, and hours that come in the same millisecond: the log and the slots say so.
import { silentLog } from '../../src/log.ts';
import { addSlot } from '../../src/store/files/file-slots.ts';
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';

let gateway: DropGateway;
beforeEach(async () => {
  gateway = await openDropGateway({ file: '  empty: header', header: true, retry: '[1s]' }, silentLog, {
    RELAIS_FILE_PART_ROWS: '3',
  });
});
afterEach(() => gateway.close());

const voided = (): Promise<readonly { batch: number; reason: string }[]> =>
  gateway.owner.all(
    `SELECT h.batch_id AS batch, h.reason FROM handovers h JOIN batches b ON b.id = h.batch_id
      WHERE h.entry = 'batch_voided' AND h.delivery_id = 0 AND b.state = 'voided' AND b.role <> 'part'`,
  );

test.each([
  [0, 'without leads'],
  [2, 'of 2 leads'],
  [4, 'in parts'],
])(
  'the log says of a file given up after its last try that it is voided, and why (%d, %s)',
  async (count) => {
    gateway.sftp.fault = (step) => (step === 'write' ? 'reset' : undefined);
    await gateway.start('planner', 'worker');
    await gateway.send(...Array.from({ length: count }, (_, index) => strangerRow(`A-${index + 1}`)));
    await gateway.collectable(count);
    await gateway.owner.run('UPDATE deliveries SET spent = 9');
    await gateway.ask();
    await gateway.soon(
      'voided',
      async () =>
        (await gateway.owner.all("SELECT 1 FROM batches WHERE role <> 'part' AND state = 'voided'"))
          .length === 1,
    );
    expect(await voided()).toHaveLength(1);
    expect((await voided())[0]?.reason).not.toBe('');
    const ended = Object.keys(await gateway.counts()).filter((one) => !one.startsWith('failed:exhausted'));
    expect(ended).toEqual([]);
  },
);

test.each(['voided', 'too_big', 'hours'])(
  'an hour of the schedule in the very millisecond of a slot that is %s makes its own file',
  async (askedBy) => {
    await gateway.owner.run(
      `INSERT INTO slots (destination_id, slot_at, asked_by, state, taken_at)
       VALUES ('essai-csv', TIMESTAMPADD(MINUTE, -1, UTC_TIMESTAMP(3)), ?, 'taken', UTC_TIMESTAMP(3))`,
      [askedBy],
    );
    const [slot] = await gateway.owner.all<{ at: Date }>('SELECT slot_at AS at FROM slots');
    const at = slot?.at ?? new Date(0);
    expect(await addSlot(gateway.app.database, 'essai-csv', at)).toBe(true);
    expect(await addSlot(gateway.app.database, 'essai-csv', at)).toBe(false);
    // At the opening of the hours a file without leads was made already.
    const isOpen = askedBy !== 'hours';
    expect(await gateway.owner.all('SELECT asked_by, state FROM slots')).toEqual([
      { asked_by: 'schedule', state: isOpen ? 'due' : 'taken' },
    ]);
    if (!isOpen) return;
    await gateway.start('planner', 'worker');
    await gateway.until('a file without leads', () => gateway.drops().length === 1);
  },
);
