// A worker judges a lead, and before its judgement is written the lead changes: what is written speaks of the lead as it is now.
import type { ClaimedDelivery } from '../../src/delivery/trip/attempt.ts';
import { claimDeliveries } from '../../src/delivery/claim/claim.ts';
import { recordEnds } from '../../src/delivery/outcome/record.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const by = { actor: 'tester', reason: 'ticket 1' };
const stateOf = async (reference: string): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = 'create'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join();

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

/** The create of a lead, claimed by a worker that has read revision 1. */
async function claimed(reference: string, over: Parameters<typeof leadRow>[1]): Promise<ClaimedDelivery> {
  await gateway.send(leadRow(reference, over));
  await gateway.until('queued', async () => (await stateOf(reference)).startsWith('queued'));
  const [row] = await gateway.states(`l.reference = '${reference}'`);
  const claim = await gateway.app.database.transaction((tx) =>
    claimDeliveries(tx, 'essai-crm', [{ deliveryId: row?.id ?? 0, run: 1, attempt: 1 }], {
      leaseMs: 60_000,
      owner: 'test',
      limits: { concurrency: 4 },
    }),
  );
  const [delivery] = claim.claimed;
  if (delivery === undefined) throw new Error('not claimed');
  return delivery;
}

const planned = (): Promise<void> =>
  gateway.until('planned', async () => {
    const [waiting] = await gateway.owner.all<{ n: number }>(
      `SELECT (SELECT COUNT(*) FROM lead_changes) + (SELECT COUNT(*) FROM lead_intake WHERE status = 'new') AS n`,
    );
    return waiting?.n === 0;
  });
const judge = (
  row: ClaimedDelivery,
  state: 'withheld' | 'failed' | 'cancelled',
  reason: string,
): Promise<unknown> =>
  recordEnds(gateway.app.database, Math.random, [
    { stopped: [{ row, state, reason, fields: [], readRevision: 1 }] },
  ]);

/** With a worker that is there as long as it takes. */
async function leaves(reference: string): Promise<void> {
  const [worker] = await gateway.start('worker');
  await gateway.until('delivered', async () => (await stateOf(reference)).startsWith('delivered'));
  await worker?.stop();
}

test('C22: erased meanwhile, it is cancelled, and stands nowhere waiting for an answer that cannot come', async () => {
  const row = await claimed('J-1', { consents: null });
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'J-1', ...by });
  await planned();
  await judge(row, 'withheld', 'opt_in_missing:marketing.email');
  expect(await stateOf('J-1')).toBe('cancelled:erased');
});

test('C16: the answer that it was withheld for has come meanwhile: it is judged again and leaves', async () => {
  const row = await claimed('J-2', { consents: null });
  await gateway.send({
    client_id: 'essai',
    kind: 'consent',
    reference: 'J-2',
    row_reference: 'J-2-c1',
    consents: JSON.stringify([
      { purpose: 'marketing', channel: 'email', state: 'refused', recordedAt: '2026-10-01T10:00:00Z' },
    ]),
  });
  await planned();
  await judge(row, 'withheld', 'opt_in_missing:marketing.email');
  await leaves('J-2');
});

test('the value that broke the client’s schema was corrected meanwhile: it is judged again and leaves', async () => {
  const row = await claimed('J-3', { last_name: 'X' });
  await gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference: 'J-3',
    row_reference: 'J-3-k1',
    last_name: 'Martin',
  });
  await planned();
  await judge(row, 'failed', 'invalid');
  await leaves('J-3');
});

test('a lead that went elsewhere was corrected meanwhile, and comes here now: it is judged again and leaves', async () => {
  const row = await claimed('J-4', {});
  await gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference: 'J-4',
    row_reference: 'J-4-k1',
    programme: 'ES-BRON',
  });
  await planned();
  await judge(row, 'cancelled', 'not_accepted:programme');
  await leaves('J-4');
});
