// A published version that this program cannot compile, an archived destination, a change of connector: nothing is lost, all of it is said.
import type { ServerResponse } from 'node:http';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const publish = (): Promise<unknown> =>
  gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'a version',
    // U-5 is not for this destination: it ends when the version can be used again.
    mayEnd: () => Promise.resolve(true),
  });
const stateOf = async (reference: string, action = 'create'): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join(' | ');
const until = (reference: string, action: string, wanted: string): Promise<void> =>
  gateway.until(
    `${reference} ${action} ${wanted}`,
    async () => (await stateOf(reference, action)) === wanted,
  );
const alerts = (kind: string): Promise<readonly { destination_id: string }[]> =>
  gateway.owner.all('SELECT destination_id FROM alerts WHERE kind = ?', [kind]);

/** What an upgrade of the program can do to a version it no longer understands. */
async function breakPublished(): Promise<void> {
  await gateway.owner.run(
    `INSERT INTO mapping_versions (client_id, destination_id, version, sources, fingerprint, author)
     SELECT client_id, destination_id, version + 100, REPLACE(sources, 'connector: webhook', 'connector: pigeon'), 'x', 'upgrade'
       FROM mapping_versions ORDER BY id DESC LIMIT 1`,
  );
  await gateway.owner.run(
    'UPDATE destinations SET mapping_version_id = (SELECT MAX(id) FROM mapping_versions) WHERE id = ?',
    ['essai-crm'],
  );
}

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request: Received, response: ServerResponse) => {
    const ref = (JSON.parse(request.body.toString() || '{}') as { ref?: string }).ref ?? 'none';
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"success":true,"id":"CRM-${ref}"}`);
  };
  gateway = await openGateway({ files: webhookFiles(crm.port, { extra: 'accepts: { programme: [ES-*] }' }) });
  await publish();
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

test('leads, withdrawals and erasures stand withheld while the published version cannot be used, told once, and go when it can', async () => {
  await gateway.send(leadRow('U-1'), leadRow('U-2'));
  await until('U-1', 'create', 'delivered:accepted');
  await until('U-2', 'create', 'delivered:accepted');
  crm.received.length = 0;
  await breakPublished();
  await gateway.send(leadRow('U-3'), leadRow('U-4'), leadRow('U-5', { programme: 'AL-ANNECY' }));
  // Before the erasure: all have one address, and what was collected before an erasure is refused after it.
  for (const reference of ['U-3', 'U-4', 'U-5']) await until(reference, 'create', 'withheld:mapping_missing');
  const by = { clientId: 'essai', actor: 'tester', reason: 'asked' };
  await gateway.app.rights.withdraw({ ...by, reference: 'U-1', purpose: 'marketing', channels: ['email'] });
  await gateway.app.rights.erase({ ...by, reference: 'U-2' });
  await until('U-1', 'update', 'withheld:mapping_missing');
  await until('U-2', 'erase', 'withheld:mapping_missing');
  expect(await alerts('mapping_unusable')).toEqual([{ destination_id: 'essai-crm' }]);
  expect(crm.received).toHaveLength(0);

  await publish();
  // The same files were in force before: the version is put back by a rollback.
  await gateway.app.publishing.rollback({
    ...{ destinationId: 'essai-crm', version: 1 },
    ...{ actor: 'tester', reason: 'repaired' },
  });
  for (const reference of ['U-3', 'U-4']) await until(reference, 'create', 'delivered:accepted');
  await until('U-1', 'update', 'delivered:accepted');
  await until('U-2', 'erase', 'delivered:accepted');
  // Whether it goes here could not be asked when it was planned; it is asked before it leaves.
  await until('U-5', 'create', 'cancelled:not_accepted:programme');
  expect(crm.received.map((one) => one.body.toString()).join()).not.toContain('U-5');
});

test('what was planned before the version became unusable stands withheld too, and comes back by itself', async () => {
  let down = true;
  const well = crm.answer;
  crm.answer = (request, response, raw) => {
    if (down) response.writeHead(503).end();
    else well(request, response, raw);
  };
  // However long its version takes to break, nobody has given up before.
  const tries = (webhookFiles(crm.port)['essai/crm.yaml'] ?? '').replace(
    /retry: .*/,
    `retry: [${Array(50).fill('1s').join(', ')}]`,
  );
  gateway.file('essai/crm.yaml', tries);
  await publish();
  await gateway.send(leadRow('U-6'));
  await gateway.until('tried', () => crm.received.length > 0);
  await breakPublished();
  await until('U-6', 'create', 'withheld:mapping_missing');
  down = false;
  await gateway.owner.run(
    'UPDATE destinations SET mapping_version_id = (SELECT MIN(id) FROM mapping_versions) WHERE id = ?',
    ['essai-crm'],
  );
  await until('U-6', 'create', 'delivered:accepted');
});

test('C22: what an archived destination was given is erased and withdrawn in writing; it gets nothing new', async () => {
  await gateway.send(leadRow('U-7'), leadRow('U-8'));
  for (const reference of ['U-7', 'U-8']) await until(reference, 'create', 'delivered:accepted');
  await gateway.owner.run("UPDATE destinations SET status = 'archived' WHERE id = 'essai-crm'");
  crm.received.length = 0;
  const by = { clientId: 'essai', actor: 'tester', reason: 'asked' };
  await gateway.app.rights.erase({ ...by, reference: 'U-7' });
  await gateway.app.rights.withdraw({ ...by, reference: 'U-8', purpose: 'marketing', channels: ['email'] });
  await until('U-7', 'erase', 'failed:manual_erasure_required');
  await until('U-8', 'update', 'failed:manual_update_required');
  expect(await alerts('manual_task')).toHaveLength(2);
  await gateway.send(leadRow('U-9'));
  await gateway.until(
    'refused',
    async () =>
      (await gateway.owner.all("SELECT 1 FROM routing_refusals WHERE reason = 'no_destination'")).length ===
      1,
  );
  expect(crm.received).toHaveLength(0);
});

test('a destination keeps its connector while deliveries are on their way; a rollback brings the connector back too', async () => {
  const hooked = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
  const flow = `destination: essai-crm
