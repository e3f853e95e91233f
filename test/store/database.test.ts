// The one door to the database: values never inside SQL, deadlocks repeated, and no error that carries a person's data.
import { once } from 'node:events';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { foreignCode } from '../../src/errors.ts';
import {
  inList,
  insertGroups,
  isDuplicateKey,
  isStoreOutage,
  openDatabase,
  rowMarks,
  SqlFailure,
  type Sql,
} from '../../src/store/database.ts';
import { valueById } from '../../src/store/deliveries/leases.ts';
import { startProxy } from '../lab/faults/proxy.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { openStoreHome, type StoreHome } from './home.ts';

const marker = 'Zzyzx-Marqueur';
let home: StoreHome;
const caught = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

beforeAll(async () => {
  home = await openStoreHome();
  await home.owner.text(
    'CREATE TABLE things (id INT NOT NULL, name VARCHAR(200) NULL, size INT NOT NULL DEFAULT 0, seen DATETIME(3) NULL, PRIMARY KEY (id), UNIQUE KEY things_name (name), CONSTRAINT things_size CHECK (size >= 0)) ENGINE=InnoDB',
  );
});
beforeEach(() => home.owner.run('DELETE FROM things'));
afterAll(() => home.close());

describe('no error leaves with data', () => {
  /** Everything a careless line of code could print. */
  const everything = (error: unknown): string => {
    const own =
      error instanceof Error
        ? Object.getOwnPropertyNames(error).map((name) => [name, Reflect.get(error, name) as unknown])
        : [];
    return [
      inspect(error, { depth: 20, showHidden: true }),
      String(error),
      JSON.stringify(error),
      inspect(own),
    ].join('\n');
  };
  const duplicate = (sql: Sql): Promise<unknown> =>
    sql.run('INSERT INTO things (id, name) VALUES (2, ?)', [marker]);
  const faults: readonly (readonly [string, number, (sql: Sql) => Promise<unknown>])[] = [
    ['a duplicate key, whose message quotes the value', 1062, duplicate],
    [
      'a value of the wrong type',
      1366,
      (sql) => sql.run('INSERT INTO things (id, size) VALUES (3, ?)', [marker]),
    ],
    [
      'a value too long',
      1406,
      (sql) => sql.run('INSERT INTO things (id, name) VALUES (3, ?)', [marker.repeat(20)]),
    ],
    ['SQL that does not parse', 1064, (sql) => sql.run(`INSERT '${marker}' NOWHERE`)],
    ['an unknown column', 1054, (sql) => sql.all(`SELECT \`${marker}\` FROM things`)],
  ];
  test.each(faults)('%s', async (_title, errno, work) => {
    await home.owner.run('INSERT INTO things (id, name) VALUES (1, ?)', [marker]);
    for (const run of [() => work(home.owner), () => home.owner.transaction((tx) => work(tx))]) {
      const error = await caught(run);
      expect(error).toBeInstanceOf(SqlFailure);
      expect(error).toMatchObject({ errno });
      expect(everything(error)).not.toContain(marker);
      expect(everything(error)).not.toContain('INSERT');
      expect(foreignCode(error)).toBe(`SQL_${errno}`);
    }
  });
  test('nor when a caller catches it inside its transaction', async () => {
    await home.owner.run('INSERT INTO things (id, name) VALUES (1, ?)', [marker]);
    const seen = await home.owner.transaction((tx) => caught(() => duplicate(tx)));
    expect(isDuplicateKey(seen)).toBe(true);
    expect(everything(seen)).not.toContain(marker);
  });
  test('nor the text path', async () => {
    expect(everything(await caught(() => home.owner.text(`CREATE '${marker}'`)))).not.toContain(marker);
  });
  test('a broken rule of the table is told by its number', async () => {
    expect([4025, 3819]).toContain(
      ((await caught(() => home.owner.run('INSERT INTO things (id, size) VALUES (4, -1)'))) as SqlFailure)
        .errno,
    );
  });
  test('a server that is away is DB-001, an outage, without the password', async () => {
    const nowhere = openDatabase({ url: `mysql://relais:${marker}@127.0.0.1:1/relais`, connections: 1 });
    const error = await caught(() => nowhere.all('SELECT 1'));
    expect(isStoreOutage(error)).toBe(true);
    expect(everything(error)).not.toContain(marker);
    await nowhere.close();
  });
  test('an account that is refused is named as the server sees it, address included, without the password', async () => {
    const url = new URL(home.ownerUrl);
    url.password = marker;
    const wrong = openDatabase({ url: url.href, connections: 1 });
    const error = await caught(() => wrong.all('SELECT 1'));
    expect((error as Error).message).toMatch(
      new RegExp(`\\(SQL_1045\\): .*; it sees '${url.username}'@'[^']+'\\.$`),
    );
    expect(everything(error)).not.toContain(marker);
    await wrong.close();
  });
});

