// A right is exercised at everyone who may hold the lead, or a task stands at once (guarantees 4 and 6, GDPR article 19).
import { cancel } from '../support/replay.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { checkAlerts } from '../../src/delivery/background/alert-checks.ts';
import { quarantineOf } from '../delivery/quarantine-of.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const by = { actor: 'tester', reason: 'request 1' };

const accepts: HttpRecipient['answer'] = (request, response) =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ success: true, id: request.url.split('/').at(2) ?? 'R-1' }));
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = accepts;
  gateway = await openGateway({ files: webhookFiles(crm.port, { extra: 'onUnknown: hold' }) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const stateOf = async (reference: string, action: string): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join(' | ');
const until = (reference: string, action: string, wanted: string): Promise<void> =>
  gateway.until(`${reference} ${action} ${wanted}`, async () =>
    (await stateOf(reference, action)).startsWith(wanted),
  );
const withdraw = (reference: string): Promise<unknown> =>
  gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference, ...by, purpose: 'marketing' as const, channels: ['email'] as const },
  });
const openAlerts = async (kind: string): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ reason: string }>(
      'SELECT reason FROM alerts WHERE kind = ? AND closed_at IS NULL ORDER BY id',
      [kind],
    )
  ).map((one) => one.reason);
const bodies = (method: string): readonly unknown[] =>
  crm.received
    .filter((one) => one.method === method)
    .map((one) => JSON.parse(one.body.toString() || '{}') as unknown);
const revoke = (): Promise<unknown> =>
  gateway.owner.run(
    "UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3) WHERE destination_id = 'essai-crm'",
  );

test('a withdrawal after support cancelled a create of unknown outcome: the update leaves, and where nobody can name the record a task stands', async () => {
  crm.answer = (_request, response) => response.destroy();
  await gateway.send(strangerRow('U-1'));
  await until('U-1', 'create', 'waiting:unknown_hold');
  const [row] = await gateway.states();
  await cancel(gateway.app.database, [row?.id ?? 0], by);
  crm.answer = accepts;
  await withdraw('U-1');
  await until('U-1', 'update', 'withheld:create_unsettled');
  expect(await openAlerts('manual_task')).toEqual(['create_unsettled']);
});

test('a withdrawal that stands for a quarter of an hour is a task, once; it closes when the recipient has heard', async () => {
  crm.answer = (_request, response) => response.destroy();
  await gateway.send(strangerRow('U-2'));
  await until('U-2', 'create', 'waiting:unknown_hold');
  await withdraw('U-2');
  await until('U-2', 'update', 'waiting:waits_for_create');
  await checkAlerts(gateway.app.database, gateway.app.published, quarantineOf(gateway.app.database));
  expect(await openAlerts('right_waits')).toEqual([]);
  await gateway.owner.run('UPDATE deliveries SET created_at = TIMESTAMPADD(MINUTE, -16, created_at)');
  await checkAlerts(gateway.app.database, gateway.app.published, quarantineOf(gateway.app.database));
  await checkAlerts(gateway.app.database, gateway.app.published, quarantineOf(gateway.app.database));
  expect(await openAlerts('right_waits')).toEqual(['waits_for_create']);
  await gateway.owner.run(
    "UPDATE deliveries SET settled_at = UTC_TIMESTAMP(3), state = 'delivered' WHERE action = 'update'",
  );
  await checkAlerts(gateway.app.database, gateway.app.published, quarantineOf(gateway.app.database));
  expect(await openAlerts('right_waits')).toEqual([]);
});

test('C24: after a revocation an erasure still reaches who received the lead, under the authorisation of that time', async () => {
  await gateway.send(strangerRow('V-1'));
  await until('V-1', 'create', 'delivered');
  await revoke();
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'V-1', ...by });
  await until('V-1', 'erase', 'delivered:accepted');
  expect(crm.received.at(-1)).toMatchObject({ method: 'DELETE', url: '/leads/R-1' });
  const departed = await gateway.owner.all<{ authorisation_id: number; reason: string }>(
    "SELECT authorisation_id, reason FROM handovers WHERE entry = 'departed' ORDER BY id",
  );
  expect(departed.map((one) => one.reason)).toEqual(['', 'former_authorisation']);
  expect(departed[1]?.authorisation_id).toBe(departed[0]?.authorisation_id);
});

