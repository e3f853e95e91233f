// Opt-in, order and rights on the whole trip: what may leave, when, and what follows what left.
import type { ServerResponse } from 'node:http';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { strangerRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const bodies = (method?: string): { OPTIN?: string; ref?: string; nom?: string }[] =>
  crm.received
    .filter((one) => method === undefined || one.method === method)
    .map((one) => JSON.parse(one.body.toString() || '{}') as object);
const ok = (request: Received, response: ServerResponse): void => {
  const ref = (JSON.parse(request.body.toString() || '{}') as { ref?: string }).ref ?? 'none';
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ success: true, id: `CRM-${ref}` }));
};
const stateOf = async (reference: string, action = 'create'): Promise<string> => {
  const rows = await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`);
  return rows.map((row) => `${row.state}${row.reason === '' ? '' : `:${row.reason}`}`).join(' | ');
};

beforeAll(async () => {
  crm = await startHttpRecipient();
  const files = webhookFiles(crm.port);
  // What happens between two tries happens before the next, on a busy machine too: `soon` brings that forward.
  const text = (files['essai/crm.yaml'] ?? '').replace('retry: [1s, 1s, 2s]', 'retry: [10m, 10m, 10m]');
  gateway = await openGateway({ files: { ...files, 'essai/crm.yaml': text } });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
beforeEach(() => {
  crm.answer = ok;
  crm.received.length = 0;
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

test('C16: a lead without a recorded opt-in leaves nowhere, and leaves by itself once the consent row arrives', async () => {
  await gateway.send(strangerRow('O-1', { consents: null }));
  await gateway.until('withheld', async () => (await stateOf('O-1')).startsWith('withheld:opt_in_missing'));
  expect(crm.received).toHaveLength(0);
  await gateway.send({
    client_id: 'essai',
    kind: 'consent',
    reference: 'O-1',
    row_reference: 'O-1-c1',
    consents: JSON.stringify([
      { purpose: 'marketing', channel: 'email', state: 'refused', recordedAt: new Date().toISOString() },
    ]),
  });
  await gateway.until('delivered', async () => (await stateOf('O-1')).startsWith('delivered'));
  expect(bodies()).toEqual([expect.objectContaining({ ref: 'O-1', OPTIN: 'NON' })]);
});

test('a change before the create has departed is absorbed; afterwards it is one update under the CRM’s reference', async () => {
  await gateway.send(strangerRow('O-2'));
  await gateway.until('delivered', async () => (await stateOf('O-2')).startsWith('delivered'));
  await gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference: 'O-2',
    row_reference: 'O-2-k1',
    last_name: 'Martin',
  });
  await gateway.until('updated', async () => (await stateOf('O-2', 'update')).startsWith('delivered'));
  expect(crm.received.map((one) => `${one.method} ${one.url}`)).toEqual([
    'POST /leads',
    'PUT /leads/CRM-O-2',
  ]);
  expect(bodies('PUT')[0]).toMatchObject({ nom: 'Martin' });
});

test('C20: a withdrawal after departure travels as an update with the client’s own value', async () => {
  await gateway.send(strangerRow('O-3'));
  await gateway.until('delivered', async () => (await stateOf('O-3')).startsWith('delivered'));
  await gateway.app.rights.withdraw({
    clientId: 'essai',
    reference: 'O-3',
    purpose: 'marketing',
    channels: ['email'],
    actor: 'tester',
    reason: 'asked',
  });
  await gateway.until('updated', async () => (await stateOf('O-3', 'update')).startsWith('delivered'));
  expect(bodies('PUT')).toEqual([expect.objectContaining({ OPTIN: 'RETRAIT' })]);
});

test('C22: an erased lead is asked to be erased where it was sent, and nothing of it leaves any more', async () => {
  await gateway.send(strangerRow('O-4'));
  await gateway.until('delivered', async () => (await stateOf('O-4')).startsWith('delivered'));
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'O-4', actor: 'tester', reason: 'asked' });
  await gateway.until('erased', async () => (await stateOf('O-4', 'erase')).startsWith('delivered'));
  expect(crm.received.at(-1)).toMatchObject({ method: 'DELETE', url: '/leads/CRM-O-4' });
  expect(crm.received.at(-1)?.body.toString()).not.toContain('Lefèvre');
  const [person] = await gateway.owner.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM prospects p JOIN leads l ON l.id = p.lead_id WHERE l.reference = 'O-4'",
  );
  expect(person?.n).toBe(0);
  const [reference] = await gateway.owner.all<{ kept: number }>(
    "SELECT COUNT(*) AS kept FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference = 'O-4' AND recipient_reference IS NOT NULL",
  );
  expect(reference?.kept).toBe(0);
});

test('after an unknown outcome the same key and the same content are sent, and the correction follows as an update', async () => {
  let calls = 0;
  crm.answer = (request, response) => {
    calls += 1;
    if (calls === 1) response.destroy();
    else ok(request, response);
  };
  await gateway.send(strangerRow('O-5'));
  await gateway.until('waiting', async () => (await stateOf('O-5')).startsWith('waiting'));
  await gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference: 'O-5',
    row_reference: 'O-5-k1',
    last_name: 'Bernard',
  });
  await gateway.soon('updated', async () => (await stateOf('O-5', 'update')).startsWith('delivered'));
  const [first, second, update] = crm.received;
  expect(second?.body.toString()).toBe(first?.body.toString());
  expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
  expect(JSON.parse(update?.body.toString() ?? '')).toMatchObject({ nom: 'Bernard' });
  expect(update?.method).toBe('PUT');
});

test('after an unknown outcome a withdrawal forbids the old content: the new one leaves under the same key', async () => {
  let calls = 0;
  crm.answer = (request, response) => {
    calls += 1;
    if (calls === 1) response.destroy();
    else ok(request, response);
  };
  await gateway.send(strangerRow('O-6'));
  await gateway.until('waiting', async () => (await stateOf('O-6')).startsWith('waiting'));
  await gateway.app.rights.withdraw({
    clientId: 'essai',
    reference: 'O-6',
    purpose: 'marketing',
    channels: ['email'],
    actor: 'tester',
    reason: 'asked',
  });
  await gateway.soon('updated', async () => (await stateOf('O-6', 'update')).startsWith('delivered'));
  expect(bodies().map((body) => body.OPTIN)).toEqual(['OUI', 'RETRAIT', 'RETRAIT']);
  expect(crm.received[1]?.headers['idempotency-key']).toBe(crm.received[0]?.headers['idempotency-key']);
});

test('a business refusal is final and a replay takes a new idempotency key under the same webhook id', async () => {
  crm.answer = (_request, response) => response.writeHead(422).end('{"error":"closed"}');
  await gateway.send(strangerRow('O-7'));
  await gateway.until('refused', async () => (await stateOf('O-7')).startsWith('failed:refused'));
  crm.answer = ok;
  const [row] = await gateway.states("l.reference = 'O-7'");
  const { replay } = await import('../support/replay.ts');
  const answers = await replay(gateway.app, [row?.id ?? 0], {
    actor: 'tester',
    reason: 'programme reopened',
  });
  expect(answers).toEqual([{ id: row?.id, done: 'new_run', newKey: true }]);
  await gateway.until('delivered', async () => (await stateOf('O-7')).startsWith('delivered'));
  const keys = crm.received.map((one) => String(one.headers['idempotency-key']));
  expect(keys[1]).toBe(`${keys[0] ?? ''}.r2`);
});

test('a corrected lead got a new create: the refused one is not replayed, which would create it twice', async () => {
  crm.answer = (_request, response) => response.writeHead(422).end('{"error":"closed"}');
  await gateway.send(strangerRow('O-10'));
  await gateway.until('refused', async () => (await stateOf('O-10')).startsWith('failed:refused'));
  crm.answer = ok;
  await gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference: 'O-10',
    row_reference: 'O-10-k1',
    last_name: 'Martin',
  });
  await gateway.until('new create', async () => (await stateOf('O-10')).includes('delivered'));
  const [first] = await gateway.states("l.reference = 'O-10'");
  const { replay } = await import('../support/replay.ts');
  const answers = await replay(gateway.app, [first?.id ?? 0], { actor: 'tester', reason: 'again' });
  expect(answers).toEqual([{ id: first?.id, done: 'refused', why: 'superseded' }]);
});

test('a replay after an unknown end sends what may have arrived, unchanged, under the same key', async () => {
  crm.answer = (_request, response) => response.destroy();
  await gateway.send(strangerRow('O-11'));
  await gateway.soon('exhausted', async () => (await stateOf('O-11')).startsWith('failed:exhausted'));
  await gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference: 'O-11',
    row_reference: 'O-11-k1',
    last_name: 'Bernard',
  });
  await gateway.until('its update waits', async () =>
    (await stateOf('O-11', 'update')).startsWith('withheld'),
  );
  crm.answer = ok;
  const [first] = await gateway.states("l.reference = 'O-11'");
  const { replay } = await import('../support/replay.ts');
  await replay(gateway.app, [first?.id ?? 0], { actor: 'tester', reason: 'again' });
  await gateway.until('updated', async () => (await stateOf('O-11', 'update')).startsWith('delivered'));
  const creates = crm.received.filter((one) => one.method === 'POST');
  expect(new Set(creates.map((one) => one.body.toString())).size).toBe(1);
  expect(new Set(creates.map((one) => one.headers['idempotency-key'])).size).toBe(1);
  expect(bodies('PUT')).toEqual([expect.objectContaining({ nom: 'Bernard' })]);
});

test('C13: a lead that does not fit the client’s file fails with the field’s name and is not sent', async () => {
  await gateway.send(strangerRow('O-8', { last_name: null }));
  await gateway.until('failed', async () => (await stateOf('O-8')).startsWith('failed:invalid'));
  expect(crm.received).toHaveLength(0);
  const entries = await gateway.entries();
  expect(entries.find((one) => one.entry === 'invalid')?.fields).toBe('nom');
});

test('C18: a revoked authorisation withholds, a new one lets the lead go by itself', async () => {
  const [live] = await gateway.owner.all<{ id: number }>(
    "SELECT id FROM authorisations WHERE destination_id = 'essai-crm'",
  );
  await gateway.owner.run('UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3) WHERE id = ?', [
    live?.id ?? 0,
  ]);
  await gateway.send(strangerRow('O-9'));
  await gateway.until('withheld', async () => (await stateOf('O-9')) === 'withheld:recipient_not_authorised');
  expect(crm.received).toHaveLength(0);
  await gateway.owner.run('UPDATE authorisations SET revoked_at = NULL WHERE id = ?', [live?.id ?? 0]);
  await gateway.until('delivered', async () => (await stateOf('O-9')).startsWith('delivered'));
});
