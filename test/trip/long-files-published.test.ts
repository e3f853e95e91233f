// Another version is published, or its destination suspended, while a long file waits or is written: for the hours it leaves by the
// new ones; for a person's decision it stays; being suspended spends no try.
import { silentLog } from '../../src/log.ts';
import { startWorker } from '../../src/roles/worker.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { openDropGateway, type DropGateway, type FlowLines } from './drop.ts';
import { strangerRow } from './gateway.ts';
import { closed, open as opened } from './hours.ts';

let gateway: DropGateway;
const open = async (over: FlowLines, rows: string): Promise<void> => {
  gateway = await openDropGateway(over, silentLog, { RELAIS_FILE_PART_ROWS: rows });
};
const handIn = async (count: number): Promise<void> => {
  await gateway.send(...Array.from({ length: count }, (_, index) => strangerRow(`V-${index + 1}`)));
  await gateway.collectable(count);
  await gateway.ask();
};
const waiting = async (reason: string): Promise<number> =>
  (await gateway.states(`d.state = 'waiting' AND d.reason LIKE '${reason}%'`)).length;
const limits = (hours: string): FlowLines => ({ extra: hours });

afterEach(() => gateway.close());

test.each(['3', '1000'])(
  '`onUnknown: hold`: a file that its recipient may have is not sent again by a publication (rows at once: %s)',
  async (rows) => {
    await open({ extra: 'onUnknown: hold' }, rows);
    await gateway.start('planner', 'worker');
    gateway.sftp.fault = (step) => (step === 'renamed' ? 'reset' : undefined);
    await handIn(8);
    await gateway.until('held', async () => (await waiting('unknown_hold')) === 8);
    gateway.sftp.fault = () => undefined;
    const sent = gateway.sftp.log.length;
    const files = (): Promise<readonly { queued_at: Date | null }[]> =>
      gateway.owner.all<{ queued_at: Date | null }>(
        "SELECT id, attempt, due_at, state, queued_at FROM batches WHERE role <> 'part' AND state IN ('open', 'written')",
      );
    // Its rows are held before it is itself.
    await gateway.until('at rest', async () => (await files()).every(({ queued_at }) => queued_at === null));
    const before = await files();
    await gateway.publish({ extra: 'onUnknown: hold', retry: '[2s, 2s]' });
    expect(await files()).toEqual(before);
    // A lead that comes later leaves: whatever was due by then has been looked at.
    await gateway.send(strangerRow('V-9'));
    await gateway.until('the next', async () => (await gateway.states("l.reference = 'V-9'")).length === 1);
    await gateway.ask();
    await gateway.until('its file', async () => (await gateway.counts())['delivered:accepted'] === 1);
    expect([await waiting('unknown_hold'), gateway.sftp.log.length > sent]).toEqual([8, true]);
    expect(gateway.drops()).toEqual(['L_000001.csv', 'L_000002.csv']);
  },
);

test('a long file that is to be written outside the hours leaves when others are published', async () => {
  await open(limits(opened), '3');
  const [planner] = await gateway.start('planner');
  await handIn(8);
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 8);
  await planner?.stop();
  await gateway.publish(limits(closed()));
  await gateway.start('planner', 'worker');
  await gateway.until('outside its hours', async () => (await waiting('outside_hours')) > 0);
  expect(gateway.drops()).toEqual([]);
  await gateway.publish(limits(opened));
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 8);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
});

test('suspended between two of its parts, again and again, a long file spends no try and leaves at last', async () => {
  await open({ retry: '[1s]' }, '3');
  await gateway.start('planner');
  await handIn(8);
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 8);
  const by = { actor: 'tester', reason: 'test' };
  const set = (status: 'suspended' | 'active'): Promise<unknown> =>
    setDestinationStatus(gateway.app.database, 'essai-csv', status, by);
  let times = 0;
  const worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name !== 'written' || times >= 4) return;
      times += 1;
      await set('suspended');
    },
  });
  for (let time = 1; time <= 4; time += 1) {
    await gateway.soon(`suspended ${time}`, () => times === time);
    await gateway.until('given up', async () => (await waiting('retry:FILE_NOT_FINISHED')) > 0);
    await set('active');
  }
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 8);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(await gateway.owner.all('SELECT DISTINCT spent FROM deliveries')).toEqual([{ spent: 1 }]);
  await worker.stop();
});
