// The sealer signs only what the gateway made: an attacker who holds the owner's account can add, copy, swap and alter, and gets
// nothing sealed; nobody builds upon a seal that is not genuine.
import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { noSeal, sealMac, createSign } from '../../src/privacy/macs.ts';
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { openDatabase } from '../../src/store/database.ts';
import { entry, openLogHome, sealKeys, type LogHome } from './log-home.ts';

let home: LogHome;
let ids: readonly number[];
const id = (index: number): number => ids[index] ?? Number.NaN;

beforeAll(async () => {
  home = await openLogHome();
});
beforeEach(async () => {
  await home.empty();
  ids = await home.append(4);
});
afterAll(() => home.close());

const alerts = async (): Promise<string[]> =>
  (await home.owner.all<{ kind: string; reason: string }>('SELECT kind, reason FROM alerts ORDER BY id')).map(
    (one) => `${one.kind} ${one.reason}`,
  );

/** Whatever the attack was: the entry stays unsealed, the others are sealed, an alert tells, verify names it. */
async function namesForged(forged: number, others: number): Promise<void> {
  await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: forged });
  await expect(home.sealer.seal(100)).resolves.toBe(others);
  await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: forged });
  expect(await alerts()).toEqual([`log_altered entry_forged:${forged}`]);
  await home.append(3);
  await expect(home.sealer.seal(100)).resolves.toBe(3);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: false, entries: others + 3 });
}

/** A copy of an entry under a new id; returns it. */
async function copied(from: number): Promise<number> {
  const columns = (
    await home.owner.all<{ name: string }>(
      "SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'handovers' AND COLUMN_NAME <> 'id'",
      [home.name],
    )
  )
    .map((one) => one.name)
    .join(', ');
  return (
    await home.owner.run(
      `INSERT INTO handovers (${columns}) SELECT ${columns} FROM (SELECT * FROM handovers WHERE id = ?) one`,
      [from],
    )
  ).insertId;
}

describe('C09: never sealed, set apart, told and named is', () => {
  test('an entry forged together with its line in the queue', async () => {
    const forged = await copied(id(0));
    await home.tamper('INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, ?, ?)', [
      ...[forged, sealKeys.current().id, randomBytes(32)],
    ]);
    await namesForged(forged, 4);
  });
  test('an entry with the signature of another one, alike but for its id', async () => {
    const forged = await copied(id(0));
    await home.tamper(
      'INSERT INTO handovers_unsealed (handover_id, key_id, mac) SELECT ?, key_id, mac FROM handovers_unsealed WHERE handover_id = ?',
      [forged, id(0)],
    );
    await namesForged(forged, 4);
  });
  test('an entry altered before it was sealed', async () => {
    await home.tamper("UPDATE handovers SET consents = '[]' WHERE id = ?", [id(2)]);
    await namesForged(id(2), 3);
  });
  test('an entry without a signature, as before there were any', async () => {
    const forged = await copied(id(0));
    await home.tamper("INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, '', ?)", [
      forged,
      Buffer.alloc(32),
    ]);
    await expect(home.sealer.seal(100)).resolves.toBe(4);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: forged });
  });
  test('an entry signed by someone with a key of their own, under the name of the genuine one or their own', async () => {
    const [own] = [createKeyRing([randomBytes(32)])];
    for (const [at, keyId] of [sealKeys.current().id, own.current().id].entries()) {
      await home.tamper('UPDATE handovers_unsealed SET key_id = ?, mac = ? WHERE handover_id = ?', [
        ...[keyId, createSign(own)('whatever').mac, id(at)],
      ]);
    }
    await expect(home.sealer.seal(100)).resolves.toBe(2);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(0) });
    await home.tamper('DELETE FROM handovers WHERE id = ?', [id(0)]);
    await home.tamper('DELETE FROM handovers_unsealed WHERE handover_id = ?', [id(0)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(1) });
  });
  test('an entry under the name of a key that nobody was ever given', async () => {
    const forged = await copied(id(0));
    await home.tamper(
      "INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, 'f00df00df00df00d', ?)",
      [...[forged, randomBytes(32)]],
    );
    await namesForged(forged, 4);
  });
});

test('C09: two entries that were swapped before they were sealed are both set apart', async () => {
  await home.tamper('UPDATE handovers SET id = 0 WHERE id = ?', [id(1)]);
  await home.tamper('UPDATE handovers SET id = ? WHERE id = ?', [id(1), id(2)]);
  await home.tamper('UPDATE handovers SET id = ? WHERE id = 0', [id(2)]);
  await expect(home.sealer.seal(100)).resolves.toBe(2);
  await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(1) });
});

