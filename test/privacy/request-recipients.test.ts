// A request whose leads are many, whose recipients are asked in writing, and whose time is watched: whole, and nobody forgotten.
import { watchRequests } from '../../src/privacy/requests/watch.ts';
import type { NewRequestOrder } from '../../src/privacy/requests/open.ts';
import { appendHandovers } from '../../src/store/log/handovers.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  const files = webhookFiles(9);
  gateway = await openGateway({
    files: {
      ...files,
      'essai/client.yaml': (files['essai/client.yaml'] ?? '').replace(
        'hosts: [localhost]',
        'hosts: [localhost]\nmailboxes: [leads@essai.example, dpo@essai.example]',
      ),
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  // No delivery is planned as a lead is taken in, whatever time has passed since.
  await gateway.owner.run("UPDATE destinations SET leads_from = '2199-01-01'");
});
afterAll(() => gateway.close());

const by = { actor: 'Sophie' };
const all = { selection: { leads: 'all', rows: 'all' }, identity: 'seen', ...by } as const;
const refused = (code: string) => expect.objectContaining({ code }) as object;
const open = async (order: Pick<NewRequestOrder, 'kind'> & Partial<NewRequestOrder>): Promise<number> =>
  (await gateway.app.requests.open({ clientId: 'essai', ...by, ...order })).id;
async function take(...rows: readonly IntakeValues[]): Promise<void> {
  await gateway.send(...rows);
  await gateway.until('taken in', async () => {
    await gateway.app.intake.acceptBatch(100);
    return (await gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'new' LIMIT 1")).length === 0;
  });
}
const leadOf = async (reference: string): Promise<number> =>
  (await gateway.owner.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [reference]))[0]?.id ??
  0;
/** As if a recipient had it, whether its intake has planned it or not: no planner and no worker has to run. */
async function received(reference: string, target: string): Promise<number> {
  const leadId = await leadOf(reference);
  await gateway.owner.run(
    `INSERT INTO deliveries (delivery_key, client_id, lead_id, destination_id, action, revision, state, departures, first_departed_at, due_at, expires_at)
     VALUES (UUID(), 'essai', ?, 'essai-crm', 'create', 1, 'delivered', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE state = 'delivered', reason = '', departures = 1, first_departed_at = UTC_TIMESTAMP(3)`,
    [leadId],
  );
  await gateway.app.database.transaction((tx) =>
    appendHandovers(tx, [
      {
        ...{
          entry: 'departed',
          clientId: 'essai',
          leadId,
          destinationId: 'essai-crm',
          deliveryId: 1,
          actor: 'worker',
        },
        recipient: 'Essai CRM',
        target,
      },
    ]),
  );
  return leadId;
}

test('C22: a correction of many leads is made on all of them or on none', async () => {
  const email = 'many@courriel.example';
  await take(...Array.from({ length: 53 }, (_, index) => strangerRow(`MANY-${index + 1}`, { email })));
  const id = await open({ kind: 'rectification', email });
  await gateway.owner.text(
    "CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW IF NEW.reference = 'MANY-53' AND NEW.revision > OLD.revision THEN SIGNAL SQLSTATE '45000'; END IF",
  );
  const corrections = { values: { last_name: 'Nouveaunom' }, clear: [] };
  await expect(gateway.app.requests.apply(id, { ...all, corrections })).rejects.toThrow();
  await gateway.owner.text('DROP TRIGGER broken');
  const renamed = async (): Promise<number> =>
    (await gateway.owner.all("SELECT 1 FROM prospects WHERE last_name = 'Nouveaunom'")).length;
  expect(await renamed()).toBe(0);
  expect(await gateway.app.requests.apply(id, { ...all, corrections })).toMatchObject({ leads: 53 });
  expect(await renamed()).toBe(53);
});

test('C24: an objection is told to who was told a yes, also where it has ended by itself and nobody could be told that', async () => {
  const email = 'lapsed@courriel.example';
  const recordedAt = new Date(Date.now() - 364 * 86_400_000);
  const granted = { purpose: 'marketing', channel: 'phone', state: 'granted', recordedAt };
  const proof = { legalEntity: 'ESSAI PROMOTION SAS', wordingVersion: 'v3' };
  await take(strangerRow('LAPSED-1', { email, consents: JSON.stringify([{ ...granted, ...proof }]) }));
  const leadId = await received('LAPSED-1', 'crm.essai.example');
  await gateway.owner.run(
    'UPDATE consents SET recorded_at = TIMESTAMPADD(DAY, -2, recorded_at) WHERE lead_id = ?',
    [leadId],
  );
  const id = await open({
    kind: 'objection',
    email,
    optIns: { purposes: ['marketing'], channels: ['phone'] },
  });
  await gateway.app.requests.apply(id, all);
  expect(
    await gateway.owner.all(
      'SELECT lead_id AS leadId, destination_id AS destination FROM request_recipients WHERE request_id = ?',
      [id],
    ),
  ).toEqual([{ leadId, destination: 'essai-crm' }]);
});

test('C24: an objection is told in writing to who has no field for what it names, whatever update it accepted', async () => {
  const yes = {
    purpose: 'marketing',
    state: 'granted',
    recordedAt: new Date(),
    legalEntity: 'ESSAI PROMOTION SAS',
    wordingVersion: 'v3',
  };
  const consents = JSON.stringify(['email', 'phone'].map((channel) => ({ ...yes, channel })));
  const told = { field: 'OPTIN', value: 'OUI', purpose: 'marketing', channel: 'email', state: 'granted' };
  const stateAfter = async (
    reference: string,
    ...channels: ('email' | 'sms' | 'phone')[]
  ): Promise<readonly string[]> => {
    await take(strangerRow(reference, { email: `${reference}@courriel.example`, consents }));
    const leadId = await received(reference, 'crm.essai.example');
    const about = { clientId: 'essai', leadId, destinationId: 'essai-crm', deliveryId: 1, actor: 'worker' };
    await gateway.app.database.transaction((tx) =>
      appendHandovers(tx, [
        { ...about, entry: 'departed', run: 1, attempt: 1, consents: [told] },
        { ...about, entry: 'outcome', run: 1, attempt: 1, outcome: 'accepted' },
      ]),
    );
    const optIns = { purposes: ['marketing'], channels } as const;
    const id = await open({ kind: 'objection', references: [reference], optIns });
    await gateway.app.requests.apply(id, all);
    await gateway.owner.run('DELETE FROM lead_changes WHERE lead_id = ?', [leadId]);
    await gateway.owner.run(
      `INSERT INTO deliveries (delivery_key, client_id, lead_id, destination_id, action, revision, state, reason, departures, due_at, expires_at)
       SELECT UUID(), 'essai', id, 'essai-crm', 'update', revision, 'delivered', 'accepted', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM leads WHERE id = ?`,
      [leadId],
    );
    return (await gateway.app.requests.show(id)).recipients.map(({ state, cause }) => `${state}:${cause}`);
  };
  expect(await stateAfter('FIELD-1', 'email')).toEqual(['acknowledged:accepted']);
  expect(await stateAfter('FIELD-2', 'sms')).toEqual(['written:manual_update_required']);
  // No yes was given for messages; the one for calls is no field of this recipient.
  expect(await stateAfter('FIELD-3', 'email', 'sms')).toEqual(['acknowledged:accepted']);
  expect(await stateAfter('FIELD-4', 'email', 'phone')).toEqual(['written:manual_update_required']);
});

test('C22: an erasure of many leads that was interrupted goes on where it stopped; of two officers one ends it', async () => {
  const email = 'more@courriel.example';
  await take(...Array.from({ length: 53 }, (_, index) => strangerRow(`MORE-${index + 1}`, { email })));
  const id = await open({ kind: 'erasure', email });
  await gateway.owner.text(
    "CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW IF NEW.reference = 'MORE-53' AND NEW.erased_at IS NOT NULL THEN SIGNAL SQLSTATE '45000'; END IF",
  );
  const { requests } = gateway.app;
  await expect(requests.apply(id, all)).rejects.toThrow();
  await gateway.owner.text('DROP TRIGGER broken');
  const { request, subjects } = await requests.show(id);
  expect([request.state, request.confirmedBy]).toEqual(['open', 'Sophie']);
  expect(subjects.filter(({ appliedAt }) => appliedAt !== null)).toHaveLength(50);
  // What was confirmed is not chosen again.
  await expect(requests.apply(id, all)).rejects.toEqual(refused('REQUEST-001'));
  const both = await Promise.allSettled([requests.apply(id, { actor: 'Karim' }), requests.apply(id, by)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const applied = await gateway.owner.all('SELECT 1 FROM handovers WHERE reason = ? AND purpose = ?', [
    'applied:erasure',
    `request ${id}`,
  ]);
  expect(applied).toHaveLength(1);
  expect(
    await gateway.owner.all(
      "SELECT 1 FROM prospects p JOIN leads l ON l.id = p.lead_id WHERE l.reference LIKE 'MORE-%'",
    ),
  ).toEqual([]);
});

test('C24: an acknowledgement settles every failed delivery of the recipient, not the last alone', async () => {
  await take(strangerRow('EV-1'));
  const leadId = await received('EV-1', 'leads@essai.example');
  const id = await open({ kind: 'withdrawal', references: ['EV-1'] });
  const { requests } = gateway.app;
  await requests.apply(id, all);
  await gateway.owner.run('DELETE FROM lead_changes WHERE lead_id = ?', [leadId]);
  for (const revision of [2, 3])
    await gateway.owner.run(
      `INSERT INTO deliveries (delivery_key, client_id, lead_id, destination_id, action, revision, state, reason, due_at, expires_at, settled_at)
       VALUES (UUID(), 'essai', ?, 'essai-crm', 'update', ?, 'failed', 'manual_update_required', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
      [leadId, revision],
    );
  await requests.acknowledge(id, { ...by, destinationId: 'essai-crm', evidence: 'mail', isExplained: false });
  expect(
    await gateway.owner.all(
      'SELECT d.revision FROM task_closings t JOIN deliveries d ON d.id = t.delivery_id WHERE d.lead_id = ? ORDER BY 1',
      [leadId],
    ),
  ).toEqual([{ revision: 2 }, { revision: 3 }]);
});

test('C24: who was asked to restrict hears that it is lifted, and is reminded of it no more', async () => {
  await take(strangerRow('LI-1'));
  await received('LI-1', 'leads@essai.example');
  const id = await open({ kind: 'restriction', references: ['LI-1'] });
  const { requests, database } = gateway.app;
  await requests.apply(id, all);
  const recipients = async (): Promise<readonly string[]> =>
    (await requests.show(id)).recipients.map(({ state, cause }) => `${state}:${cause}`);
  expect(await recipients()).toEqual(['written:restriction']);
  await requests.lift(id, { ...by, evidence: 'letter of 2026-12-10' });
  expect(await recipients()).toEqual(['explained:lifted']);
  await gateway.owner.run(
    'UPDATE request_recipients SET asked_at = TIMESTAMPADD(DAY, -8, asked_at) WHERE request_id = ?',
    [id],
  );
  await watchRequests({ database, onBroken: () => undefined });
  const mails = await gateway.owner.all<{ addressee: string; subject: string }>(
    "SELECT addressee, subject FROM client_mails WHERE kind IN ('recipient_request', 'request_reminder') AND mail_key LIKE ? ORDER BY id",
    [`request-${id}-%`],
  );
  const [asked, lifted] = ['traitement à limiter chez vous', 'limitation du traitement levée'].map(
    (what) => `Demande n° ${id} d’un prospect : ${what}`,
  );
  expect(mails).toEqual([
    { addressee: 'contact', subject: asked },
    { addressee: 'mailbox', subject: asked },
    { addressee: 'contact', subject: lifted },
    { addressee: 'mailbox', subject: lifted },
  ]);
  expect(
    await gateway.owner.all(
      "SELECT 1 FROM alerts WHERE kind = 'request_recipient' AND reason LIKE ? AND closed_at IS NULL",
      [`${id}:%`],
    ),
  ).toEqual([]);
});

test('C21: a restriction that was carried out in part is not closed as refused: nobody could lift it then', async () => {
  const email = 'partly@courriel.example';
  const over = { email, mobile: null };
  await take(...Array.from({ length: 53 }, (_, index) => strangerRow(`PART-${index + 1}`, over)));
  const id = await open({ kind: 'restriction', email });
  await gateway.owner.text(
    "CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW IF NEW.reference = 'PART-53' AND NEW.restricted_at IS NOT NULL THEN SIGNAL SQLSTATE '45000'; END IF",
  );
  const { requests } = gateway.app;
  await expect(requests.apply(id, all)).rejects.toThrow();
  await gateway.owner.text('DROP TRIGGER broken');
  await requests.declareInformed(id, { ...by, evidence: 'letter of 2026-12-01' });
  await expect(
    requests.close(id, { ...by, outcome: 'refused', reason: 'identity not proved' }),
  ).rejects.toEqual(refused('REQUEST-004'));
  await requests.apply(id, by);
  expect((await requests.lift(id, { ...by, evidence: 'letter of 2026-12-10' })).leads).toBe(53);
});

test('C22: an officer whose work another has brought to its end meanwhile hears that it is done', async () => {
  const email = 'meanwhile@courriel.example';
  await take(...Array.from({ length: 53 }, (_, index) => strangerRow(`MEAN-${index + 1}`, { email })));
  const id = await open({ kind: 'erasure', email });
  const { requests, database } = gateway.app;
  const real = database.transaction.bind(database);
  let calls = 0;
  // Before the second part of the one, the other does all that is left.
  const spied = jest.spyOn(database, 'transaction').mockImplementation(async (work, options) => {
    calls += 1;
    if (calls === 3) {
      spied.mockRestore();
      await requests.apply(id, { actor: 'Karim' });
    }
    return real(work, options);
  });
  expect(await requests.apply(id, all)).toMatchObject({ leads: 50, rows: 0 });
  expect((await requests.show(id)).request).toMatchObject({ state: 'applied', appliedBy: 'Karim' });
});

test('C24: only mailboxes of the contract are written to, the contact once; asked in writing stays so until somebody answers', async () => {
  await take(strangerRow('MB-1'));
  const leadId = await received('MB-1', 'ancien@ailleurs.example, leads@essai.example, dpo@essai.example');
  const id = await open({ kind: 'erasure', references: ['MB-1'] });
  await gateway.app.requests.apply(id, all);
  // Planned, and no delivery came of it.
  await gateway.owner.run('DELETE FROM lead_changes WHERE lead_id = ?', [leadId]);
  const stateOf = async (): Promise<readonly string[]> =>
    (await gateway.app.requests.show(id)).recipients.map(({ state, cause }) => `${state}:${cause}`);
  expect(await stateOf()).toEqual(['written:no_delivery']);
  const mails = await gateway.owner.all<{ addressee: string; mailbox: string }>(
    "SELECT addressee, mailbox FROM client_mails WHERE kind = 'recipient_request' AND mail_key LIKE ? ORDER BY id",
    [`request-${id}-%`],
  );
  expect(mails).toEqual([
    { addressee: 'contact', mailbox: '' },
    { addressee: 'mailbox', mailbox: 'leads@essai.example' },
  ]);
  // A mail that arrives without a proof is no answer.
  await gateway.owner.run(
    `INSERT INTO deliveries (delivery_key, client_id, lead_id, destination_id, action, revision, state, reason, departures, due_at, expires_at)
     VALUES (UUID(), 'essai', ?, 'essai-crm', 'erase', 9, 'delivered', 'unproved', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
    [leadId],
  );
  expect(await stateOf()).toEqual(['written:no_delivery']);
  await expect(gateway.app.requests.close(id, { ...by, outcome: 'done', reason: '' })).rejects.toEqual(
    refused('REQUEST-004'),
  );
  await gateway.app.requests.acknowledge(id, {
    ...by,
    destinationId: 'essai-crm',
    evidence: 'their screen',
    isExplained: true,
  });
  // What a person settled stays, whatever a delivery says later.
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'failed', reason = 'exhausted' WHERE lead_id = ? AND action = 'erase'",
    [leadId],
  );
  expect((await stateOf())[0]).toMatch(/^explained/);
});

test('one request that cannot be looked at keeps no other from its alert', async () => {
  const [first, second] = [
    await open({ kind: 'access', email: 'a@courriel.example' }),
    await open({ kind: 'access', email: 'b@courriel.example' }),
  ];
  await gateway.owner.run(
    "UPDATE requests SET state = IF(id IN (?, ?), 'open', 'closed'), received_at = TIMESTAMPADD(DAY, -22, UTC_TIMESTAMP(3))",
    [first, second],
  );
  const broken: number[] = [];
  const watch = (): Promise<void> =>
    watchRequests({ database: gateway.app.database, onBroken: (request) => void broken.push(request) });
  const { database } = gateway.app;
  const real = database.transaction.bind(database);
  let calls = 0;
  const spied = jest.spyOn(database, 'transaction').mockImplementation((work, options) => {
    calls += 1;
    if (calls === 1) throw new TypeError('broken');
    return real(work, options);
  });
  await watch();
  spied.mockRestore();
  expect(broken).toEqual([first]);
  const alerted = async (): Promise<readonly string[]> =>
    (
      await gateway.owner.all<{ reason: string }>(
        "SELECT reason FROM alerts WHERE kind = 'request_due' ORDER BY id",
      )
    ).map(({ reason }) => reason);
  expect(await alerted()).toEqual([`${second}:day_21`]);
  await watch();
  await watch();
  expect(await alerted()).toEqual([`${second}:day_21`, `${first}:day_21`]);
});
