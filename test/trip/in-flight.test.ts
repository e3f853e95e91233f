// What changes while a delivery is on its way: the endpoint, the opt-in, the person's will, the database itself.
import { createMaintenance } from '../../src/delivery/background/maintenance.ts';
import { cancel } from '../support/replay.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { silentLog } from '../../src/log.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { processesTable } from '../support/processes.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const by = { actor: 'tester', reason: 'test' };
const files = (over: Parameters<typeof webhookFiles>[1] = {}): Readonly<Record<string, string>> =>
  webhookFiles(crm.port, over);
const publish = (text?: string): Promise<unknown> => {
  if (text !== undefined) gateway.file('essai/crm.yaml', text);
  return gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a version' });
};
const stateOf = async (reference: string, action = 'create'): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join(' | ');
const until = (reference: string, action: string, wanted: RegExp): Promise<void> =>
  gateway.until(`${reference} ${action} ${wanted.source}`, async () =>
    wanted.test(await stateOf(reference, action)),
  );
/** However late comes what a test does between two tries, nobody has given up before; `soon` brings the next one forward. */
const unhurried = `retry: [${Array(12).fill('10m').join(', ')}]`;
const consentRow = (reference: string, state: string): IntakeValues => ({
  client_id: 'essai',
  kind: 'consent',
  reference,
  row_reference: `${reference}-${state}`,
  consents: JSON.stringify([
    { purpose: 'marketing', channel: 'email', state, recordedAt: new Date().toISOString() },
  ]),
});

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  gateway = await openGateway({ files: files() });
  await publish();
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

test('a moved endpoint repairs the retries: the same content under the same key goes to the new address', async () => {
  const moved = await startHttpRecipient();
  try {
    moved.answer = crm.answer;
    crm.answer = (_request, response) => void response.destroy();
    await publish((files()['essai/crm.yaml'] ?? '').replace(/retry: .*/, unhurried));
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('I-1'));
    await until('I-1', 'create', /^waiting/);
    await publish(
      (webhookFiles(moved.port)['essai/crm.yaml'] ?? '').replace(
        '{ to: ref, from: id',
        '{ to: dossier, from: id',
      ),
    );
    await gateway.soon('tried again', async () => (await stateOf('I-1')).startsWith('delivered'));
    const [first, again] = [crm.received[0], moved.received[0]];
    expect(again?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
    expect(again?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    await gateway.send(leadRow('I-2'));
    await until('I-2', 'create', /^delivered/);
    expect(JSON.parse(moved.received.at(-1)?.body.toString() ?? '{}')).toMatchObject({ dossier: 'I-2' });
  } finally {
    await moved.close();
  }
});

test('a create that may have arrived and was held for its opt-in goes on when the consent comes back', async () => {
  const consent =
    '  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: hold } }';
  await publish((files({ consent })['essai/crm.yaml'] ?? '').replace(/retry: .*/, unhurried));
  await gateway.start('planner', 'worker');
  crm.answer = (_request, response) => void response.destroy();
  await gateway.send(leadRow('I-3'));
  await gateway.until('departed', () => crm.received.length > 0);
  await gateway.send(consentRow('I-3', 'withdrawn'));
  const isWithdrawn = "SELECT 1 FROM consents WHERE state = 'withdrawn'";
  await gateway.until('withdrawn', async () => (await gateway.owner.all(isWithdrawn)).length === 1);
  await gateway.soon('held', async () => (await stateOf('I-3')).startsWith('withheld:opt_in_held'));
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-3"}');
  await gateway.send(consentRow('I-3', 'granted'));
  await until('I-3', 'create', /^delivered/);
  await gateway.until('updated', async () => /delivered/.test(await stateOf('I-3', 'update')));
});

test('C22: a lead erased while it is on its way is not tried again, and its erasure is settled at once', async () => {
  await gateway.start('planner', 'worker');
  let answer: (() => void) | undefined;
  crm.answer = (_request, response) => {
    answer = () => void response.writeHead(503).end();
  };
  await publish((files()['essai/crm.yaml'] ?? '').replace(/retry: .*/, 'retry: [1h, 1h]'));
  await gateway.send(leadRow('I-4'));
  await gateway.until('on its way', () => answer !== undefined);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'I-4', ...by });
  answer?.();
  await until('I-4', 'create', /^cancelled:erased$/);
  // Nobody can say whether it arrived, and there is no look-up: a person asks the client.
  await until('I-4', 'erase', /^failed:manual_erasure_required$/);
  expect(crm.received).toHaveLength(1);
});

test('an answer that comes while the database is away is settled when it is back, and is not sent again', async () => {
  await gateway.start('planner', 'worker');
  let cut = 0;
  crm.answer = (_request, response) => {
    void (async () => {
      const mine = await gateway.owner.all<{ ID: number }>(
        `SELECT ID FROM ${await processesTable(gateway.owner)} WHERE USER LIKE ?`,
        [`${new URL(gateway.config.mysql.gatewayUrl).username}%`],
      );
      for (const { ID } of mine) await gateway.owner.text(`KILL ${ID}`).catch(() => undefined);
      cut = mine.length;
      response.writeHead(200).end('{"success":true,"id":"C-5"}');
    })();
  };
  await gateway.send(leadRow('I-5'));
  await until('I-5', 'create', /^delivered/);
  expect(cut).toBeGreaterThan(0);
  expect(crm.received).toHaveLength(1);
  expect((await gateway.entries()).map((one) => one.entry)).toEqual(
    expect.arrayContaining(['departed', 'outcome']),
  );
  expect((await gateway.entries()).map((one) => one.entry)).not.toContain('outcome_unknown');
});

