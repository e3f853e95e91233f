// An intake locks its clients and reads their lists in one statement: what it is told is in force under the lock.
import { lockWithLists, type Coming, type LockedLists } from '../../src/store/leads/client-lists.ts';
import type { Database, Sql } from '../../src/store/database.ts';
import { lockClients } from '../../src/store/client-locks.ts';
import { crossing } from './crossing.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
let other: Database;
let leadId = 0;
beforeAll(async () => {
  home = await openStoreHome();
  other = home.another();
  leadId = await home.lead('L-1');
  await home.owner.run('UPDATE leads SET row_digest = ?', [Buffer.alloc(32, 9)]);
  await home.owner.run(
    "INSERT INTO prospects (lead_id, client_id, landline, withdrawn) VALUES (?, 'essai', '+33199001234', 1)",
    [leadId],
  );
});
afterAll(() => home.close());

const coming: Coming = {
  names: [{ clientId: 'essai', reference: 'L-1' }],
  emails: ['zoe@courriel.example'],
  phones: ['+33639980123', '+33199001234'],
  apiKeys: [1],
};
const read = (how: 'shared' | 'alone' = 'shared', database = other): Promise<LockedLists> =>
  database.transaction((tx) => lockWithLists(tx, ['essai', 'nobody'], coming, how));

test('a list that another process fills while the intake waits for the client is seen', async () => {
  expect((await read()).lists).toMatchObject({ erasedAddresses: false });
  const fills = async (tx: Sql): Promise<void> => {
    await lockClients(tx, ['essai'], 'alone');
    await tx.run(
      "INSERT INTO erased_addresses (client_id, digest, erased_at) VALUES ('essai', ?, UTC_TIMESTAMP(3))",
      [Buffer.alloc(32, 1)],
    );
  };
  const [ended] = await crossing(home.owner, fills, [() => read()]);
  expect(ended).toMatchObject({ status: 'fulfilled', value: { lists: { erasedAddresses: true } } });
});

test('lists that are older than the row that was locked are read again, without a lock', async () => {
  const asked: string[] = [];
  const answer = (read: number, oppositions: number, id = 'essai'): readonly unknown[] => [
    ...[id, 3, 0, 0, 4, read, 0, 0, oppositions, 0, '1:2', 0, null, [7], '2026-11-30 12:00:00.123'],
  ];
  const tx = {
    all: async (sql: string) => {
      asked.push(sql.trimEnd().endsWith('LOCK IN SHARE MODE') ? 'locks' : 'reads');
      if (asked.length === 1) return [{ client: answer(3, 0) }];
      // Made between the two: nothing has locked it.
      return [{ client: answer(4, 1) }, { client: answer(4, 1, 'neu') }];
    },
  } as unknown as Sql;
  const { lists, clients } = await lockWithLists(tx, ['essai', 'neu'], coming, 'shared');
  expect(asked).toEqual(['locks', 'reads']);
  expect(lists).toMatchObject({
    ...{ oppositions: true, keysInForce: new Set([7]) },
    at: new Date('2026-11-30T12:00:00.123Z'),
  });
  expect([...clients]).toEqual([['essai', { revision: 3, closed: false, moved: false }]]);
});

test('names that are taken, the digests of their rows, and addresses of a withdrawal are found; a client that does not exist is missing', async () => {
  for (const how of ['shared', 'alone'] as const) {
    const { lists, clients } = await read(how);
    expect([...clients.keys()]).toEqual(['essai']);
    expect(lists.withdrawn).toBe(true);
    expect([...lists.before.values()]).toEqual([
      {
        ...{ id: leadId, clientId: 'essai', reference: 'L-1', revision: 1, erased: false },
        digest: Buffer.alloc(32, 9),
      },
    ]);
  }
});

test('the lock is on the client alone: leads and addresses that others hold are read past', async () => {
  await home.owner.transaction(
    async (tx) => {
      await tx.run('UPDATE prospects SET withdrawn = 0');
      await tx.run('UPDATE leads SET revision = 2');
      const { lists } = await read();
      expect(lists.withdrawn).toBe(true);
      expect([...lists.before.values()].map(({ revision }) => revision)).toEqual([1]);
    },
    { undoIf: () => true },
  );
});
