// A simple new lead is planned in the transaction that takes it in; one that needs more is left to the planner.
import { setTimeout as pause } from 'node:timers/promises';
import type { App } from '../../src/app.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { createIntake } from '../../src/intake/accept.ts';
import { silentLog } from '../../src/log.ts';
import type { Sql } from '../../src/store/database.ts';
import { processesTable, waitersTable } from '../support/processes.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({
    files: webhookFiles(9, { extra: 'accepts: { programme: [ES-*] }' }),
  });
  await gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'first',
    leadsFrom: new Date('2026-01-01T00:00:00Z'),
  });
});
afterAll(() => gateway.close());

const takeIn = () => gateway.app.intake.acceptBatch(100);
const plansOf = async (reference: string): Promise<readonly string[]> =>
  (await gateway.states(`l.reference = '${reference}'`)).map(({ action, state }) => `${action}:${state}`);
const left = (): Promise<readonly { readonly reference: string; readonly kind: string }[]> =>
  gateway.owner.all(
    'SELECT l.reference, c.kind FROM lead_changes c JOIN leads l ON l.id = c.lead_id ORDER BY c.id',
  );
const planRest = () => {
  const { database, published, log } = gateway.app;
  return createPlanner({ database, published, log }).planBatch(100);
};
const consentOf = (reference: string, state: string) => ({
  client_id: 'essai',
  kind: 'consent',
  reference,
  row_reference: `${reference}-${state}`,
  consents: JSON.stringify([
    { purpose: 'marketing', channel: 'email', state, recordedAt: new Date().toISOString() },
  ]),
});

test('a new lead has its delivery, or its written refusal, with the commit that takes it in', async () => {
  await gateway.send(strangerRow('F-1'), strangerRow('F-2', { programme: 'AUTRE' }));
  const { accepted, planned, unplanned } = await takeIn();
  expect({ accepted, planned, unplanned }).toEqual({
    accepted: 2,
    planned: [{ destinationId: 'essai-crm', job: undefined }],
    unplanned: 0,
  });
  expect(await plansOf('F-1')).toEqual(['create:planned']);
  expect(
    await gateway.owner.all(
      "SELECT r.reason FROM routing_refusals r JOIN leads l ON l.id = r.lead_id WHERE l.reference = 'F-2'",
    ),
  ).toEqual([{ reason: 'not_accepted:programme' }]);
  expect(await left()).toEqual([]);
});

test('a delivery that is admitted is queued as it is planned, and its job returned', async () => {
  gateway.app.freshPlanner.admitBy((_tx, inserts) => {
    for (const insert of inserts) insert.state = 'queued';
    return Promise.resolve();
  });
  await gateway.send(strangerRow('F-0'));
  const { planned } = await takeIn();
  gateway.app.freshPlanner.admitBy(undefined);
  const [row] = await gateway.owner.all<{ id: number; run: number; attempt: number; queued: number }>(
    "SELECT id, run, attempt, queued_at IS NOT NULL AS queued FROM deliveries WHERE state = 'queued'",
  );
  expect(row).toMatchObject({ run: 1, attempt: 0, queued: 1 });
  expect(planned).toEqual([
    {
      destinationId: 'essai-crm',
      job: { deliveryId: row?.id, run: 1, attempt: 1, priority: 0, destinationId: 'essai-crm' },
    },
  ]);
});

test('a lead with a further row, or with an address under which a consent was taken back, is left to the planner', async () => {
  await gateway.send(strangerRow('F-3'), consentOf('F-3', 'refused'));
  expect(await takeIn()).toMatchObject({ accepted: 2, planned: [], unplanned: 2 });
  await planRest();
  await gateway.send(strangerRow('F-4', { email: 'f-3@courriel.example' }));
  expect(await takeIn()).toMatchObject({ accepted: 1, planned: [] });
  expect((await left()).map(({ reference, kind }) => `${reference}:${kind}`)).toContain('F-4:created');
  await planRest();
  expect([await plansOf('F-3'), (await plansOf('F-4')).length > 0, await left()]).toEqual([
    expect.arrayContaining(['create:planned']),
    true,
    [],
  ]);
});

