// An alert is raised once per client and cause, also when several processes see the cause at once.
import { createMaintenance } from '../../src/delivery/background/maintenance.ts';
import { silentLog } from '../../src/log.ts';
import { closeBroken, raiseAgainAfter, raiseBroken } from '../../src/store/alerts/alerts.ts';
import type { Database } from '../../src/store/database.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());
beforeEach(() => home.owner.run('DELETE FROM alerts'));

const alerts = async (): Promise<readonly string[]> =>
  (
    await home.owner.all<{ client: string; reason: string; isOpen: number }>(
      'SELECT client_id AS client, reason, closed_at IS NULL AS isOpen FROM alerts ORDER BY id',
    )
  ).map(({ client, reason, isOpen }) => `${client} ${reason}${isOpen === 1 ? '' : ' closed'}`);

/** As another process that has its connections open: of several at once none is ahead. */
async function warm(): Promise<Database> {
  const database = home.another(4);
  await Promise.all([1, 2, 3, 4].map(() => database.all('SELECT SLEEP(0.05)')));
  return database;
}

test('one client’s alert keeps no other client’s from being raised', async () => {
  for (const clientId of ['a', 'b', 'a'])
    await raiseAgainAfter(home.gateway, { kind: 'proofs_not_handed_over', clientId, reason: 'X' }, 3_600);
  expect(await alerts()).toEqual(['a X', 'b X']);
});

test('of four at once one raises the alert', async () => {
  const late = { kind: 'backup_late', reason: '30h' } as const;
  const processes = await Promise.all([1, 2, 3, 4].map(warm));
  await Promise.all(processes.map((database) => raiseAgainAfter(database, late, 3_600)));
  expect(await alerts()).toEqual([' 30h']);
});

test('a step that fails at two clients is an alert at each, and closes at each by itself', async () => {
  const at = (clientId: string) => ({ clientId, destinationId: '', step: 'RETENTION' });
  for (const clientId of ['a', 'b', 'b']) await raiseBroken(home.gateway, { ...at(clientId), code: 'E' });
  await closeBroken(home.gateway, at('a'));
  expect(await alerts()).toEqual(['a RETENTION:E closed', 'b RETENTION:E']);
});

test('of two planners one watches', async () => {
  await home.owner.run(
    "INSERT INTO lead_intake (client_id, reference, status, settled_at) VALUES ('essai', 'R-1', 'refused', UTC_TIMESTAMP(3))",
  );
  const watch = (database: Database): Promise<void> =>
    createMaintenance({
      database,
      published: { version: () => Promise.resolve(undefined) },
      producer: { push: () => Promise.resolve() },
      log: silentLog,
    }).watch();
  const [one, other] = [await warm(), await warm()];
  await Promise.all([watch(one), watch(other)]);
  await watch(other);
  expect(await alerts()).toEqual([' 1']);
});
