// Files that leave by the hour: one beyond the limit is asked for again when the hour ends, but for one with what a prospect takes back.
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';

let drop: DropGateway;
beforeEach(async () => {
  drop = await openDropGateway({ extra: 'limits: { perHour: 1 }\nupdate: {}' });
});
afterEach(() => drop.close());

const delivered = (count: number): Promise<void> =>
  drop.until(`${count} delivered`, async () => (await drop.states("d.state = 'delivered'")).length === count);
/** Of files that wait: how many seconds until they are asked for again. */
const again = async (): Promise<readonly number[]> =>
  (
    await drop.owner.all<{ s: number }>(
      "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), due_at) AS s FROM batches WHERE state IN ('open', 'written') AND queued_at IS NULL",
    )
  ).map(({ s }) => s);

test('a file beyond the limit waits for the end of the hour, whole, and a withdrawal does not', async () => {
  await drop.start('planner', 'worker');
  await drop.send(strangerRow('L-1'));
  await drop.collectable(1);
  await drop.ask();
  await delivered(1);
  await drop.send(strangerRow('L-2'), strangerRow('L-3'));
  await drop.collectable(2);
  await drop.ask();
  await drop.until('both wait for the hour', async () => {
    const counts = await drop.counts();
    return counts['waiting:throttled:RATE_HOUR'] === 2 && (await again()).length === 1;
  });
  const [seconds = 0] = await again();
  expect(seconds).toBeGreaterThan(3_000);
  expect(seconds).toBeLessThanOrEqual(3_600);

  await drop.app.rights.withdraw({
    clientId: 'essai',
    reference: 'L-1',
    actor: 'tester',
    reason: 'request 3',
    purpose: 'marketing',
    channels: ['email'],
  });
  await drop.collectable(1);
  await drop.ask();
  await delivered(2);
  expect(drop.drops()).toHaveLength(2);

  await drop.publish({ extra: 'limits: { perHour: 3 }\nupdate: {}' });
  await delivered(4);
  expect(drop.drops()).toHaveLength(3);
});