test('C24: after a revocation a withdrawal reaches who received the lead, with nothing new; a correction alone does not', async () => {
  await gateway.send(strangerRow('V-2'));
  await until('V-2', 'create', 'delivered');
  await revoke();
  const correction = { client_id: 'essai', kind: 'correction', reference: 'V-2' };
  await gateway.send({ ...correction, row_reference: 'k1', programme: 'ES-AUTRE' });
  await until('V-2', 'update', 'withheld:recipient_not_authorised');
  expect(bodies('PUT')).toEqual([]);
  await gateway.send(strangerRow('V-3'));
  await until('V-3', 'create', 'withheld:recipient_not_authorised');
  // Corrected since it left: a name would be new to the recipient, and without it the mapping cannot write.
  await withdraw('V-2');
  await until('V-2', 'update', 'cancelled:superseded | failed:manual_update_required');
  expect(await openAlerts('manual_task')).toEqual(['manual_update_required']);
  expect(bodies('PUT')).toEqual([]);
});

test('C24: a withdrawal under a revoked authorisation carries the person, the answer, and nothing else', async () => {
  await gateway.send(strangerRow('V-4'));
  await until('V-4', 'create', 'delivered');
  await revoke();
  await gateway.send({
    ...{ client_id: 'essai', kind: 'interaction', reference: 'V-4', row_reference: 'i1' },
    interactions: JSON.stringify([{ kind: 'inbound_call', at: new Date().toISOString(), voluntary: true }]),
  });
  await withdraw('V-4');
  await gateway.until('told', () => bodies('PUT').length === 1);
  expect(bodies('PUT')).toEqual([expect.objectContaining({ ref: 'V-4', nom: 'Lefèvre', OPTIN: 'RETRAIT' })]);
});

test('C24: where the destination has moved since, the recipient of that time is a task for a person, at once', async () => {
  await gateway.send(strangerRow('V-5'));
  await until('V-5', 'create', 'delivered');
  await gateway.owner.run(
    `UPDATE authorisations SET targets = '["ancien.example"]', revoked_at = UTC_TIMESTAMP(3)`,
  );
  await withdraw('V-5');
  await until('V-5', 'update', 'failed:manual_update_required');
  expect(await openAlerts('manual_task')).toEqual(['manual_update_required']);
});

test('a withdrawal and an erasure that support cancels are a task for a person; a correction is not', async () => {
  await gateway.send(strangerRow('X-1'), strangerRow('X-2'), strangerRow('X-3'));
  for (const reference of ['X-1', 'X-2', 'X-3']) await until(reference, 'create', 'delivered');
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'suspended', by);
  await withdraw('X-1');
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'X-2', ...by });
  const correction = { client_id: 'essai', kind: 'correction', reference: 'X-3' };
  await gateway.send({ ...correction, row_reference: 'k1', programme: 'ES-AUTRE' });
  await until('X-1', 'update', 'waiting');
  await until('X-2', 'erase', 'waiting');
  await until('X-3', 'update', 'waiting');
  const open = await gateway.states("d.action <> 'create'");
  const { ended, byHand } = await cancel(
    gateway.app.database,
    open.map((row) => row.id),
    by,
  );
  expect([ended.length, byHand.length]).toEqual([3, 2]);
  expect(await stateOf('X-1', 'update')).toBe('failed:manual_update_required');
  expect(await stateOf('X-2', 'erase')).toBe('failed:manual_erasure_required');
  expect(await stateOf('X-3', 'update')).toBe('cancelled:by_support');
  expect(await openAlerts('manual_task')).toEqual(['manual_update_required', 'manual_erasure_required']);
});

test('C24: a correction the recipient never took is new to it: after a revocation the withdrawal does not bring it along', async () => {
  await gateway.send(strangerRow('Y-1'));
  await until('Y-1', 'create', 'delivered');
  crm.answer = (_request, response) => void response.writeHead(422).end();
  const correction = { client_id: 'essai', kind: 'correction', reference: 'Y-1' };
  await gateway.send({ ...correction, row_reference: 'k1', last_name: 'Nouveau' });
  await until('Y-1', 'update', 'failed:refused');
  crm.answer = accepts;
  await revoke();
  await withdraw('Y-1');
  await until('Y-1', 'update', 'failed:refused:HTTP_422 | failed:manual_update_required');
  expect(bodies('PUT')).toHaveLength(1);
});

