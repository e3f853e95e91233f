// Guarantee 1: one row per client, lead, revision, destination and action, and the key that says so lets no twin through.
import { isDuplicateKey } from '../../src/store/database.ts';
import { insertDeliveries, type PlannedDelivery } from '../../src/store/deliveries/planned-deliveries.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
beforeEach(() => home.owner.run('DELETE FROM deliveries'));
afterAll(() => home.close());

const count = async (): Promise<number> =>
  (await home.owner.all<{ n: number }>('SELECT COUNT(*) AS n FROM deliveries'))[0]?.n ?? -1;

describe('guarantee 1: the unique key of deliveries', () => {
  const refusedAsTwin = (columns: Parameters<StoreHome['delivery']>[1]): Promise<boolean> =>
    home.delivery(1, columns).then(() => false, isDuplicateKey);
  test('holds no column that may be NULL: NULL would let twins through', async () => {
    const columns = await home.owner.all<{ name: string; nullable: string; coll: string | null }>(
      `SELECT s.COLUMN_NAME AS name, c.IS_NULLABLE AS nullable, c.COLLATION_NAME AS coll
         FROM information_schema.STATISTICS s JOIN information_schema.COLUMNS c
           ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
        WHERE s.TABLE_SCHEMA = ? AND s.TABLE_NAME = 'deliveries' AND s.INDEX_NAME = 'deliveries_once' AND s.NON_UNIQUE = 0
        ORDER BY s.SEQ_IN_INDEX`,
      [home.name],
    );
    expect(columns.map((one) => one.name)).toEqual([
      'client_id',
      'lead_id',
      'revision',
      'destination_id',
      'action',
    ]);
    expect(columns.filter((one) => one.nullable !== 'NO')).toEqual([]);
    expect(columns.filter((one) => one.coll !== null && one.coll !== 'utf8mb4_bin')).toEqual([]);
  });
  test('refuses a twin of the same lead, revision, destination and action', async () => {
    await home.delivery(1);
    await expect(refusedAsTwin({})).resolves.toBe(true);
    const others: readonly Readonly<Record<string, number | string>>[] = [
      { revision: 2 },
      { action: 'update' },
      { destination_id: 'essai-mail' },
      { client_id: 'autre' },
    ];
    for (const other of others) await expect(refusedAsTwin(other)).resolves.toBe(false);
  });
  test('tells names apart by byte: AB-1é beside ab-1E, AB-1e and ab-1e', async () => {
    for (const destination_id of ['AB-1é', 'ab-1E', 'AB-1e', 'ab-1e'])
      await expect(refusedAsTwin({ destination_id })).resolves.toBe(false);
    const leads = await Promise.all(
      ['AB-1e', 'ab-1E', 'ab-1e', 'AB-1E'].map((reference) => home.lead(reference)),
    );
    expect(new Set(leads).size).toBe(4);
    await expect(home.lead('AB-1e').catch(isDuplicateKey)).resolves.toBe(true);
  });
  test('planning the same twice leaves the first row and its key as they are, and other errors stay loud', async () => {
    const planned = (over: Partial<PlannedDelivery> = {}): PlannedDelivery => ({
      ...{
        clientId: 'essai',
        destinationId: 'essai-crm',
        leadId: 1,
        revision: 1,
        action: 'create',
        key: 'first',
      },
      ...{ state: 'planned', reason: '', priority: 0, maxAgeMs: 60_000 },
      ...over,
    });
    await insertDeliveries(home.gateway, [planned()]);
    await insertDeliveries(home.gateway, [
      planned({ key: 'second', state: 'failed' }),
      planned({ revision: 2, key: 'third' }),
    ]);
    await expect(home.owner.all('SELECT delivery_key, state FROM deliveries ORDER BY id')).resolves.toEqual([
      { delivery_key: 'first', state: 'planned' },
      { delivery_key: 'third', state: 'planned' },
    ]);
    await expect(
      insertDeliveries(home.gateway, [planned({ revision: 3, key: 'x'.repeat(37) })]),
    ).rejects.toMatchObject({ errno: 1406 });
    expect(await count()).toBe(2);
  });
  test('jobs are those of the rows that were inserted, and none where one of their group existed before', async () => {
    const queued = (revision: number, key: string): PlannedDelivery => ({
      ...{ clientId: 'essai', destinationId: 'essai-crm', leadId: 1, revision, action: 'create', key },
      ...{ state: 'queued', reason: '', priority: 0, maxAgeMs: 60_000 },
    });
    const planned = async (...rows: readonly PlannedDelivery[]): Promise<readonly number[]> =>
      (await insertDeliveries(home.gateway, rows)).map(({ deliveryId }) => deliveryId);
    const idsOf = async (...keys: readonly string[]): Promise<readonly number[]> =>
      (
        await home.owner.all<{ id: number }>(
          'SELECT id FROM deliveries WHERE delivery_key IN (?) ORDER BY id',
          [keys],
        )
      ).map(({ id }) => id);
    expect(await planned(queued(1, 'one'))).toEqual(await idsOf('one'));
    expect(await planned(queued(1, 'one again'))).toEqual([]);
    expect(await planned(queued(2, 'two'), queued(1, 'one again'), queued(3, 'three'))).toEqual([]);
    expect(await planned(queued(4, 'four'), queued(5, 'five'))).toEqual(await idsOf('four', 'five'));
  });
});