describe('a connection', () => {
  const began = async (sql: Sql): Promise<number> =>
    Number((await sql.all<{ Value: string }>("SHOW SESSION STATUS LIKE 'Com_begin'"))[0]?.Value);
  const names = async (): Promise<readonly string[]> =>
    (await home.owner.all<{ name: string }>('SELECT name FROM things ORDER BY id')).map(({ name }) => name);

  test('is lent to transactions one after the other without starting them, and each ends as it is told', async () => {
    const one = home.another(1);
    await one.transaction((tx) => tx.run("INSERT INTO things (id, name) VALUES (1, 'kept')"));
    await one.transaction((tx) => tx.run("INSERT INTO things (id, name) VALUES (2, 'undone')"), {
      undoIf: () => true,
    });
    await caught(() =>
      one.transaction(async (tx) => {
        await tx.run("INSERT INTO things (id, name) VALUES (3, 'broken')");
        throw new Error('broken');
      }),
    );
    expect(await one.transaction(began)).toBe(0);
    expect(await names()).toEqual(['kept']);
  });
  test('that a transaction used commits a single statement at once', async () => {
    const one = home.another(1);
    await one.transaction((tx) => tx.run("INSERT INTO things (id, name) VALUES (1, 'together')"));
    await one.run("INSERT INTO things (id, name) VALUES (2, 'alone')");
    expect(await names()).toEqual(['together', 'alone']);
    await one.transaction((tx) => tx.run("INSERT INTO things (id, name) VALUES (3, 'together again')"));
    expect(await names()).toEqual(['together', 'alone', 'together again']);
  });
  test('that a transaction has is waited for by single statements and transactions alike', async () => {
    const one = home.another(1);
    const held = Promise.withResolvers<void>();
    const first = one.transaction(async (tx) => {
      await tx.run("INSERT INTO things (id, name) VALUES (1, 'first')");
      await held.promise;
    });
    const others = [
      one.run("INSERT INTO things (id, name) VALUES (2, 'alone')"),
      one.transaction((tx) => tx.run("INSERT INTO things (id, name) VALUES (3, 'together')")),
      one.run("INSERT INTO things (id, name) VALUES (4, 'last')"),
    ];
    held.resolve();
    await Promise.all([first, ...others]);
    expect(await names()).toEqual(['first', 'alone', 'together', 'last']);
  });
  test('that ended between two transactions is replaced', async () => {
    const one = home.another(1);
    const [row] = await one.transaction((tx) => tx.all<{ id: number }>('SELECT CONNECTION_ID() AS id'));
    await home.owner.text(`KILL ${row?.id ?? 0}`);
    await one
      .transaction((tx) => tx.run("INSERT INTO things (id, name) VALUES (1, 'after')"))
      .catch(() => undefined);
    await one.run("INSERT INTO things (id, name) VALUES (2, 'later')");
    expect(await names()).toContain('later');
  });
});

describe('values', () => {
  test('travel beside the SQL as parameters of a prepared statement, whatever they hold', async () => {
    const nasty = ["'; DROP TABLE things; --", 'a\\', '"', '%_', '\u0000', '😀 é', 'NULL', '?'];
    const one = home.another(1);
    const executed = async (): Promise<number> =>
      Number((await one.all<{ Value: string }>("SHOW SESSION STATUS LIKE 'Com_stmt_execute'"))[0]?.Value);
    const before = await executed();
    for (const [id, name] of nasty.entries())
      await one.run('INSERT INTO things (id, name) VALUES (?, ?)', [id, name]);
    expect((await executed()) - before).toBe(nasty.length + 1);
    const rows = await one.all<{ name: string }>('SELECT name FROM things ORDER BY id');
    expect(rows.map((row) => row.name)).toEqual(nasty);
  });
  test('instants go in and come back to the millisecond, whatever the time zone of the machine', async () => {
    const instant = new Date('2026-03-29T01:30:00.123Z');
    await home.owner.run('INSERT INTO things (id, seen) VALUES (1, ?)', [instant]);
    const [row] = await home.owner.all<{ seen: Date; text: string }>(
      "SELECT seen, DATE_FORMAT(seen, '%H:%i:%s.%f') AS text FROM things",
    );
    expect(row).toEqual({ seen: instant, text: '01:30:00.123000' });
  });
  test('a session is strict, in UTC and READ COMMITTED, on every connection of the pool', async () => {
    const pool = home.another(3);
    let here = 0;
    const all = Promise.withResolvers<void>();
    const connections = await Promise.all(
      [1, 2, 3].map(() =>
        pool.transaction(async (tx) => {
          // All three are held at once, so that each is another connection.
          if ((here += 1) === 3) all.resolve();
          await all.promise;
          const [row] = await tx.all<object>(
            'SELECT @@time_zone AS zone, @@sql_mode AS mode, CONNECTION_ID() AS id',
          );
          const [level] = await tx.all<{ Value: string }>("SHOW SESSION VARIABLES LIKE 't%isolation'");
          return { ...row, level: level?.Value };
        }),
      ),
    );
    expect(new Set(connections.map((one) => Reflect.get(one, 'id') as unknown)).size).toBe(3);
    const strict = { mode: expect.stringContaining('STRICT_ALL_TABLES') as unknown };
    for (const one of connections)
      expect(one).toMatchObject({ zone: '+00:00', level: 'READ-COMMITTED', ...strict });
  });
});