test('a lead whose planning the database rejects is taken in all the same, and the planner sets its change aside', async () => {
  await gateway.owner.text(
    `CREATE TRIGGER poison BEFORE INSERT ON deliveries FOR EACH ROW
       IF (SELECT l.reference FROM leads l WHERE l.id = NEW.lead_id) = 'F-5' THEN SIGNAL SQLSTATE '45000'; END IF`,
  );
  await gateway.send(strangerRow('F-5'), strangerRow('F-6'));
  expect(await takeIn()).toMatchObject({ accepted: 2, refused: 0, planned: [], unplanned: 2 });
  await planRest();
  await gateway.owner.text('DROP TRIGGER poison');
  expect([await plansOf('F-5'), await plansOf('F-6')]).toEqual([[], ['create:planned']]);
  expect(await left()).toEqual([{ reference: 'F-5', kind: 'created' }]);
});

test('a publication waits for the leads that are being taken in before it reads the time from which it takes leads', async () => {
  const { owner, app } = gateway;
  gateway.file(
    'essai/second.yaml',
    (webhookFiles(9)['essai/crm.yaml'] ?? '').replaceAll('essai-crm', 'essai-second'),
  );
  gateway.file(
    'essai/client.yaml',
    (webhookFiles(9)['essai/client.yaml'] ?? '').replace(
      /(\n {2}- \{ recipient: Essai CRM.*)/,
      (line) => `${line}${line.replaceAll('essai-crm', 'essai-second')}`,
    ),
  );
  let published: Promise<unknown> = Promise.resolve();
  let waiting: readonly { readonly asked: string }[] = [];
  await owner.transaction(async (tx) => {
    await tx.all("SELECT id FROM clients WHERE id = 'essai' LOCK IN SHARE MODE");
    published = app.publishing.publish({ destinationId: 'essai-second', author: 'tester', note: 'second' });
    await gateway.until('the publication waits for the client', async () => {
      // MariaDB shows the same picture again to a caller that looks within 100 ms of the last look.
      await pause(120);
      waiting = await owner.all<{ asked: string }>(
        `SELECT p.INFO AS asked FROM ${await processesTable(owner)} p JOIN ${await waitersTable(owner)} t ON t.id = p.ID
          WHERE p.DB = DATABASE()`,
      );
      return waiting.length > 0;
    });
  });
  await published;
  // Before anything is read or written, the time from which it takes leads included.
  expect(waiting).toEqual([{ asked: expect.stringMatching(/FROM clients .*FOR UPDATE/s) as string }]);
});

test('a rollback changes the destinations of its client as a publication does: an intake that read them before reads them again', async () => {
  const { owner, app } = gateway;
  const revision = async (): Promise<number> =>
    (
      await owner.all<{ revision: number }>(
        "SELECT lists_revision AS revision FROM clients WHERE id = 'essai'",
      )
    )[0]?.revision ?? -1;
  const before = await revision();
  await app.publishing.rollback({
    destinationId: 'essai-crm',
    version: 1,
    actor: 'tester',
    reason: 'ticket 7',
  });
  expect(await revision()).toBe(before + 1);
});

test('a process whose clock follows the database seconds behind plans a lead for a destination that was published a moment before', async () => {
  const { app } = gateway;
  gateway.file(
    'essai/third.yaml',
    (webhookFiles(9)['essai/crm.yaml'] ?? '').replaceAll('essai-crm', 'essai-third'),
  );
  gateway.file(
    'essai/client.yaml',
    (webhookFiles(9)['essai/client.yaml'] ?? '').replace(
      /(\n {2}- \{ recipient: Essai CRM.*)/,
      (line) => `${line}${line.replaceAll('essai-crm', 'essai-third')}`,
    ),
  );
  await app.publishing.publish({ destinationId: 'essai-third', author: 'tester', note: 'third' });
  const behind = (sql: Sql): Sql => ({ ...sql, now: () => new Date(sql.now().getTime() - 5_000) });
  const database: App['database'] = {
    ...app.database,
    ...behind(app.database),
    transaction: (work, options) => app.database.transaction((tx) => work(behind(tx)), options),
  };
  const { secrets, oppositionKey, freshPlanner } = app;
  const intake = createIntake({
    ...{ database, secrets, oppositionKey, log: silentLog, digestKey: Buffer.alloc(32, 1) },
    snapshot: () => Promise.resolve(),
    planFresh: freshPlanner.plan,
  });
  await gateway.send(strangerRow('F-9'));
  expect(await intake.acceptBatch(100)).toMatchObject({ accepted: 1 });
  await planRest();
  expect((await gateway.states("l.reference = 'F-9'")).map((row) => row.destination)).toContain(
    'essai-third',
  );
});
