// The timer over requests looks at many at once: what waits for an answer costs nothing, and whoever has news is followed.
import { watchRequests } from '../../src/privacy/requests/watch.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  // No delivery is planned as a lead is taken in, whatever time has passed since.
  await gateway.owner.run("UPDATE destinations SET leads_from = '2199-01-01'");
});
afterAll(() => gateway.close());

const by = { actor: 'Sophie' };
const watch = (): Promise<void> =>
  watchRequests({
    database: gateway.app.database,
    onBroken: (id, error) => {
      throw new Error(`request ${id}`, { cause: error });
    },
  });

/** How many transactions the timer opened. */
async function opened(): Promise<number> {
  const spied = jest.spyOn(gateway.app.database, 'transaction');
  await watch();
  const { length } = spied.mock.calls;
  spied.mockRestore();
  return length;
}

const deliver = (leadId: number, action: string, state: string, reason = ''): Promise<unknown> =>
  gateway.owner.run(
    `INSERT INTO deliveries (delivery_key, client_id, lead_id, destination_id, action, revision, state, reason, departures, due_at, expires_at)
     VALUES (UUID(), 'essai', ?, 'essai-crm', ?, IF(? = 'create', 1, 9), ?, ?, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
    [leadId, action, action, state, reason],
  );

/** An erasure that is carried out, and whose recipient is asked in writing. */
async function asked(reference: string): Promise<{ readonly id: number; readonly leadId: number }> {
  await gateway.send(strangerRow(reference));
  await gateway.app.intake.acceptBatch(10);
  const [lead] = await gateway.owner.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [
    reference,
  ]);
  const leadId = lead?.id ?? 0;
  await deliver(leadId, 'create', 'delivered');
  const { requests } = gateway.app;
  const { id } = await requests.open({ clientId: 'essai', kind: 'erasure', references: [reference], ...by });
  await requests.apply(id, { selection: { leads: 'all', rows: 'all' }, identity: 'seen', ...by });
  await gateway.owner.run('DELETE FROM lead_changes WHERE lead_id = ?', [leadId]);
  expect(await opened()).toBe(1);
  return { id, leadId };
}

const stateOf = async (id: number): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ state: string }>('SELECT state FROM request_recipients WHERE request_id = ?', [
      id,
    ])
  ).map(({ state }) => state);

test('C24: requests that wait for an answer, and are not due, are not opened one by one', async () => {
  const requests = [await asked('N-1'), await asked('N-2')];
  for (const { id } of requests) expect(await stateOf(id)).toEqual(['written']);
  expect(await opened()).toBe(0);
  await gateway.owner.run('UPDATE request_recipients SET asked_at = TIMESTAMPADD(DAY, -8, UTC_TIMESTAMP(3))');
  expect(await opened()).toBe(2);
  expect(await opened()).toBe(0);
});

test('C24: whoever was asked in writing and is told by wire after all is settled by it; a mail without a proof changes nothing', async () => {
  const { id, leadId } = await asked('N-3');
  await deliver(leadId, 'erase', 'delivered', 'unproved');
  expect(await opened()).toBe(0);
  await gateway.owner.run("UPDATE deliveries SET reason = '' WHERE lead_id = ? AND action = 'erase'", [
    leadId,
  ]);
  expect(await opened()).toBe(1);
  expect(await stateOf(id)).toEqual(['acknowledged']);
});
