// Guarantee 4: a content that the recipient may hold is read for the next try, whatever commits while it is read.
import { setImmediate } from 'node:timers/promises';
import { createReader } from '../../src/delivery/content/inputs.ts';
import type { ClaimedDelivery } from '../../src/delivery/trip/attempt.ts';
import type { Database } from '../../src/store/database.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const [planner] = await gateway.start('planner');
  await gateway.send(strangerRow('R-1'));
  await gateway.until('planned', async () => (await gateway.states()).length === 1);
  await planner?.stop();
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'waiting', departures = 1, attempt = 1, maybe_received = 1, sent_revision = 1",
  );
});
afterAll(() => gateway.close());

test('a correction that commits between the reads hides no earlier revision', async () => {
  const { database, secrets, intake } = gateway.app;
  let isCorrected = false;
  let earlier: Promise<unknown> | undefined;
  const correct = async (): Promise<void> => {
    if (isCorrected) return;
    isCorrected = true;
    // Reads that began with this one end before the correction.
    await setImmediate();
    await earlier;
    await gateway.send({
      ...{ client_id: 'essai', kind: 'correction', reference: 'R-1', row_reference: 'k' },
      last_name: 'Bernard',
    });
    await intake.acceptBatch(10);
  };
  const between: Database = {
    ...database,
    all: async <T>(...given: Parameters<Database['all']>): Promise<T[]> => {
      if (/FROM leads\b/.test(given[0])) await correct();
      const rows = database.all<T>(...given);
      if (/FROM lead_revisions/.test(given[0])) earlier = rows;
      return rows;
    },
  };
  const [lead] = await gateway.owner.all<{ id: number }>('SELECT id FROM leads');
  const row = {
    ...{ leadId: lead?.id ?? 0, destinationId: 'essai-crm', action: 'create' },
    ...{ maybeReceived: true, sentRevision: 1 },
  } as ClaimedDelivery;
  const { leads, revisions } = await createReader(between, secrets)([row], new Set());
  expect(leads.get(row.leadId)?.lead).toMatchObject({ revision: 2, identity: { lastName: 'Bernard' } });
  expect(revisions.get(`${row.leadId}:1`)).toMatchObject({ identity: { lastName: 'Lefèvre' } });
});
