// Rows that are shown to wait for their file at the moment when it is collected: they stand in the file of their hour, and of a lead
// that does not, no change counts as told.
import { createFiles, type Files } from '../../src/delivery/files/collect.ts';
import { silentLog } from '../../src/log.ts';
import { startWorker } from '../../src/roles/worker.ts';
import type { Database, Sql } from '../../src/store/database.ts';
import { showHeld } from '../../src/store/deliveries/held-back.ts';
import { openDropGateway, type DropGateway, type FlowLines } from '../trip/drop.ts';
import { strangerRow } from '../trip/gateway.ts';

let gateway: DropGateway;
afterEach(() => gateway.close());

const partRows = 3;
const open = async (over: FlowLines = {}): Promise<void> => {
  gateway = await openDropGateway(over, silentLog, { RELAIS_FILE_PART_ROWS: String(partRows) });
};
const filesOn = (database: Database): Files =>
  createFiles({
    log: silentLog,
    ...{ database, published: gateway.app.published, partRows },
    producer: { push: () => Promise.resolve() } as unknown as Parameters<typeof createFiles>[0]['producer'],
  });
const wholes = async (state: string): Promise<number> =>
  (await gateway.owner.all("SELECT 1 FROM batches WHERE role <> 'part' AND state = ?", [state])).length;

/** `showHeld`, as the slots' loop of a planner calls it, in a transaction that is committed when told. */
async function shownUntil(): Promise<{ readonly commit: () => Promise<void> }> {
  const go = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const ended = gateway.app.database.transaction(async (tx) => {
    await showHeld(tx, 'essai-csv', 'slot', 10_000);
    begun.resolve();
    await go.promise;
  });
  await begun.promise;
  return {
    commit: async () => {
      go.resolve();
      await ended;
    },
  };
}

/** The database, and what is done once somebody has asked whether creations wait that stand in no file. */
function onceAsked(database: Database, work: () => Promise<void>): Database {
  let done = false;
  return {
    ...database,
    transaction: (inside, options) =>
      database.transaction((tx) => {
        const watched: Sql = {
          ...tx,
          all: async <Row>(sql: string, values: Parameters<Sql['all']>[1] = []) => {
            const rows = await tx.all<Row>(sql, values);
            const isAsked = sql.includes('SELECT 1 FROM deliveries FORCE INDEX (deliveries_due)');
            if (
              !done &&
              isAsked &&
              [sql, ...values].join(' ').includes('waiting') &&
              values.includes('create')
            ) {
              done = true;
              await work();
            }
            return rows;
          },
        };
        return inside(watched);
      }, options),
  };
}

const withdrawn = (reference: string): Promise<unknown> =>
  gateway.app.rights.withdraw({
    clientId: 'essai',
    actor: 'tester',
    reason: 'test',
    reference,
    purpose: 'marketing',
    channels: ['email'],
  });

test('five leads that are being shown to wait while their file is collected: all of them stand in it', async () => {
  await open();
  const [planner] = await gateway.start('planner');
  await gateway.send(...['B-1', 'B-2', 'B-3', 'B-4', 'B-5'].map((name) => strangerRow(name)));
  await gateway.collectable(5);
  await planner?.stop();
  await gateway.owner.run("UPDATE deliveries SET state = 'planned', reason = ''");
  await gateway.ask();
  const shown = await shownUntil();
  const files = filesOn(onceAsked(gateway.app.database, shown.commit));
  for (let look = 1; look <= 6; look += 1) await files.collect();
  expect(await gateway.counts()).toEqual({ queued: 5 });
});

test('C20: a change of a lead that was left out of a file of all leads is not told by it', async () => {
  await open({ file: '  mode: full' });
  const names = Array.from({ length: 10 }, (_, index) => `F-${index + 1}`);
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(...names.map((name) => strangerRow(name)));
  await gateway.collectable(10);
  await gateway.ask();
  await gateway.until('the first file', async () => (await wholes('sent')) === 1);
  for (const reference of names) await withdrawn(reference);
  await gateway.until('its changes', async () => (await gateway.states("d.action = 'update'")).length === 10);
  for (const role of roles) await role.stop();
  await gateway.ask();
  const files = filesOn(gateway.app.database);
  await files.noteSlots(gateway.app.database.now());
  const parts = async (): Promise<number> =>
    (await gateway.owner.all("SELECT 1 FROM batches WHERE role = 'part' AND state = 'open'")).length;
  for (let look = 1; look <= 30 && (await parts()) < 2; look += 1) await files.collect();
  // Four leads that no file will ask for: as if a planner had lost sight of them.
  await gateway.owner.run(
    "UPDATE deliveries SET due_at = TIMESTAMPADD(HOUR, 1, UTC_TIMESTAMP(3)), state = 'waiting', reason = 'slot' WHERE action = 'create' AND state = 'planned'",
  );
  await gateway.start('planner', 'worker');
  await gateway.until('the second file', async () => (await wholes('sent')) === 2);
  const told = async (): Promise<number> =>
    (await gateway.states("d.action = 'update' AND d.state = 'delivered'")).length;
  await gateway.until('what it told', async () => (await told()) >= 6);
  await gateway.until(
    'there is no more of it',
    async () => (await gateway.owner.all('SELECT 1 FROM full_files WHERE is_told = 1')).length === 1,
  );
  expect([await told(), (await gateway.states("d.action = 'update'")).length]).toEqual([6, 10]);
});

test('a part whose rows were taken from its worker: the file does not leave without them', async () => {
  await open();
  await gateway.start('planner');
  await gateway.send(...Array.from({ length: 8 }, (_, index) => strangerRow(`T-${index + 1}`)));
  await gateway.collectable(8);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 8);
  let written = 0;
  const worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name !== 'written' || (written += 1) !== 2) return;
      await gateway.owner.run(
        "UPDATE deliveries SET lease_token = lease_token + 1 WHERE state = 'sending' AND departed_attempt = 0",
      );
    },
  });
  await gateway.until('delivered', async () => (await gateway.counts())['delivered:accepted'] === 8);
  const [name = '', ...others] = gateway.drops();
  expect(others).toEqual([]);
  const lines = gateway.text(name).trim().split('\n');
  expect([written > 2, lines.length]).toEqual([true, 8]);
  await worker.stop();
});
