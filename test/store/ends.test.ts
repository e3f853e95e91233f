// Where a transaction ends: nothing of it is committed with the next one of its connection, and nobody waits for an idle connection.
import { openDatabase, type Database, type Sql } from '../../src/store/database.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
  await home.owner.text('CREATE TABLE things (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB');
  await home.owner.text(
    "CREATE TRIGGER things_victim BEFORE INSERT ON things FOR EACH ROW IF NEW.id = 13 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF",
  );
});
beforeEach(() => home.owner.run('DELETE FROM things'));
afterAll(() => home.close());

const add = (id: number, sql: Sql): Promise<unknown> => sql.run('INSERT INTO things (id) VALUES (?)', [id]);
const ids = async (): Promise<readonly number[]> =>
  (await home.owner.all<{ id: number }>('SELECT id FROM things ORDER BY id')).map(({ id }) => id);

test('a statement that comes after the end of its transaction is refused, and is no part of the next one', async () => {
  const one = home.another(1);
  let late: Sql = one;
  await one.transaction(async (tx) => {
    late = tx;
    await add(1, tx);
  });
  await expect(add(2, late)).rejects.toMatchObject({ code: 'INTERNAL-001' });
  await expect(
    one.transaction(async (tx) => {
      late = tx;
      await add(3, tx);
      throw new Error('undone');
    }),
  ).rejects.toThrow('undone');
  await expect(add(4, late)).rejects.toMatchObject({ code: 'INTERNAL-001' });
  await one.transaction((tx) => add(5, tx));
  expect(await ids()).toEqual([1, 5]);
});

test('what the victim of a deadlock does after the error is not committed without what it did before', async () => {
  let rounds = 0;
  const work = home.owner.transaction(async (tx) => {
    rounds += 1;
    await add(1, tx);
    await add(13, tx).catch(() => undefined);
    await add(2, tx);
  });
  await expect(work).rejects.toMatchObject({ errno: 1213 });
  expect([rounds, await ids()]).toEqual([8, []]);
});

test('a connection between two transactions is lent while another statement waits for the server', async () => {
  const two = home.another(2);
  await two.transaction((tx) => tx.all('SELECT 1'));
  const lock = `${home.name}_ends`;
  await home.owner.transaction(async (tx) => {
    await tx.all('SELECT GET_LOCK(?, 0)', [lock]);
    const waiting = two.all('SELECT GET_LOCK(?, 60)', [lock]);
    await Promise.all([add(1, two), tx.all('SELECT 1')]);
    await tx.all('SELECT RELEASE_LOCK(?)', [lock]);
    await waiting;
  });
  expect(await ids()).toEqual([1]);
});

test('C44: a process that runs while a backup is restored into its database does nothing any more, reading included', async () => {
  let isOpen = false;
  const running: Database = openDatabase({
    url: home.ownerUrl,
    connections: 1,
    heedsRestore: () => isOpen,
  });
  try {
    await home.owner.run("INSERT INTO restores (backup) VALUES ('2026-11-24T030000Z')");
    // The restore itself goes on.
    await add(1, running);
    isOpen = true;
    await expect(
      (async () => {
        for (;;) await running.all('SELECT 1');
      })(),
    ).rejects.toMatchObject({ code: 'DB-007' });
    await home.owner.run('UPDATE restores SET opened_at = UTC_TIMESTAMP(3)');
    await expect(running.transaction((tx) => add(2, tx))).rejects.toMatchObject({ code: 'DB-007' });
    expect(await ids()).toEqual([1]);
  } finally {
    await running.close();
  }
});