test('a sealed entry put into the queue again changes nothing that was sealed', async () => {
  const lines = await home.owner.all<{ mac: Buffer; key_id: string }>(
    'SELECT mac, key_id FROM handovers_unsealed WHERE handover_id = ?',
    [id(0)],
  );
  await home.sealer.seal(100);
  await home.tamper("UPDATE handovers SET recipient = 'x' WHERE id = ?", [id(0)]);
  await home.tamper('INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, ?, ?)', [
    ...[id(0), lines[0]?.key_id ?? '', lines[0]?.mac ?? ''],
  ]);
  await expect(home.sealer.seal(100)).resolves.toBe(0);
  await expect(home.verdict()).resolves.toEqual({ kind: 'entry_changed', seal: 1, entry: id(0) });
});

describe('nobody builds upon', () => {
  const seal = { sealedAt: new Date(), entries: '', entryMacs: Buffer.alloc(0), count: 0 };
  test.each([
    ['the name of the genuine key', sealKeys.current().id],
    ['the name of a key that nobody was ever given', 'f00df00df00df00d'],
  ])('C09: a seal slipped in under %s: it is told, and sealing stands until it is gone', async (_, keyId) => {
    await home.sealer.seal(100);
    const fake = { ...seal, sequence: 2, previous: noSeal, keyId };
    await home.tamper(
      'INSERT INTO seals (sequence, sealed_at, entries, entry_macs, count, previous, mac, key_id) VALUES (?, UTC_TIMESTAMP(3), ?, ?, ?, ?, ?, ?)',
      [
        ...[fake.sequence, fake.entries, fake.entryMacs, fake.count, fake.previous],
        ...[sealMac({ id: fake.keyId, bytes: randomBytes(32) }, fake), fake.keyId],
      ],
    );
    await home.append(2);
    await expect(home.sealer.seal(100)).resolves.toBe(0);
    await expect(home.sealer.seal(100)).resolves.toBe(0);
    expect(await alerts()).toEqual(['log_altered seal_changed:2']);
    const named = keyId === sealKeys.current().id ? 'seal_changed' : 'key_missing';
    await expect(home.verdict()).resolves.toEqual({ kind: named, seal: 2 });
    await home.tamper('DELETE FROM seals WHERE sequence = 2');
    await expect(home.sealer.seal(100)).resolves.toBe(2);
    await expect(home.verdict()).resolves.toBe('sound');
  });
  test('C09: an end that was cut off while the sealer runs', async () => {
    await home.sealer.seal(2);
    await home.sealer.seal(2);
    await home.tamper('DELETE FROM seals WHERE sequence = 2');
    await home.tamper('DELETE FROM handovers WHERE id >= ?', [id(2)]);
    await home.append(1);
    await expect(home.sealer.seal(100)).resolves.toBe(0);
    expect(await alerts()).toEqual(['log_altered seal_missing:2']);
  });
});

test('what a person types reaches its seal whatever its signs: half an emoji, accents, other scripts', async () => {
  const purposes = [
    'x'.repeat(198) + '😀',
    'x'.repeat(199) + '\ud83d',
    '\ud800 seul',
    'é e\u0301 ',
    'Ελληνικά \u0000 中文',
    '"\\\n\t',
  ];
  await home.gateway.transaction((tx) =>
    appendHandovers(
      tx,
      purposes.map((purpose) => entry({ purpose, durationMs: 12.7, status: 200, reason: 'é'.repeat(80) })),
    ),
  );
  await expect(home.sealer.seal(100)).resolves.toBe(4 + purposes.length);
  await expect(home.verdict()).resolves.toBe('sound');
});

test('an entry that says nothing in a column is signed as it is stored, alone and among others', async () => {
  const bare = { entry: 'suspended', clientId: '' } as const;
  for (const entries of [
    [bare],
    [{ ...bare, fields: [] }],
    [{ ...bare, fields: [] }, entry()],
    [{ ...bare, fields: [''], consents: [], cited: '', durationMs: 0.2 }, entry({ fields: [] })],
  ])
    await home.gateway.transaction((tx) => appendHandovers(tx, entries));
  await expect(home.sealer.seal(100)).resolves.toBe(10);
  await expect(home.verdict()).resolves.toBe('sound');
});

test('a connection that cannot sign appends nothing', async () => {
  const mute = openDatabase({ url: home.ownerUrl, connections: 1 });
  await expect(mute.transaction((tx) => appendHandovers(tx, [entry()]))).rejects.toMatchObject({
    code: 'INTERNAL-001',
  });
  await mute.close();
  await expect(home.sealer.seal(100)).resolves.toBe(4);
  await expect(home.verdict()).resolves.toBe('sound');
});