describe('lists', () => {
  test('are padded to a power of two by repeating the last, so that few statements are prepared', () => {
    const sizes = Array.from({ length: 300 }, (_, index) =>
      inList(Array.from({ length: index + 1 }, (__, at) => at)),
    );
    expect(new Set(sizes.map((one) => one.values.length))).toEqual(
      new Set([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]),
    );
    for (const [index, one] of sizes.entries()) {
      expect(one.marks.split(', ')).toHaveLength(one.values.length);
      expect(one.values.slice(0, index + 1)).toEqual(Array.from({ length: index + 1 }, (_, at) => at));
      expect(new Set(one.values.slice(index))).toEqual(new Set([index]));
    }
  });
  test('that are empty are refused: they would ask for nothing and look like an answer', () => {
    expect(() => inList([])).toThrow('empty IN list');
  });
  test('are values of a statement, each in the place of its IN (?)', async () => {
    for (const id of [1, 2, 3, 4, 5]) await home.owner.run('INSERT INTO things (id) VALUES (?)', [id]);
    const found = await home.owner.all(
      'SELECT id FROM things WHERE id IN (?) AND id > ? AND id NOT IN (?) ORDER BY id',
      [[5, 2, 4], 2, [4]],
    );
    expect(found).toEqual([{ id: 5 }]);
    await home.owner.transaction(async (tx) => {
      const { affected } = await tx.run('DELETE FROM things WHERE id IN (?) AND id < ?', [[3, 1, 5], 5]);
      expect(affected).toBe(2);
    });
  });
  test('are refused where one has no place', async () => {
    await expect(home.owner.all('SELECT id FROM things WHERE id IN (?)', [[1], [2]])).rejects.toThrow(
      'one IN (?)',
    );
  });
  test('that are empty are asked nothing, but every row is outside of them', async () => {
    expect(await home.owner.all('SELECT nothing FROM nowhere WHERE id IN (?)', [[]])).toEqual([]);
    const { affected } = await home.owner.run('DELETE FROM nowhere WHERE id IN (?)', [[]]);
    expect(affected).toBe(0);
    await expect(home.owner.all('SELECT id FROM things WHERE id NOT IN (?)', [[]])).rejects.toThrow(
      'empty IN list',
    );
  });
  test('find exactly their rows', async () => {
    for (const id of [1, 2, 3, 4, 5]) await home.owner.run('INSERT INTO things (id) VALUES (?)', [id]);
    const { marks, values } = inList([5, 2, 4]);
    const rows = await home.owner.all<{ id: number }>(
      `SELECT id FROM things WHERE id IN (${marks}) ORDER BY id`,
      values,
    );
    expect(rows.map((row) => row.id)).toEqual([2, 4, 5]);
  });
  test('of rows are inserted in groups of a few sizes, in order, none left out', () => {
    const sizes = new Set<number>();
    for (let count = 0; count <= 1_500; count += 1) {
      const rows = Array.from({ length: count }, (_, index) => index);
      const groups = insertGroups(rows);
      expect(groups.flat().join()).toBe(rows.join());
      for (const group of groups) sizes.add(group.length);
      // A thousand rows are not a thousand statements either.
      expect(groups.length).toBeLessThanOrEqual(2 + Math.ceil(count / 512) + 3);
    }
    expect(sizes.size).toBeLessThanOrEqual(25);
    expect(Math.max(...sizes)).toBe(512);
  });
  test('of heavy rows stay below the size asked for', () => {
    const groups = insertGroups(
      Array.from({ length: 300 }, (_, index) => index),
      128,
    );
    expect(groups.map((group) => group.length)).toEqual([128, 128, 40, 4]);
  });
  test('of values are found by the id of their row: whatever the order, large numbers to the digit, the first of an id named twice', async () => {
    const ids = [9, 2, 700, 4, 2, 51];
    const sizes = [8_640_000, 31_536_000, 7, 2_000_000_000, 5, 12];
    await home.owner.run('INSERT INTO things (id) VALUES (2), (4), (9), (51), (700)');
    const size = valueById(ids, sizes);
    const name = valueById(
      ids,
      ids.map((id, index) => `é${id}.${index}`),
    );
    const age = valueById(
      ids,
      sizes.map((value) => value * 1_000_000),
    );
    const list = inList(ids);
    await home.owner.run(
      `UPDATE things SET size = ${size.sql}, name = ${name.sql}, seen = TIMESTAMPADD(MICROSECOND, ${age.sql}, '2026-01-01 00:00:00.000')
        WHERE id IN (${list.marks})`,
      [...size.values, ...name.values, ...age.values, ...list.values],
    );
    const rows = await home.owner.all('SELECT id, size, name, seen FROM things ORDER BY id');
    const start = Date.parse('2026-01-01T00:00:00Z');
    const row = (id: number, index: number) => ({
      id,
      size: sizes[index],
      name: `é${id}.${index}`,
      seen: new Date(start + (sizes[index] ?? 0) * 1_000),
    });
    expect(rows).toEqual([row(2, 1), row(4, 3), row(9, 0), row(51, 5), row(700, 2)]);
  });
  test('rows are marked for one INSERT', () => expect(rowMarks(2, 3)).toBe('(?, ?, ?), (?, ?, ?)'));
});