connector: flow
file: { name: 'L_{seq:6}.csv', to: sftp:essai/in, server: { host: localhost, port: 22, user: u, password: secret:SFTP, hostKey: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }, schedule: { cron: '0 0 1 1 *' } }
consent: [{ to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }]
fields: [{ to: REF, from: id }]
`;
  gateway.file(
    'essai/client.yaml',
    (webhookFiles(crm.port)['essai/client.yaml'] ?? '').replace(
      'hosts: [localhost]',
      "hosts: [localhost]\nfolders: ['sftp:essai/in']",
    ),
  );
  let release = (): unknown => undefined;
  crm.answer = (_request, response) => {
    release = () => response.destroy();
  };
  await gateway.send(leadRow('U-10'));
  await gateway.until('in flight', () => crm.received.length === 1);
  gateway.file('essai/crm.yaml', flow);
  await expect(publish()).rejects.toMatchObject({ code: 'DEST-002' });
  await gateway.app.publishing.history('essai-crm').then((all) => expect(all).toHaveLength(1));
  await gateway.owner.run("UPDATE deliveries SET state = 'cancelled', settled_at = UTC_TIMESTAMP(3)");
  await publish();
  const connector = async (): Promise<unknown> =>
    (await gateway.owner.all<{ connector: string }>('SELECT connector FROM destinations'))[0]?.connector;
  expect(await connector()).toBe('flow');
  gateway.file('essai/crm.yaml', hooked);
  await gateway.app.publishing.rollback({
    ...{ destinationId: 'essai-crm', version: 1 },
    ...{ actor: 'tester', reason: 'back' },
  });
  expect(await connector()).toBe('webhook');
  release();
});
