// A look-up that finds nothing is not believed at once: behind a locked table or a slow proxy the lead may be about to appear.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

const by = { actor: 'tester', reason: 'ticket 1' };
let crm: HttpRecipient;
let gateway: Gateway;
/** What the recipient's database shows. */
let stored: boolean;

beforeEach(async () => {
  crm = await startHttpRecipient();
  stored = false;
  gateway = await openGateway({
    environment: { RELAIS_SETTLING_MS: '3600000' },
    files: {
      ...webhookFiles(crm.port),
      'essai/crm.yaml': (webhookFiles(crm.port)['essai/crm.yaml'] ?? '')
        .replace(
          /^send: .*$/m,
          `send: { url: 'http://localhost:${crm.port}/leads', lookup: { url: 'http://localhost:${crm.port}/find?ref={leadReference}' } }\nonUnknown: lookup`,
        )
        .replace(
          /^response:$/m,
          'response:\n  - { accepted: { status: 200 }, on: lookup, reference: $.id }\n  - { absent: { status: 404 }, on: lookup }',
        ),
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'asks' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const calls = (method: string): number => crm.received.filter((one) => one.method === method).length;
const stateOf = async (action: string): Promise<string> =>
  (await gateway.states(`d.action = '${action}'`)).map((row) => `${row.state}:${row.reason}`).join(' | ');
const until = (action: string, state: RegExp): Promise<void> =>
  gateway.until(`${action} ${String(state)}`, async () => state.test(await stateOf(action)));
const soon = (action: string, state: RegExp): Promise<void> =>
  gateway.soon(`${action} ${String(state)}`, async () => state.test(await stateOf(action)));
/** A table that is locked while the lead is written: the answer is lost, and nothing is to be found until it is free. */
const locked: HttpRecipient['answer'] = (request, response) => {
  if (request.method === 'POST') return void response.destroy();
  if (request.method !== 'GET') return void response.writeHead(200).end('{"success":true}');
  response.writeHead(stored ? 200 : 404).end('{"id":"C-1"}');
};

test('a lead that appears after the first look-up found nothing is not sent a second time', async () => {
  crm.answer = locked;
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('asked, or sent again', () => calls('GET') > 0 || calls('POST') > 1);
  // The lock is free now: what was sent stands in the table.
  stored = true;
  await soon('create', /^delivered/);
  expect([calls('POST'), calls('GET')]).toEqual([1, 2]);
});

test('not found twice, the settling time apart by the database’s clock, the lead is sent again', async () => {
  crm.answer = (request, response) => {
    if (request.method === 'GET') response.writeHead(404).end();
    else if (calls('POST') > 1) response.writeHead(200).end('{"success":true,"id":"C-2"}');
    else response.destroy();
  };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-2'));
  await until('create', /^waiting:unknown_lookup:NOT_FOUND/);
  expect(
    await gateway.owner.all('SELECT TIMESTAMPDIFF(MINUTE, not_found_since, due_at) AS apart FROM deliveries'),
  ).toEqual([{ apart: 60 }]);
  await soon('create', /^delivered/);
  expect([calls('POST'), calls('GET')]).toEqual([2, 2]);
  expect(await gateway.owner.all("SELECT outcome FROM handovers WHERE entry = 'lookup' ORDER BY id")).toEqual(
    [{ outcome: 'absent' }, { outcome: 'absent' }],
  );
});

test('brought forward by support, a second "not found" that comes too soon does not count either', async () => {
  crm.answer = locked;
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-3'));
  await until('create', /^waiting:unknown_lookup:NOT_FOUND/);
  await gateway.owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
  await gateway.until('asked again', () => calls('GET') === 2);
  stored = true;
  await soon('create', /^delivered/);
  expect(calls('POST')).toBe(1);
});

test('C22: nor is an erasure called unnecessary because the lead cannot be found yet', async () => {
  crm.answer = locked;
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-4'));
  await until('create', /^waiting:unknown_lookup/);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'L-4', ...by });
  const asked = calls('GET');
  await gateway.until('asked for the erasure', () => calls('GET') > asked);
  stored = true;
  await soon('erase', /^(delivered|cancelled)/);
  expect(await stateOf('erase')).toMatch(/^delivered/);
  expect(calls('DELETE')).toBe(1);
});
