// The limit on the server's silence: what it must not end, and what it leaves behind.
import { setTimeout as pause } from 'node:timers/promises';
import { alone } from '../../src/store/alone.ts';
import { isStoreOutage, openDatabase } from '../../src/store/database.ts';
import { startProxy } from '../lab/faults/proxy.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
const silenceMs = 1_000;
const stand = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

test('a process that stood still for longer than the limit reads the answer that came meanwhile', async () => {
  const database = openDatabase({ url: home.ownerUrl, connections: 1, silenceMs });
  try {
    const committed = database.transaction((tx) => {
      setImmediate(() => stand(silenceMs + 500));
      return tx.all('SELECT 1 AS one');
    });
    expect(await committed).toEqual([{ one: 1 }]);
  } finally {
    await database.close();
  }
});

test('work that takes longer than the limit stays alone', async () => {
  const [one, two] = [0, 1].map(() => openDatabase({ url: home.ownerUrl, connections: 2, silenceMs })) as [
    StoreHome['owner'],
    StoreHome['owner'],
  ];
  try {
    const done = await alone(one, 'thing', async () => {
      // Longer than the server keeps a silent client.
      await pause(2 * silenceMs + 500);
      return (await alone(two, 'thing', () => Promise.resolve('beside it'))) ?? 'alone';
    });
    expect(done).toBe('alone');
  } finally {
    await one.close();
    await two.close();
  }
});

test('a database closes though the statement under way has lost its connection', async () => {
  const url = new URL(home.ownerUrl);
  const line = await startProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(line.port);
  const database = openDatabase({ url: url.href, connections: 2, silenceMs });
  try {
    await database.all('SELECT 1');
    const lost = database.all('SELECT SLEEP(0.5)').then(() => false, isStoreOutage);
    await database.all('SELECT 1');
    line.strand(60_000);
    await database.close();
    expect(await lost).toBe(true);
  } finally {
    await line.close();
  }
});
