// One look for all loops: each sign shows the row that its loop works on, an idle gateway shows none, and loops share a look.
import type { Sql, SqlValue } from '../../src/store/database.ts';
import { createLook, looks, readSigns, signs, waitingLook, type Sign } from '../../src/store/look.ts';
import { processesTable } from '../support/processes.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

const past = new Date('2026-10-01T10:00:00Z');
const future = new Date('2099-01-01T00:00:00Z');

/** Inserts a row with these columns, and something in every other column that needs a value. */
async function plant(
  table: string,
  columns: Readonly<Record<string, SqlValue>>,
  sql: Pick<Sql, 'run'> = home.owner,
): Promise<void> {
  const needed = await home.owner.all<{ name: string; kind: string }>(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS kind FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND IS_NULLABLE = 'NO' AND COLUMN_DEFAULT IS NULL AND EXTRA NOT LIKE '%auto_increment%'`,
    [home.name, table],
  );
  const filler = (kind: string): SqlValue =>
    /int|decimal/.test(kind)
      ? 1
      : /date|time/.test(kind)
        ? past
        : /binary|blob/.test(kind)
          ? Buffer.alloc(32)
          : 'x';
  const all: Record<string, SqlValue> = {
    ...Object.fromEntries(needed.map(({ name, kind }) => [name, filler(kind)])),
    ...columns,
  };
  const names = Object.keys(all);
  await sql.run(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    Object.values(all),
  );
}

type Row = readonly [table: string, columns: Readonly<Record<string, SqlValue>>];
const delivery = (columns: Readonly<Record<string, SqlValue>>): Row => [
  'deliveries',
  { delivery_key: 'k', due_at: future, expires_at: future, ...columns },
];

/** Of each sign: a row that its loop would work on, and one like it that nobody has to look at yet. */
const planted: Readonly<Record<Sign, { readonly due: Row; readonly idle?: Row }>> = {
  intake: { due: ['lead_intake', { status: 'new' }], idle: ['lead_intake', { status: 'refused' }] },
  changes: { due: ['lead_changes', { priority: 1 }], idle: ['lead_changes', { priority: 2 }] },
  planned: { due: delivery({ state: 'planned' }), idle: delivery({ state: 'delivered', settled_at: past }) },
  waiting: { due: delivery({ state: 'waiting' }) },
  queued: { due: delivery({ state: 'queued' }) },
  sending: { due: delivery({ state: 'sending' }) },
  pending: { due: delivery({ state: 'pending' }) },
  withheld: { due: delivery({ state: 'withheld' }) },
  overdue: {
    due: delivery({ state: 'withheld', expires_at: past }),
    idle: delivery({ state: 'failed', expires_at: past, settled_at: past }),
  },
  held: { due: ['destination_states', { held: 1 }], idle: ['destination_states', { held: 0 }] },
  slots: {
    due: ['slots', { state: 'due', slot_at: past }],
    idle: ['slots', { state: 'taken', slot_at: past }],
  },
  files: {
    due: ['batches', { state: 'written', due_at: past }],
    idle: ['batches', { state: 'open', due_at: future }],
  },
  answers: {
    due: ['batches', { state: 'sent', look_at: past }],
    idle: ['batches', { state: 'sent', look_at: future }],
  },
  longFiles: {
    due: ['batches', { state: 'open', role: 'whole', due_at: future }],
    idle: ['batches', { state: 'sent', role: 'whole' }],
  },
  consentEnds: { due: ['consent_ends', { due_at: past }], idle: ['consent_ends', { due_at: future }] },
  entityChanges: { due: ['entity_changes', { due_at: past }], idle: ['entity_changes', { due_at: future }] },
  readBacks: { due: ['read_backs', { due_at: past }], idle: ['read_backs', { due_at: future }] },
  alerts: {
    due: ['alerts', { next_try_at: past, sent_at: null }],
    idle: ['alerts', { next_try_at: past, sent_at: past }],
  },
  bulk: { due: ['bulk_runs', { state: 'running' }], idle: ['bulk_runs', { state: 'done' }] },
  retention: { due: ['retention_runs', { state: 'running' }], idle: ['retention_runs', { state: 'done' }] },
  ledger: { due: ['erasures_unwritten', { act: 'addresses' }] },
  unsealed: {
    due: ['handovers_unsealed', { refused_at: null }],
    idle: ['handovers_unsealed', { refused_at: past }],
  },
};

async function seenNow(): Promise<readonly Sign[]> {
  const both = Object.values(looks).map((look) => readSigns(home.gateway, look));
  return (await Promise.all(both)).flatMap((seen) => [...seen]);
}

test('an idle gateway shows no sign', async () => {
  await expect(seenNow()).resolves.toEqual([]);
});

test.each(signs)('%s: shown by what is due, and not by what is over or comes later', async (sign) => {
  const { due, idle } = planted[sign];
  if (idle !== undefined) {
    await plant(...idle);
    expect(await seenNow()).not.toContain(sign);
    await home.owner.run(`DELETE FROM ${idle[0]}`);
  }
  await plant(...due);
  expect(await seenNow()).toContain(sign);
  await home.owner.run(`DELETE FROM ${due[0]}`);
});

test('loops that ask within a tenth of a second share a look', async () => {
  let [asked, at, seen] = [0, 0, ''];
  const look = createLook(
    {
      all: <Found>() => {
        asked += 1;
        return Promise.resolve([{ seen }] as Found[]);
      },
    },
    { now: () => at },
  );
  await expect(Promise.all([look.sees('intake'), look.sees('slots')])).resolves.toEqual([false, false]);
  at = 99;
  seen = 'slots intake';
  await expect(look.sees('intake')).resolves.toBe(false);
  expect(asked).toBe(1);
  at = 100;
  await expect(look.sees('slots')).resolves.toBe(true);
  expect(asked).toBe(2);
});

test('signs that few loops ask for are read by a look of their own, which those share', async () => {
  const asked: string[] = [];
  const all = <Found>(statement: string): Promise<Found[]> =>
    Promise.resolve([{ seen: asked.push(statement) === 1 ? 'intake' : 'alerts' }] as Found[]);
  const look = createLook({ all }, { now: () => 0 });
  await expect(look.sees('bulk', 'planned')).resolves.toBe(false);
  await expect(look.sees('alerts')).resolves.toBe(true);
  await expect(look.sees('intake')).resolves.toBe(true);
  expect(asked).toEqual([looks.often, looks.seldom]);
});

test('a look that waits ends shortly before a multiple of the time that it is shared, whenever it began', async () => {
  const asked: string[] = [];
  let at = 0;
  const all = <Found>(statement: string): Promise<Found[]> => {
    asked.push(statement);
    return Promise.resolve([{ seen: '' }] as Found[]);
  };
  const look = createLook({ all }, { everyMs: 60, sharedMs: 240, now: () => at });
  for (at of [0, 241, 302, 425, 470, 479]) await look.awaitsRows();
  expect(asked).toEqual([4, 4, 3, 1, 1, 1].map((times) => waitingLook(60, times)));
});

test('a look that waits for rows is shared from its end; loops that ask meanwhile go by the one before, but not for ever', async () => {
  let at = 0;
  const answers: ((seen: string) => void)[] = [];
  const look = createLook(
    {
      all: <Found>() =>
        new Promise<Found[]>((done) => {
          answers.push((seen) => done([{ seen }] as Found[]));
        }),
    },
    { now: () => at },
  );
  const first = look.awaitsRows();
  answers[0]?.('slots');
  await expect(first).resolves.toBe(false);
  at = 60;
  const second = look.awaitsRows();
  at = 199;
  await expect(Promise.all([look.sees('slots'), look.sees('files')])).resolves.toEqual([true, false]);
  expect(answers).toHaveLength(2);
  at = 200;
  const own = look.sees('files');
  expect(answers).toHaveLength(3);
  answers[2]?.('files');
  await expect(own).resolves.toBe(true);
  answers[1]?.('intake files slots');
  await expect(second).resolves.toBe(true);
  await expect(look.sees('slots')).resolves.toBe(true);
  expect(answers).toHaveLength(3);
});

/** True while a statement of the home sleeps. */
async function sleeps(): Promise<boolean> {
  const rows = await home.owner.all(
    `SELECT 1 FROM ${await processesTable(home.owner)} WHERE db = ? AND state = 'User sleep'`,
    [home.name],
  );
  return rows.length > 0;
}

test('a row that is committed while a look waits ends the wait, and the look shows the other frequent signs of that moment', async () => {
  const found = readSigns(home.gateway, waitingLook(50, 100));
  while (!(await sleeps()));
  await plant(...planted.slots.due);
  await plant('lead_intake', { status: 'new' });
  expect([...(await found)].toSorted()).toEqual(['intake', 'slots']);
  for (const table of ['slots', 'lead_intake']) await home.owner.run(`DELETE FROM ${table}`);
});

test('a look that waits passes by rows of an open transaction, and waits for none', async () => {
  await home.owner.transaction(
    async (tx) => {
      await plant('lead_intake', { status: 'new' }, tx);
      expect([...(await readSigns(home.gateway, waitingLook(1, 3)))]).toEqual([]);
    },
    { undoIf: () => true },
  );
});

test('a look that failed is not shared', async () => {
  const answers = [Promise.reject(new Error('away')), Promise.resolve([{ seen: 'intake' }])];
  const look = createLook({ all: <Found>() => answers.shift() as Promise<Found[]> }, { now: () => 0 });
  await expect(look.sees('intake')).rejects.toThrow('away');
  await expect(look.sees('intake')).resolves.toBe(true);
});