/** Of a thread of its own: wakes the one that is paused when the server has ended its connection. */
const watching = `
  const { workerData: { isGone, mysql, url, id } } = require('node:worker_threads');
  void (async () => {
    const connection = await require(mysql).createConnection(url);
    for (let rows = [0]; rows.length > 0; await new Promise((done) => setTimeout(done, 120)))
      [rows] = await connection.query('SHOW PROCESSLIST').then(([all]) => [all.filter((one) => one.Id === id)]);
    await connection.end();
    Atomics.store(isGone, 0, 1);
    Atomics.notify(isGone, 0);
  })();`;

describe('transactions', () => {
  test('commit whole or leave nothing', async () => {
    await caught(() =>
      home.owner.transaction(async (tx) => {
        await tx.run('INSERT INTO things (id) VALUES (1)');
        throw new Error('changed my mind');
      }),
    );
    await expect(home.owner.all('SELECT id FROM things')).resolves.toEqual([]);
    await expect(
      home.owner.transaction(async (tx) => (await tx.run('INSERT INTO things (id) VALUES (1)')).affected),
    ).resolves.toBe(1);
  });
  test('two that really cross and deadlock: the one the server kills is made again, both are done once', async () => {
    for (const id of [1, 2]) await home.owner.run('INSERT INTO things (id) VALUES (?)', [id]);
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let rounds = 0;
    const add = (id: number, tx: Sql): Promise<unknown> =>
      tx.run('UPDATE things SET size = size + 1 WHERE id = ?', [id]);
    const cross = (
      from: number,
      to: number,
      mine: PromiseWithResolvers<void>,
      other: PromiseWithResolvers<void>,
    ) =>
      home.owner.transaction(async (tx) => {
        rounds += 1;
        await add(from, tx);
        mine.resolve();
        await other.promise;
        await add(to, tx);
      });
    await Promise.all([cross(1, 2, first, second), cross(2, 1, second, first)]);
    expect(rounds).toBe(3);
    await expect(home.owner.all('SELECT size FROM things')).resolves.toEqual([{ size: 2 }, { size: 2 }]);
  });
  test('an error that another attempt would meet again is not repeated', async () => {
    let rounds = 0;
    await home.owner.run('INSERT INTO things (id) VALUES (1)');
    await caught(() =>
      home.owner.transaction(async (tx) => {
        rounds += 1;
        await tx.run('INSERT INTO things (id) VALUES (1)');
      }),
    );
    expect(rounds).toBe(1);
  });
  test('a state that stays deadlocked is given up after eight rounds, told as it is', async () => {
    let rounds = 0;
    const error = await caught(() =>
      home.owner.transaction(() => {
        rounds += 1;
        return Promise.reject(new SqlFailure(1213, 'ER_LOCK_DEADLOCK'));
      }),
    );
    expect(rounds).toBe(8);
    expect(error).toMatchObject({ errno: 1213 });
  });
  test('a connection that holds too many prepared statements for the server is closed, and the work made again on another', async () => {
    const one = home.another(1);
    const seen: number[] = [];
    await one.transaction(async (tx) => {
      const [row] = await tx.all<{ id: number }>('SELECT CONNECTION_ID() AS id');
      seen.push(row?.id ?? 0);
      // ER_MAX_PREPARED_STMT_COUNT_REACHED: what a server without room for one more answers.
      if (seen.length === 1) throw new SqlFailure(1461, 'ER_MAX_PREPARED_STMT_COUNT_REACHED');
    });
    expect(seen).toHaveLength(2);
    expect(seen[1]).not.toBe(seen[0]);
  });
  test('a process that was paused for longer than the server waits has lost its connection, and gets another', async () => {
    const one = home.another(1);
    const [row] = await one.all<{ id: number }>('SELECT CONNECTION_ID() AS id');
    const isGone = new Int32Array(new SharedArrayBuffer(4));
    const watch = new Worker(watching, {
      eval: true,
      workerData: { isGone, mysql: require.resolve('mysql2/promise'), url: home.ownerUrl, id: row?.id },
    });
    await once(watch, 'online');
    await one.text('SET SESSION wait_timeout = 1');
    // As SIGSTOP does: nothing is read meanwhile, and the next statement meets the server's farewell.
    expect(Atomics.wait(isGone, 0, 0, 100_000)).toBe('ok');
    expect(isStoreOutage(await caught(() => one.all('SELECT 1')))).toBe(true);
    await expect(one.all('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });
  test('a connection that broke is not given to the next caller', async () => {
    const one = home.another(1);
    const [row] = await one.all<{ id: number }>('SELECT CONNECTION_ID() AS id');
    const error = await caught(() =>
      one.transaction(async (tx) => {
        await tx.run('INSERT INTO things (id) VALUES (9)');
        await home.owner.text(`KILL ${row?.id ?? 0}`);
        await tx.run('INSERT INTO things (id) VALUES (10)');
      }),
    );
    expect(isStoreOutage(error)).toBe(true);
    await expect(one.all('SELECT id FROM things')).resolves.toEqual([]);
  });
});

test('a server that falls silent amid a statement is an outage, not an endless wait; it forgets us and our locks by itself', async () => {
  const url = new URL(home.ownerUrl);
  const line = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(line.port);
  const database = openDatabase({ url: url.href, connections: 2, silenceMs: 1_000 });
  try {
    expect(await database.all('SELECT @@wait_timeout AS seconds')).toEqual([{ seconds: 2 }]);
    line.mode('hang');
    const errors = await Promise.all([
      caught(() => database.all('SELECT 1')),
      caught(() => database.transaction((tx) => tx.run('DELETE FROM things'))),
    ]);
    expect(errors.map(isStoreOutage)).toEqual([true, true]);
    line.mode('pass');
    expect(await database.all('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  } finally {
    await database.close();
    await line.close();
  }
});

test.each(['for a transaction', 'for one statement'])(
  'a connection that fell silent while it was idle is an outage when it is lent %s',
  async (use) => {
    const url = new URL(home.ownerUrl);
    const line = await startProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(line.port);
    const database = openDatabase({ url: url.href, connections: 1, silenceMs: 1_000 });
    const statement = (): Promise<unknown> => database.all('SELECT 1');
    const transaction = (): Promise<unknown> => database.transaction((tx) => tx.all('SELECT 1'));
    const [before, after] = use === 'for a transaction' ? [statement, transaction] : [transaction, statement];
    try {
      await before();
      // The server's own limit ends the connection, and this side never sees the end.
      line.strand(60_000);
      expect(isStoreOutage(await caught(after))).toBe(true);
      await after();
    } finally {
      await database.close();
      await line.close();
    }
  },
);

test('a server that answers and takes nothing is remembered for a moment, with its word', async () => {
  const url = new URL(home.ownerUrl);
  const user = `${url.pathname.slice(1)}_one`;
  await home.owner.text(`CREATE USER '${user}'@'%' IDENTIFIED BY 'one' WITH MAX_USER_CONNECTIONS 1`);
  url.username = user;
  url.password = 'one';
  url.pathname = '';
  const first = openDatabase({ url: url.href, connections: 1 });
  const second = openDatabase({ url: url.href, connections: 1 });
  await first.all('SELECT 1');
  expect(second.refusal()).toBeUndefined();
  await expect(second.all('SELECT 1')).rejects.toThrow();
  expect(second.refusal()).toMatchObject({ errno: 1226 });
  expect(first.refusal()).toBeUndefined();
  await second.close();
  await first.close();
});
