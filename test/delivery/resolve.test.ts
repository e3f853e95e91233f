// Support says what became of a delivery of unknown outcome, and what waited for the answer goes on.
import { closeDeliveries } from '../../src/support/close-and-cancel.ts';
import { resolve, resolveFromLog } from '../../src/delivery/outcome/resolve.ts';
import { quarantineOf } from './quarantine-of.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let planner: Role | undefined;
const by = { actor: 'tester', evidence: 'ticket 12' };

const accepts: HttpRecipient['answer'] = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"R-9"}');
beforeEach(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({ files: webhookFiles(crm.port, { extra: 'onUnknown: hold' }) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  [planner] = await gateway.start('planner', 'worker');
  crm.answer = (_request, response) => response.destroy();
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const stateOf = async (action: string): Promise<string> =>
  (await gateway.states(`d.action = '${action}'`)).map((row) => `${row.state}:${row.reason}`).join(' | ');
const until = (action: string, wanted: string): Promise<void> =>
  gateway.until(`${action} ${wanted}`, async () => (await stateOf(action)).startsWith(wanted));
const heldCreate = async (reference: string): Promise<number> => {
  await gateway.send(strangerRow(reference));
  await until('create', 'waiting:unknown_hold');
  return (await gateway.states())[0]?.id ?? 0;
};
const withdraw = (reference: string): Promise<unknown> =>
  gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference, actor: 'tester', reason: 'request 1' },
    ...{ purpose: 'marketing' as const, channels: ['email'] as const },
  });

test('they have it, under this reference: delivered, and the withdrawal that waited goes there', async () => {
  const id = await heldCreate('R-1');
  await withdraw('R-1');
  await until('update', 'waiting:waits_for_create');
  crm.answer = accepts;
  expect(await resolve(gateway.app, id, { ...by, received: true, reference: 'C-77' })).toBe('delivered');
  await until('update', 'delivered');
  expect(await stateOf('create')).toBe('delivered:accepted');
  expect(crm.received.at(-1)).toMatchObject({ method: 'PUT', url: '/leads/C-77' });
  const [entry] = await gateway.owner.all<{ actor: string; purpose: string; reason: string }>(
    "SELECT actor, purpose, reason FROM handovers WHERE entry = 'resolved'",
  );
  expect(entry).toEqual({ actor: 'tester', purpose: 'ticket 12', reason: 'received' });
  await expect(resolve(gateway.app, id, { ...by, received: true })).rejects.toMatchObject({
    code: 'RESOLVE-001',
  });
});

test('they do not have it: it is sent again under the same key, with what the person says today', async () => {
  const id = await heldCreate('R-2');
  await withdraw('R-2');
  crm.answer = accepts;
  expect(await resolve(gateway.app, id, { ...by, received: false })).toBe('sent_again');
  await until('create', 'delivered:accepted');
  const creates = crm.received.filter((one) => one.method === 'POST');
  expect(new Set(creates.map((one) => one.headers['idempotency-key'])).size).toBe(1);
  expect(JSON.parse(creates.at(-1)?.body.toString() ?? '')).toMatchObject({ OPTIN: 'RETRAIT' });
});

test('an answer that came too late for its worker settles what waits for a person', async () => {
  const id = await heldCreate('R-3');
  // Once a minute the planner looks too.
  await planner?.stop();
  const [row] = await gateway.owner.all<{ run: number; lead_id: number }>(
    'SELECT run, lead_id FROM deliveries',
  );
  expect(await resolveFromLog(gateway.app, quarantineOf(gateway.app.database))).toBe(0);
  await gateway.app.database.transaction((tx) =>
    appendHandovers(tx, [
      {
        ...{ entry: 'late', clientId: 'essai', destinationId: 'essai-crm', deliveryId: id },
        ...{ leadId: row?.lead_id ?? 0, run: row?.run ?? 0, attempt: 1, action: 'create', actor: 'worker' },
        outcome: 'accepted',
      },
    ]),
  );
  expect(await resolveFromLog(gateway.app, quarantineOf(gateway.app.database))).toBe(1);
  expect(await stateOf('create')).toBe('delivered:accepted');
});

test('a mail address is no reference, whoever gives it', async () => {
  const id = await heldCreate('R-4');
  for (const reference of ['zoe@courriel.example', '+33639980123', '0639980123'])
    await expect(resolve(gateway.app, id, { ...by, received: true, reference })).rejects.toMatchObject({
      code: 'RESOLVE-002',
    });
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"success":true,"id":"zoe+lead@courriel.example"}');
  await resolve(gateway.app, id, { ...by, received: false });
  await gateway.until('asked again', () => crm.received.length === 2);
  await gateway.until('settled', async () => !/sending|planned|queued/.test(await stateOf('create')));
  const rows = await gateway.owner.all('SELECT recipient_reference FROM deliveries');
  expect(rows).toEqual([{ recipient_reference: null }]);
});

test('a reference stays for the erasure by hand and goes when its task is closed', async () => {
  crm.answer = accepts;
  await gateway.send(strangerRow('R-5'));
  await until('create', 'delivered');
  await gateway.owner.run(
    `UPDATE authorisations SET targets = '["ancien.example"]', revoked_at = UTC_TIMESTAMP(3)`,
  );
  await gateway.app.rights.erase({
    clientId: 'essai',
    reference: 'R-5',
    actor: 'tester',
    reason: 'request 1',
  });
  await until('erase', 'failed:manual_erasure_required');
  const references = async (): Promise<readonly (string | null)[]> =>
    (
      await gateway.owner.all<{ reference: string | null }>(
        "SELECT recipient_reference AS reference FROM deliveries WHERE action = 'create'",
      )
    ).map((one) => one.reference);
  expect(await references()).toEqual(['R-9']);
  const [task] = await gateway.states("d.action = 'erase'");
  await closeDeliveries(gateway.app.database, [task?.id ?? 0], { ...by, reason: 'erased by the client' });
  expect(await references()).toEqual([null]);
});

test('C22: a reference that comes once the erasure is settled is not kept; one that the erasure needs is', async () => {
  const id = await heldCreate('R-6');
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'failed', reason = 'exhausted', maybe_received = 1, settled_at = UTC_TIMESTAMP(3) WHERE id = ?",
    [id],
  );
  await gateway.app.rights.erase({
    ...{ clientId: 'essai', reference: 'R-6', actor: 'tester', reason: 'request 1' },
  });
  await until('erase', 'failed:manual');
  const references = async (): Promise<readonly (string | null)[]> =>
    (
      await gateway.owner.all<{ reference: string | null }>(
        "SELECT recipient_reference AS reference FROM deliveries WHERE action = 'create'",
      )
    ).map((one) => one.reference);
  const found = { ...by, received: true, reference: 'C-88' };
  const undecided = (): Promise<unknown> =>
    gateway.owner.run("UPDATE deliveries SET state = 'failed', maybe_received = 1 WHERE id = ?", [id]);
  await resolve(gateway.app, id, found);
  expect(await references()).toEqual(['C-88']);
  const [task] = await gateway.states("d.action = 'erase'");
  await closeDeliveries(gateway.app.database, [task?.id ?? 0], { ...by, reason: 'erased by the client' });
  expect(await references()).toEqual([null]);
  await undecided();
  await resolve(gateway.app, id, found);
  expect(await references()).toEqual([null]);
  // Purged: no erasure will ever ask under which.
  await gateway.owner.run("DELETE FROM deliveries WHERE action = 'erase'");
  await undecided();
  await resolve(gateway.app, id, found);
  expect(await references()).toEqual([null]);
});