test('resuming a destination lifts a pause of hours its recipient asked for', async () => {
  await gateway.start('planner', 'worker');
  crm.answer = (_request, response) => void response.writeHead(429, { 'retry-after': '7200' }).end();
  await gateway.send(leadRow('I-6'));
  await until('I-6', 'create', /^waiting:throttled/);
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-6"}');
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'active', by);
  await until('I-6', 'create', /^delivered/);
  await expect(setDestinationStatus(gateway.app.database, 'essai-crm', 'active', by)).rejects.toMatchObject({
    code: 'DEST-001',
  });
});

test('cancelling a create lets the update behind it move, and a cancelled one stays cancelled', async () => {
  await publish((files()['essai/crm.yaml'] ?? '').replace(/retry: .*/, 'retry: [1h, 1h]'));
  await gateway.start('planner', 'worker');
  crm.answer = (_request, response) => void response.destroy();
  await gateway.send(leadRow('I-7'));
  await until('I-7', 'create', /^waiting/);
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'I-7' },
    ...{ row_reference: 'I-7-k', last_name: 'Bernard' },
  });
  await until('I-7', 'update', /^waiting:waits_for_create/);
  const [create] = await gateway.states("l.reference = 'I-7' AND d.action = 'create'");
  expect((await cancel(gateway.app.database, [create?.id ?? 0], by)).ended).toEqual([create?.id]);
  // The recipient may have it, and nobody can name its record: the change stands, as a task, until support says.
  await until('I-7', 'update', /^withheld:create_unsettled/);
  expect(await stateOf('I-7')).toBe('cancelled:by_support');
});

test('an erase whose recipient knows the lead but names no reference is sent where none is needed', async () => {
  await publish(
    `${(files()['essai/crm.yaml'] ?? '')
      .replaceAll('/leads/{reference}', '/leads?ref={leadReference}')
      .replace(
        /^send: .*$/m,
        `send: { url: 'http://localhost:${crm.port}/leads', lookup: { url: 'http://localhost:${crm.port}/find?ref={leadReference}' } }\nonUnknown: lookup`,
      )
      .replace(
        /^response:$/m,
        'response:\n  - { accepted: { status: 200 }, on: lookup }\n  - { absent: { status: 404 }, on: lookup }',
      )}`,
  );
  await gateway.start('planner', 'worker');
  crm.answer = (_request, response) => void response.destroy();
  await gateway.send(leadRow('I-8'));
  await until('I-8', 'create', /^waiting:unknown_lookup/);
  crm.answer = (request, response) =>
    void response.writeHead(200).end(request.method === 'GET' ? '{}' : '{"success":true}');
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'I-8', ...by });
  await until('I-8', 'erase', /^delivered/);
  expect(crm.received.at(-1)).toMatchObject({ method: 'DELETE', url: '/leads?ref=I-8' });
});

test('a delivery withheld for an address that is a secret is not looked at every few seconds', async () => {
  await publish(
    (files()['essai/crm.yaml'] ?? '').replace(
      `send: { url: 'http://localhost:${crm.port}/leads' }`,
      'send: { url: secret:CRM_URL }',
    ),
  );
  await gateway.owner.run(
    "INSERT INTO leads (id, client_id, reference, channel, collected_at, operation_kind) VALUES (900, 'essai', 'I-9', 'web_form', UTC_TIMESTAMP(3), 'programme')",
  );
  await gateway.owner.run(
    `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at)
     VALUES ('essai', 'essai-crm', 900, 1, 'create', UUID(), 'withheld', 'recipient_not_authorised', UTC_TIMESTAMP(3), '2099-01-01')`,
  );
  const sweeper = createMaintenance({
    ...{ database: gateway.app.database, published: gateway.app.published, log: silentLog },
    producer: { push: () => Promise.resolve() },
  });
  expect(await sweeper.reopenRepaired(new Date())).toBe(0);
  expect(await sweeper.reopenRepaired(new Date(Date.now() + 2 * 3_600_000))).toBe(1);
});

test('C16: a withdrawal planned while a second try says it is followed by an update: a recipient that knows the key answers from the first', async () => {
  await gateway.start('planner', 'worker');
  /** What a recipient holds that takes each key once. */
  const holds = new Map<string, string>();
  let answer: (() => void) | undefined;
  crm.answer = (request, response) => {
    const { OPTIN } = JSON.parse(request.body.toString()) as { OPTIN: string };
    const key = String(request.headers['idempotency-key']);
    if (!holds.has(key)) holds.set(key, OPTIN);
    const accept = (): void => void response.writeHead(200).end('{"success":true,"id":"C-9"}');
    if (crm.received.length === 1) response.destroy();
    else if (request.method === 'POST') answer = accept;
    else accept();
  };
  await gateway.send(leadRow('I-9'));
  await until('I-9', 'create', /^waiting:retry/);
  await gateway.owner.text(
    'CREATE TRIGGER late BEFORE INSERT ON lead_changes FOR EACH ROW SET NEW.priority = 2',
  );
  await gateway.send(consentRow('I-9', 'withdrawn'));
  await gateway.until('the second try is on its way', () => answer !== undefined);
  await gateway.owner.text('DROP TRIGGER late');
  await gateway.owner.run('UPDATE lead_changes SET priority = 0');
  await gateway.until(
    'planned',
    async () => (await gateway.owner.all('SELECT 1 FROM lead_changes')).length === 0,
  );
  answer?.();
  await until('I-9', 'update', /^delivered/);
  expect([...holds.values()]).toEqual(['OUI', 'RETRAIT']);
});
