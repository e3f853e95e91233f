// Guarantee 9: an attacker with the owner's account, triggers gone, but without the seal key. Each trace is found and named.
import { randomBytes } from 'node:crypto';
import { appendHandovers, handoverColumns } from '../../src/store/log/handovers.ts';
import { entry, openLogHome, sealKey, type LogHome } from './log-home.ts';

let home: LogHome;
/** Three seals of five entries each. */
let ids: readonly number[];
let anchor: string;
const id = (index: number): number => ids[index] ?? Number.NaN;

beforeAll(async () => {
  home = await openLogHome();
});
beforeEach(async () => {
  await home.empty();
  ids = await home.append(15);
  for (let seal = 0; seal < 3; seal += 1) await home.sealer.seal(5);
  anchor = (await home.sealer.anchor()) ?? '';
  await expect(home.verdict(anchor)).resolves.toBe('sound');
});
afterAll(() => home.close());

describe('an entry', () => {
  const other: Record<string, string | number | Buffer> = {
    ...{
      at: '2020-01-01 00:00:00.000001',
      consents: '[]',
      fields: 'ref',
      digest: randomBytes(32),
      outcome: 'accepted',
    },
  };
  test.each(handoverColumns)('C09: changed in its column %s is named', async (column) => {
    const [type] = await home.owner.all<{ type: string }>(
      "SELECT DATA_TYPE AS type FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'handovers' AND COLUMN_NAME = ?",
      [home.name, column],
    );
    const value = other[column] ?? (type?.type.endsWith('int') === true ? 77 : 'x');
    await home.tamper(`UPDATE handovers SET ${column} = ? WHERE id = ?`, [value, id(6)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_changed', seal: 2, entry: id(6) });
  });
  test('every column of the table is sealed', async () => {
    const columns = await home.owner.all<{ name: string }>(
      "SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'handovers'",
      [home.name],
    );
    expect(
      columns
        .map((one) => one.name)
        .filter((name) => name !== 'id')
        .toSorted(),
    ).toEqual([...handoverColumns].toSorted());
  });
  test('changed by a letter’s case, an accent or a trailing space is named', async () => {
    for (const [index, value] of ['essai, équipe €', 'Essai, equipe €', 'Essai, équipe € '].entries()) {
      await home.tamper('UPDATE handovers SET recipient = ? WHERE id = ?', [value, id(4 - index)]);
      await expect(home.verdict()).resolves.toEqual({ kind: 'entry_changed', seal: 1, entry: id(4 - index) });
    }
  });
  test('emptied is named', async () => {
    await home.tamper('UPDATE handovers SET fields = NULL WHERE id = ?', [id(0)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_changed', seal: 1, entry: id(0) });
  });
  test('whose call is taken away or renamed is named', async () => {
    await home.empty();
    await home.gateway.transaction((tx) =>
      appendHandovers(tx, [entry({ call: 'deal' }), entry({ call: 'deal' })]),
    );
    await home.sealer.seal(5);
    await expect(home.verdict()).resolves.toBe('sound');
    const [first, second] = await home.owner.all<{ id: number }>('SELECT id FROM handovers ORDER BY id');
    await home.tamper("UPDATE handovers SET call_name = 'person' WHERE id = ?", [second?.id ?? 0]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_changed', seal: 1, entry: second?.id });
    await home.tamper("UPDATE handovers SET call_name = '' WHERE id = ?", [first?.id ?? 0]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_changed', seal: 1, entry: first?.id });
  });
  test('deleted is named', async () => {
    await home.tamper('DELETE FROM handovers WHERE id = ?', [id(12)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_missing', seal: 3, entry: id(12) });
  });
  test('of two broken ones the first is named', async () => {
    await home.tamper('UPDATE handovers SET status = 500 WHERE id = ?', [id(13)]);
    await home.tamper('DELETE FROM handovers WHERE id = ?', [id(3)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_missing', seal: 1, entry: id(3) });
  });
  test('swapped with its neighbour is named, though both are genuine', async () => {
    await home.tamper('UPDATE handovers SET id = 0 WHERE id = ?', [id(1)]);
    await home.tamper('UPDATE handovers SET id = ? WHERE id = ?', [id(1), id(2)]);
    await home.tamper('UPDATE handovers SET id = ? WHERE id = 0', [id(2)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_changed', seal: 1, entry: id(1) });
  });
  test('slipped in past the gateway, after or between the others, is named', async () => {
    await home.tamper(
      "INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(6), 'departed', 'essai')",
    );
    const [last] = await home.owner.all<{ id: number }>('SELECT MAX(id) AS id FROM handovers');
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: last?.id });
    await home.tamper('UPDATE handovers SET id = ? WHERE id = ?', [id(0) - 1, last?.id ?? 0]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: id(0) - 1 });
  });
  test('taken away before it was sealed, while its place in the queue stays, is named and never sealed over', async () => {
    const [fresh = 0] = await home.append(1);
    await home.tamper('DELETE FROM handovers WHERE id = ?', [fresh]);
    await expect(home.sealer.seal(10)).resolves.toBe(0);
    await expect(home.verdict()).resolves.toEqual({ kind: 'queue_points_nowhere', entry: fresh });
  });
  test('taken out of the queue so that no seal ever covers it is named', async () => {
    const [fresh = 0] = await home.append(1);
    await home.tamper('DELETE FROM handovers_unsealed WHERE handover_id = ?', [fresh]);
    await home.sealer.seal(10);
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: fresh });
  });
});

describe('a seal', () => {
  test.each([
    "entries = CONCAT(entries, ',999999')",
    "entries = '1-9000000000000'",
    "entries = 'x'",
    'count = count - 1',
    'entry_macs = SUBSTRING(entry_macs, 1, 64)',
    'entry_macs = CONCAT(SUBSTRING(entry_macs, 17, 64), SUBSTRING(entry_macs, 1, 16))',
    'previous = mac',
    'mac = previous',
  ])('changed is named: %s', async (change) => {
    await home.tamper(`UPDATE seals SET ${change} WHERE sequence = 2`);
    await expect(home.verdict()).resolves.toEqual({ kind: 'seal_changed', seal: 2 });
  });
  test('removed at the beginning or in the middle is named', async () => {
    await home.tamper('DELETE FROM seals WHERE sequence = 2');
    await expect(home.verdict()).resolves.toEqual({ kind: 'seal_missing', seal: 2 });
    await home.tamper('DELETE FROM seals WHERE sequence = 1');
    await expect(home.verdict()).resolves.toEqual({ kind: 'seal_missing', seal: 1 });
  });
  test('removed and the others renumbered is named: each is chained to the one before', async () => {
    await home.tamper('DELETE FROM seals WHERE sequence = 1');
    await home.tamper('UPDATE seals SET sequence = sequence - 1 ORDER BY sequence');
    await expect(home.verdict()).resolves.toEqual({ kind: 'seal_changed', seal: 1 });
  });
  test('made by someone without the key is named', async () => {
    await home.tamper('UPDATE handovers SET status = 200 WHERE id = ?', [id(14)]);
    await home.tamper('UPDATE seals SET mac = ? WHERE sequence = 3', [randomBytes(32)]);
    await expect(home.verdict()).resolves.toEqual({ kind: 'seal_changed', seal: 3 });
  });
  test('is checked under the right key only: with another the whole log is in doubt from its first seal', async () => {
    expect((await home.sealerWith({ key: randomBytes(32) }).verify()).problem).toEqual({
      kind: 'key_missing',
      seal: 1,
    });
    expect((await home.sealerWith({ key: Buffer.from(sealKey) }).verify()).problem).toBeUndefined();
  });
});

describe('the tail', () => {
  const cut = async (): Promise<void> => {
    await home.tamper('DELETE FROM handovers WHERE id >= ?', [id(10)]);
    await home.tamper('DELETE FROM seals WHERE sequence = 3');
  };
  test('cut clean off looks sound by itself, and only the anchor kept elsewhere tells', async () => {
    await cut();
    await expect(home.verdict()).resolves.toBe('sound');
    await expect(home.verdict(anchor)).resolves.toEqual({ kind: 'anchor_missing', seal: 3 });
  });
  test('cut and grown again by genuine entries under the genuine key still differs from the anchor', async () => {
    await cut();
    await home.append(5);
    await home.sealerWith({}).seal(10);
    await expect(home.verdict()).resolves.toBe('sound');
    await expect(home.verdict(anchor)).resolves.toEqual({ kind: 'anchor_differs', seal: 3 });
  });
  test('of an earlier life put back behind a chain that was regrown is named, genuine as it is', async () => {
    await home.tamper('CREATE TABLE kept_seal AS SELECT * FROM seals WHERE sequence = 3');
    await home.tamper('DELETE FROM handovers WHERE id BETWEEN ? AND ?', [id(5), id(9)]);
    await home.tamper('DELETE FROM seals WHERE sequence > 1');
    await home.append(5);
    await home.sealerWith({}).seal(10);
    await home.tamper('INSERT INTO seals SELECT * FROM kept_seal');
    await expect(home.verdict()).resolves.toEqual({ kind: 'seal_changed', seal: 3 });
  });
  test('an anchor stays good while the log grows', async () => {
    await home.append(4);
    await home.sealer.seal(10);
    await expect(home.verdict(anchor)).resolves.toBe('sound');
  });
  test('only its last seal removed shows at once: its entries belong to none', async () => {
    await home.tamper('DELETE FROM seals WHERE sequence = 3');
    await expect(home.verdict()).resolves.toEqual({ kind: 'entry_unsealed', entry: id(10) });
  });
});

describe('what is broken is named whole, the first finding first', () => {
  const found = async () => {
    const { problem, problems, entries } = await home.sealer.verify();
    expect(problems?.[0]).toEqual(problem);
    return { problems: problems ?? [], entries };
  };

  test('entries changed and removed in several seals', async () => {
    await home.tamper("UPDATE handovers SET actor = 'x' WHERE id = ?", [id(6)]);
    await home.tamper('DELETE FROM handovers WHERE id = ?', [id(8)]);
    await home.tamper("UPDATE handovers SET actor = 'x' WHERE id = ?", [id(12)]);
    expect(await found()).toEqual({
      entries: 5,
      problems: [
        { kind: 'entry_changed', seal: 2, entry: id(6) },
        { kind: 'entry_missing', seal: 2, entry: id(8) },
        { kind: 'entry_changed', seal: 3, entry: id(12) },
      ],
    });
  });

  test('behind a missing seal the others are looked at, and nothing is called a stray that it may have covered', async () => {
    await home.tamper('DELETE FROM seals WHERE sequence = 2');
    await home.tamper("UPDATE handovers SET actor = 'x' WHERE id = ?", [id(12)]);
    expect((await found()).problems).toEqual([
      { kind: 'seal_missing', seal: 2 },
      { kind: 'entry_changed', seal: 3, entry: id(12) },
    ]);
  });

  test('a changed seal and an entry past the gateway', async () => {
    await home.tamper('UPDATE seals SET count = count + 1 WHERE sequence = 1');
    const [late = 0] = await home.append(1);
    await home.tamper("UPDATE handovers SET actor = 'x' WHERE id = ?", [late]);
    expect((await found()).problems).toEqual([
      { kind: 'seal_changed', seal: 1 },
      { kind: 'entry_forged', entry: late },
    ]);
  });

  test('twenty at most', async () => {
    await home.append(40);
    await home.sealer.seal(100);
    await home.tamper("UPDATE handovers SET actor = 'x'");
    expect((await found()).problems).toHaveLength(20);
  });
});