/** The next version of the destination. */
async function publishNext(...lines: readonly [string, string][]): Promise<void> {
  const text = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
  gateway.file(
    'essai/crm.yaml',
    lines.reduce((all, [before, after]) => all.replace(before, after), text),
  );
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'next' });
}
const telLine = '  - { to: tel,';
const mailLine = (required: boolean): string =>
  `  - { to: mail, from: identity.email, required: ${String(required)} }\n${telLine}`;

test('after a revocation a withdrawal says no more of the person than the recipient was handed, whatever the version of today adds', async () => {
  await gateway.send(strangerRow('Z-1'));
  await until('Z-1', 'create', 'delivered');
  await publishNext([telLine, mailLine(false)]);
  await revoke();
  await withdraw('Z-1');
  await until('Z-1', 'update', 'delivered');
  const [told] = bodies('PUT');
  expect(told).toMatchObject({ ref: 'Z-1', nom: 'Lefèvre', OPTIN: 'RETRAIT' });
  expect(told).toHaveProperty('tel');
  expect(told).not.toHaveProperty('mail');
});

test('after a revocation a withdrawal that cannot be written without something new to the recipient is a task for a person, at once', async () => {
  await gateway.send(strangerRow('Z-2'));
  await until('Z-2', 'create', 'delivered');
  await publishNext([telLine, mailLine(true)]);
  await revoke();
  await withdraw('Z-2');
  await until('Z-2', 'update', 'failed:manual_update_required');
  expect(await openAlerts('manual_task')).toEqual(['manual_update_required']);
  expect(bodies('PUT')).toEqual([]);
});

test('after a revocation an opt-in the recipient was never told of is not told with a withdrawal', async () => {
  const yes = { purpose: 'marketing', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' };
  const consents = JSON.stringify([
    { ...yes, channel: 'email' },
    { ...yes, channel: 'post' },
  ]);
  await gateway.send(strangerRow('Z-3', { consents }));
  await until('Z-3', 'create', 'delivered');
  await publishNext([
    'fields:\n',
    '  - { to: OPTIN_POST, purpose: marketing, channel: post, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }\nfields:\n',
  ]);
  await revoke();
  await withdraw('Z-3');
  await until('Z-3', 'update', 'failed:manual_update_required');
  expect(bodies('PUT')).toEqual([]);
});

test('after a revocation a withdrawal names a phone that was handed over as the one to call, and not the other one', async () => {
  await publishNext(['from: identity.mobile', 'from: identity.phone']);
  await gateway.send(strangerRow('Z-4', { landline: '+33199001234' }));
  await until('Z-4', 'create', 'delivered');
  await publishNext([
    '  - { to: tel, from: identity.mobile',
    '  - { to: fixe, from: identity.landline, as: { phone: national } }\n  - { to: tel, from: identity.mobile',
  ]);
  await revoke();
  await withdraw('Z-4');
  await until('Z-4', 'update', 'delivered');
  const [told] = bodies('PUT');
  expect(told).toHaveProperty('tel');
  expect(told).not.toHaveProperty('fixe');
});

test('C24: a withdrawal does not wait for a create that may have been received and that nobody is authorised to receive again', async () => {
  await publishNext(
    ['/leads/{reference}', '/leads/{leadReference}'],
    // However late the revocation comes, nobody has given up before.
    ['retry: [1s, 1s, 2s]', 'retry: [10m, 10m, 10m]'],
  );
  crm.answer = (_request, response) => response.destroy();
  await gateway.send(strangerRow('V-6'));
  await gateway.until('it left', () => crm.received.length > 0);
  await revoke();
  await gateway.soon(
    'withheld',
    async () => (await stateOf('V-6', 'create')) === 'withheld:recipient_not_authorised',
  );
  await withdraw('V-6');
  // What the recipient holds of the person nobody knows: a person writes to it.
  await until('V-6', 'update', 'failed:manual_update_required');
  expect(await openAlerts('manual_task')).toEqual(['manual_update_required']);
});
