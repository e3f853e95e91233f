// Entries that were written together wait for their seal in one line: what befalls one of them befalls no other.
import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { createSign } from '../../src/privacy/macs.ts';
import { countUnsealed } from '../../src/store/log/handovers-unsealed.ts';
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { entry, openLogHome, sealKeys, type LogHome } from './log-home.ts';

let home: LogHome;
let ids: readonly number[];
beforeAll(async () => {
  home = await openLogHome();
});
beforeEach(async () => {
  await home.empty();
  ids = await home.append(20);
});
afterAll(() => home.close());

const id = (at: number): number => ids[at] ?? 0;
const lines = () =>
  home.owner.all<{ id: number; signatures: number; refused: number }>(
    'SELECT handover_id AS id, OCTET_LENGTH(mac) DIV 32 AS signatures, refused_at IS NOT NULL AS refused FROM handovers_unsealed ORDER BY handover_id',
  );

test('twenty entries of one statement wait in one line, and each counts', async () => {
  await expect(lines()).resolves.toEqual([{ id: id(0), signatures: 16, refused: 0 }, ...(await rest())]);
  await expect(countUnsealed(home.gateway)).resolves.toBe(20);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, unsealed: 20 });
  await expect(home.sealer.seal(100)).resolves.toBe(20);
  await expect(lines()).resolves.toEqual([]);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, entries: 20, unsealed: 0 });
});

/** What one statement writes is 16, then 4. */
const rest = async () => [16, 17, 18, 19].map((at) => ({ id: id(at), signatures: 1, refused: 0 }));

test('a line is sealed in parts where a seal takes fewer', async () => {
  for (const sealed of [6, 6, 6, 2, 0]) await expect(home.sealer.seal(6)).resolves.toBe(sealed);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, seals: 4, entries: 20, unsealed: 0 });
});

describe('C09: of entries that share a line', () => {
  test.each([0, 7, 15])('number %d, altered before it was sealed, is set apart alone', async (at) => {
    await home.tamper("UPDATE handovers SET consents = '[]' WHERE id = ?", [id(at)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(at) });
    await expect(home.sealer.seal(100)).resolves.toBe(19);
    await expect(lines()).resolves.toEqual([{ id: id(at), signatures: 1, refused: 1 }]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(at) });
    await home.append(20);
    await expect(home.sealer.seal(100)).resolves.toBe(20);
  });
  test.each([0, 7, 15])(
    'number %d, taken away before it was sealed, keeps its place and is named',
    async (at) => {
      await home.tamper('DELETE FROM handovers WHERE id = ?', [id(at)]);
      await expect(home.verdict()).resolves.toEqual({ kind: 'queue_points_nowhere', entry: id(at) });
      await expect(home.sealer.seal(100)).resolves.toBe(19);
      await expect(home.verdict()).resolves.toEqual({ kind: 'queue_points_nowhere', entry: id(at) });
      await expect(home.sealer.seal(100)).resolves.toBe(0);
    },
  );
  test('those whose signatures were cut off the line are named, and never sealed', async () => {
    await home.tamper('UPDATE handovers_unsealed SET mac = SUBSTRING(mac, 1, 320) WHERE handover_id = ?', [
      id(0),
    ]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: id(10) });
    await expect(home.sealer.seal(100)).resolves.toBe(14);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: id(10) });
  });
  test('an incomplete signature is none', async () => {
    await home.tamper('UPDATE handovers_unsealed SET mac = SUBSTRING(mac, 1, 330) WHERE handover_id = ?', [
      id(0),
    ]);
    await expect(home.sealer.seal(100)).resolves.toBe(14);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: id(10) });
    await home.tamper("INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, ?, '')", [
      ...[id(10), sealKeys.current().id],
    ]);
    await expect(home.sealer.seal(100)).resolves.toBe(0);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(10) });
  });
  test('signatures that were swapped set both apart', async () => {
    await home.tamper(
      'UPDATE handovers_unsealed SET mac = CONCAT(SUBSTRING(mac, 33, 32), SUBSTRING(mac, 1, 32), SUBSTRING(mac, 65)) WHERE handover_id = ?',
      [id(0)],
    );
    await expect(home.sealer.seal(100)).resolves.toBe(18);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(0) });
  });
  test('a line under a key that nobody was ever given is set apart whole', async () => {
    const own = createSign(createKeyRing([randomBytes(32)]))('x').keyId;
    await home.tamper('UPDATE handovers_unsealed SET key_id = ? WHERE handover_id = ?', [own, id(0)]);
    await expect(home.sealer.seal(100)).resolves.toBe(4);
    expect((await lines()).map(({ signatures, refused }) => [signatures, refused])).toEqual(
      Array.from({ length: 16 }, () => [1, 1]),
    );
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(0) });
  });
});

test('C09: a line that was stretched over a forged entry seals it no more than any other', async () => {
  const { insertId } = await home.owner.run(
    "INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(6), 'departed', 'essai')",
  );
  await home.tamper('DELETE FROM handovers_unsealed WHERE handover_id > ?', [id(15)]);
  await home.tamper('UPDATE handovers_unsealed SET mac = CONCAT(mac, ?) WHERE handover_id = ?', [
    ...[randomBytes(32 * 5), id(0)],
  ]);
  await expect(home.sealer.seal(100)).resolves.toBe(16);
  await expect(home.verdict()).resolves.toEqual({ kind: 'entry_forged', entry: id(16) });
  expect((await lines()).map((line) => line.id)).toEqual([16, 17, 18, 19].map(id).concat(insertId));
});

test('a line that was stretched over genuine ones, whose signatures it repeats, seals each once', async () => {
  await home.tamper(
    `UPDATE handovers_unsealed u JOIN handovers_unsealed o ON o.handover_id = ? SET u.mac = CONCAT(u.mac, o.mac) WHERE u.handover_id = ?`,
    [id(16), id(0)],
  );
  await expect(home.sealer.seal(100)).resolves.toBe(20);
  await expect(lines()).resolves.toEqual([]);
  await expect(home.verdict()).resolves.toBe('sound');
});

test('what is undone leaves no line behind, and a seal waits for nobody who still writes', async () => {
  await home.sealer.seal(100);
  const many = Array.from({ length: 30 }, () => entry());
  await expect(
    home.gateway.transaction(async (tx) => {
      await appendHandovers(tx, many);
      throw new Error('undone');
    }),
  ).rejects.toThrow('undone');
  await expect(lines()).resolves.toEqual([]);
  await home.gateway.transaction(async (tx) => {
    await appendHandovers(tx, many);
    const later = await home.append(10);
    await expect(home.sealer.seal(100)).resolves.toBe(later.length);
  });
  await expect(home.sealer.seal(100)).resolves.toBe(30);
  await expect(home.sealer.verify()).resolves.toMatchObject({ ok: true, entries: 60, unsealed: 0 });
});
