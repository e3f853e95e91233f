// C16b: a grant that ends while its file is being written, with no planner to say so: the departure reads the time.
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';

let gateway: DropGateway;
let worker: Role | undefined;
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await gateway.close();
});

const grant = JSON.stringify([
  {
    ...{ purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' },
    validUntil: new Date(Date.now() + 86_400_000),
  },
]);

test('a row whose grant ends between the writing of its file and the departure leaves with the no, the others with their yes', async () => {
  gateway = await openDropGateway();
  const [planner] = await gateway.start('planner');
  await gateway.send(
    ...['V-1', 'V-2', 'V-3'].map((reference) => strangerRow(reference, { consents: grant })),
  );
  await gateway.collectable(3);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.states("d.state = 'queued'")).length === 3);
  // From here on nobody looks at what ends.
  await planner?.stop();
  // A yes is told until a quarter of an hour before its end.
  await gateway.owner.run(
    `UPDATE consents SET valid_until = TIMESTAMPADD(SECOND, 900 + 3, UTC_TIMESTAMP(3))
      WHERE lead_id = (SELECT id FROM leads WHERE reference = 'V-2')`,
  );
  const isOver = async (): Promise<boolean> =>
    (
      await gateway.owner.all(
        'SELECT 1 FROM consents WHERE valid_until < TIMESTAMPADD(SECOND, 900, UTC_TIMESTAMP(3)) LIMIT 1',
      )
    ).length === 1;
  worker = await startWorker(gateway.app, {
    step: (name) => (name === 'written' ? gateway.until('over', isOver) : undefined),
  });
  await gateway.until('delivered', async () => (await gateway.states("d.state = 'delivered'")).length === 3);
  const rows = gateway.text('L_000001.csv').trim().split('\n').toSorted();
  expect(rows.map((row) => row.replaceAll('"', '').split(';').slice(0, 2).join(' '))).toEqual([
    'N V-2',
    'O V-1',
    'O V-3',
  ]);
});
