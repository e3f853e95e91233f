// Sealing the log: everything appended is sealed once, in whatever order ids commit and however many seal at once.
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { entryIdsOf, rangesOf } from '../../src/privacy/macs.ts';
import { createSealer } from '../../src/privacy/seal.ts';
import { parseAnchor } from '../../src/privacy/verification.ts';
import { silentLog, type Log } from '../../src/log.ts';
import { entry, openLogHome, sealKeys, type LogHome } from './log-home.ts';

let home: LogHome;
beforeAll(async () => {
  home = await openLogHome();
});
beforeEach(() => home.empty());
afterAll(() => home.close());

const sealed = async (): Promise<number[]> =>
  (await home.owner.all<{ entries: string }>('SELECT entries FROM seals ORDER BY sequence')).flatMap(
    (row) => [...entryIdsOf(row.entries)],
  );

test('an empty log is sound and has no anchor', async () => {
  await expect(home.sealer.verify()).resolves.toEqual({
    ok: true,
    seals: 0,
    entries: 0,
    archived: 0,
    unsealed: 0,
  });
  await expect(home.sealer.anchor()).resolves.toBeUndefined();
  await expect(home.sealer.seal(100)).resolves.toBe(0);
});

test('what was appended waits visibly, is sealed, and verifies', async () => {
  const ids = await home.append(7);
  await expect(home.sealer.verify()).resolves.toEqual({
    ok: true,
    seals: 0,
    entries: 0,
    archived: 0,
    unsealed: 7,
  });
  await expect(home.sealer.seal(100)).resolves.toBe(7);
  await expect(home.sealer.verify()).resolves.toEqual({
    ok: true,
    seals: 1,
    entries: 7,
    archived: 0,
    unsealed: 0,
  });
  expect(await sealed()).toEqual(ids);
  await expect(home.sealer.seal(100)).resolves.toBe(0);
});

test('a limit makes several seals, chained, and progress is told after each', async () => {
  await home.append(10);
  for (const expected of [4, 4, 2, 0]) await expect(home.sealer.seal(4)).resolves.toBe(expected);
  const told: number[] = [];
  await expect(home.sealer.verify(undefined, (entries) => told.push(entries))).resolves.toMatchObject({
    ok: true,
    seals: 3,
  });
  expect(told).toEqual([4, 8, 10]);
});

test('of ten thousand ids in a row none is left without a seal', async () => {
  const ids: number[] = [];
  while (ids.length < 10_000) ids.push(...(await home.append(500)));
  while ((await home.sealer.seal(2_000)) > 0);
  expect(await sealed()).toEqual(ids);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, entries: 10_000, unsealed: 0 });
});

test('ids that were rolled back leave a gap and no fault', async () => {
  const [first] = await home.append(1);
  await home.gateway
    .transaction(async (tx) => {
      await appendHandovers(tx, [entry(), entry()]);
      throw new Error('rolled back');
    })
    .catch(() => undefined);
  const [last] = await home.append(1);
  expect((last ?? 0) - (first ?? 0)).toBeGreaterThan(1);
  await home.sealer.seal(100);
  await expect(home.verdict()).resolves.toBe('sound');
  expect(await sealed()).toEqual([first, last]);
});

test('an entry with a smaller id that commits after a seal of higher ids is sealed by the next one', async () => {
  const [written, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = home.gateway.transaction(async (tx) => {
    await appendHandovers(tx, [entry()]);
    written.resolve();
    await mayCommit.promise;
  });
  await written.promise;
  const higher = await home.append(3);
  await expect(home.sealer.seal(100)).resolves.toBe(3);
  await expect(home.verdict()).resolves.toBe('sound');
  mayCommit.resolve();
  await slow;
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, unsealed: 1 });
  await expect(home.sealer.seal(100)).resolves.toBe(1);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, seals: 2, entries: 4, unsealed: 0 });
  const order = await sealed();
  expect(order.slice(0, 3)).toEqual(higher);
  expect(order[3]).toBeLessThan(higher[0] ?? 0);
});

test('several sealers at once seal every entry once, in one unbroken chain', async () => {
  const ids = await home.append(60);
  const sealers = [1, 2, 3].map(() => home.sealerWith({ database: home.another(2) }));
  let left = ids.length;
  for (let round = 0; left > 0 && round < 100; round += 1) {
    const counts = await Promise.all(sealers.map((one) => one.seal(7)));
    left -= counts.reduce((sum, count) => sum + count, 0);
  }
  expect((await sealed()).toSorted((a, b) => a - b)).toEqual(ids);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, entries: 60, unsealed: 0 });
});

test('verify while entries are appended and sealed finds no fault', async () => {
  const busy = home.sealerWith({ database: home.another(2) });
  let going = true;
  const work = (async () => {
    while (going) {
      await home.append(3);
      await busy.seal(5);
    }
  })();
  const verdicts: unknown[] = [];
  for (let round = 0; round < 25; round += 1) verdicts.push(await home.verdict());
  going = false;
  await work;
  expect(new Set(verdicts)).toEqual(new Set(['sound']));
});

test('every kind of value is sealed as it is stored and read back: texts, numbers, bytes, none', async () => {
  await home.gateway.transaction((tx) =>
    appendHandovers(tx, [
      entry({
        recipient: 'é€😀"\\',
        purpose: "L'appel",
        digest: Buffer.alloc(32, 255),
        durationMs: 4_294_967_295,
      }),
      { entry: 'suspended', clientId: 'essai' },
    ]),
  );
  await home.sealer.seal(10);
  await expect(home.verdict()).resolves.toBe('sound');
});

test('a seal is told to the log by its count alone', async () => {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, info: (event, fields) => void lines.push([event, fields]) };
  await home.append(2);
  await createSealer({ database: home.gateway, sealKeys, log }).seal(10);
  expect(lines).toEqual([['seal.written', { count: 2 }]]);
});

test('ranges of ids and ids are the same thing written twice', () => {
  expect(rangesOf([1, 2, 3, 5, 8, 9])).toBe('1-3,5,8-9');
  for (const ids of [[], [7], [1, 3, 5], [10, 11, 12], [1, 2, 4, 5, 6, 100]])
    expect(entryIdsOf(rangesOf(ids))).toEqual(ids);
});

test('an anchor is read as it is printed, and nothing else is', () => {
  const mac = 'ab'.repeat(32);
  expect(parseAnchor(` 12:${mac}\n`)).toEqual({ sequence: 12, mac });
  for (const text of ['', mac, `12:${mac}0`, `-1:${mac}`, `12:${mac.toUpperCase()}`, `12 ${mac}`])
    expect(parseAnchor(text)).toBeUndefined();
});
