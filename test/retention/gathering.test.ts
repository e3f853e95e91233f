// C30: the due leads of a client are found a page and a commit at a time, however many; a run that ends meanwhile goes on.
import { silentLog } from '../../src/log.ts';
import { recordOperation } from '../../src/retention/register.ts';
import { createRetention } from '../../src/retention/run.ts';
import { readRun } from '../../src/store/retention/retention-items.ts';
import type { Database, Sql } from '../../src/store/database.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
const leads = 1_100;

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await recordOperation(gateway.app.database, {
    ...{ clientId: 'essai', code: 'OP-A', kind: 'one_off', endsOn: '2026-09-30', recordedBy: 'tester' },
  });
  const rows = Array.from({ length: leads }, (_, index) => `G-${index}`);
  // Two of a moment stand at the end of a page and at the beginning of the next one.
  await gateway.owner.run(
    `INSERT INTO leads (client_id, reference, channel, collected_at, operation, operation_kind)
     VALUES ${rows.map(() => "('essai', ?, 'web_form', TIMESTAMPADD(SECOND, ?, '2026-08-01'), 'OP-A', 'one_off')").join(', ')}`,
    rows.flatMap((reference, index) => [reference, Math.floor(index / 3)]),
  );
});
afterAll(() => gateway.close());

const retentionOn = (database: Database, today = '2026-12-01') =>
  createRetention({
    database,
    secrets: gateway.app.secrets,
    oppositionKey: gateway.app.oppositionKey,
    phoneProofs: { folder: undefined, recipient: undefined },
    log: silentLog,
    today: () => today,
  });
const items = async (): Promise<number> => (await gateway.owner.all('SELECT 1 FROM retention_items')).length;
const left = async (): Promise<number> =>
  (await gateway.owner.all("SELECT 1 FROM leads WHERE gone = ''")).length;

/** Counts the leads of each transaction, and fails as the process would end, before the page of that number. */
function watched(endsAt = 0): { readonly database: Database; readonly written: number[] } {
  const written: number[] = [];
  const { database } = gateway.app;
  const work =
    <T>(run: (tx: Sql) => Promise<T>) =>
    (tx: Sql): Promise<T> => {
      let here = 0;
      const counting: Sql = {
        ...tx,
        run: (sql, values = []) => {
          if (sql.startsWith('INSERT INTO retention_items')) here += values.length / 3;
          return tx.run(sql, values);
        },
      };
      return run(counting).finally(() => {
        if (here > 0) written.push(here);
      });
    };
  const transaction: Database['transaction'] = (run, ...more) => {
    if (endsAt > 0 && written.length === endsAt) return Promise.reject(new Error('killed'));
    return database.transaction(work(run), ...more);
  };
  return { database: { ...database, transaction }, written };
}

test('a run that ends as its leads are found touches none of them, and the next look finds all of them, each once', async () => {
  const killed = watched(1);
  await expect(retentionOn(killed.database).beginDaily()).rejects.toThrow('killed');
  expect([await items(), await left()]).toEqual([500, leads]);
  const { database, written } = watched();
  const retention = retentionOn(database);
  await retention.step();
  expect([await items(), await left()]).toEqual([500, leads]);
  await retention.beginDaily();
  expect(Math.max(...written)).toBe(500);
  expect(await items()).toBe(leads);
  const runs = await gateway.owner.all('SELECT number, state, found FROM retention_runs');
  expect(runs).toEqual([{ number: 0, state: 'running', found: leads }]);
  // Begun and found: neither again nor twice.
  written.length = 0;
  await retention.beginDaily();
  expect(written).toEqual([]);
});

test('of a run by hand that ended the leads that were found go on, and no other run waits for them', async () => {
  await gateway.owner.run('DELETE FROM retention_items');
  await expect(retentionOn(watched(2).database).begin('essai', 'tester')).rejects.toThrow('killed');
  const retention = retentionOn(gateway.app.database);
  await retention.beginDaily();
  const [{ id } = { id: 0 }] = await gateway.owner.all<{ id: number }>(
    'SELECT id FROM retention_runs WHERE number = 1',
  );
  expect(await readRun(gateway.app.database, id)).toMatchObject({ state: 'gathering' });
  await gateway.owner.run('UPDATE retention_runs SET started_at = TIMESTAMPADD(HOUR, -2, started_at)');
  await retention.beginDaily();
  expect(await readRun(gateway.app.database, id)).toMatchObject({ state: 'running', found: 1_000 });
});

test('a daily run that ended at midnight keeps no lead: the next day it goes on, and that day finds the others', async () => {
  await gateway.owner.run('DELETE FROM retention_items');
  await expect(retentionOn(watched(1).database, '2026-12-02').beginDaily()).rejects.toThrow('killed');
  await retentionOn(gateway.app.database, '2026-12-03').beginDaily();
  const runs = await gateway.owner.all(
    "SELECT state, found FROM retention_runs WHERE day > '2026-12-01' ORDER BY id",
  );
  expect(runs).toEqual([
    { state: 'running', found: 500 },
    { state: 'running', found: leads - 500 },
  ]);
});
