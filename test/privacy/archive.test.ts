// Months of the log in files: written only from a log that verifies, removed only while a file holds them, proved both ways.
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { archiveLog, removeArchived, type ArchiveOptions } from '../../src/privacy/archive.ts';
import { checkArchiveFile } from '../../src/privacy/archive-file.ts';
import { entryText } from '../../src/privacy/macs.ts';
import { createSealer } from '../../src/privacy/seal.ts';
import { silentLog } from '../../src/log.ts';
import { grantRights } from '../../src/store/migrate.ts';
import { SqlFailure } from '../../src/store/database.ts';
import { appendHandovers, handoverColumns } from '../../src/store/log/handovers.ts';
import type { HandoverRow } from '../../src/store/log/seals.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { entry, sealKeys } from './log-home.ts';

let home: StoreHome;
let folder: string;
let options: ArchiveOptions;

beforeEach(async () => {
  home = await openStoreHome();
  folder = mkdtempSync(join(tmpdir(), 'relais-archives-'));
  options = { owner: home.owner, sealKeys, folder };
});
afterEach(async () => {
  await home.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Entries appended and sealed, by seals of two, as if it were that day. */
async function month(day: string, count: number): Promise<void> {
  await home.gateway.transaction((tx) =>
    appendHandovers(
      tx,
      Array.from({ length: count }, () => entry()),
      { at: new Date(day) },
    ),
  );
  const sealer = createSealer({ database: home.gateway, sealKeys, log: silentLog, now: () => new Date(day) });
  while ((await sealer.seal(2)) > 0);
}
const sealer = () => createSealer({ database: home.gateway, sealKeys, log: silentLog });
const verdict = async (archives?: string) =>
  (await sealer().verify(undefined, undefined, archives === undefined ? {} : { archives })).problem ??
  'sound';
const files = (): readonly string[] => readdirSync(folder).sort();
const countOf = async (): Promise<number> =>
  (await home.owner.all<{ n: number }>('SELECT COUNT(*) AS n FROM handovers'))[0]?.n ?? -1;
const pathOf = (at: number): string => join(folder, files()[at] ?? '');
/** Changes the text of an archive and packs it again. */
const rewrite = (at: number, change: (text: string) => string): void => {
  const before = gunzipSync(readFileSync(pathOf(at))).toString();
  const after = change(before);
  if (after === before) throw new Error('the attack changed nothing');
  writeFileSync(pathOf(at), gzipSync(after));
};
const year = async (): Promise<void> => {
  await month('2026-08-10T10:00:00Z', 5);
  await month('2026-09-10T10:00:00Z', 4);
  await month('2026-10-10T10:00:00Z', 3);
};

test('one file a month, entries stay until they are removed, and the log verifies before, between and after', async () => {
  await year();
  const written = await archiveLog(options, '2026-10');
  expect(written.map((one) => [one.fileName, one.entries])).toEqual([
    ['relais-log-2026-08-1-3.jsonl.gz', 5],
    ['relais-log-2026-09-4-5.jsonl.gz', 4],
  ]);
  expect(files()).toEqual(written.map((one) => one.fileName));
  expect(await countOf()).toBe(12);
  await expect(verdict()).resolves.toBe('sound');
  await expect(archiveLog(options, '2026-10')).resolves.toEqual([]);

  await expect(removeArchived(options)).resolves.toBe(9);
  expect(await countOf()).toBe(3);
  await expect(sealer().verify()).resolves.toEqual({
    ...{ ok: true, seals: 7, entries: 12, archived: 9, unsealed: 0 },
  });
  await expect(verdict(folder)).resolves.toBe('sound');
  await expect(removeArchived(options)).resolves.toBe(0);

  // Life goes on: new entries, a new archive, the same chain.
  await month('2026-11-02T10:00:00Z', 2);
  await expect(archiveLog(options, '2026-11')).resolves.toHaveLength(1);
  await expect(removeArchived(options)).resolves.toBe(3);
  await expect(verdict(folder)).resolves.toBe('sound');
});

test('an archive verifies by itself, with the key and without the database, and says what links it to the next', async () => {
  await year();
  await archiveLog(options, '2026-10');
  const [august, september] = [
    await checkArchiveFile(pathOf(0), sealKeys),
    await checkArchiveFile(pathOf(1), sealKeys),
  ];
  expect(august).toMatchObject({
    ok: true,
    month: '2026-08',
    firstSeal: 1,
    lastSeal: 3,
    seals: 3,
    entries: 5,
  });
  expect(august.ok && september.ok && september.previous.equals(august.lastMac)).toBe(true);
  expect((await checkArchiveFile(pathOf(0), createKeyRing([Buffer.alloc(32, 1)]))).ok).toBe(false);
  expect(await checkArchiveFile(join(folder, 'none.gz'), sealKeys)).toEqual({
    ok: false,
    problem: { kind: 'archive_missing' },
  });
});

describe('an archive that somebody was at', () => {
  beforeEach(async () => {
    await year();
    await archiveLog(options, '2026-10');
  });

  test.each<[string, (text: string) => string, string]>([
    ['an entry changed', (text) => text.replace('"worker"', '"Sophie"'), 'entry_changed'],
    [
      'an entry left out',
      (text) =>
        text
          .split('\n')
          .filter((_, at, all) => at !== all.findIndex((one) => one.startsWith('[')))
          .join('\n'),
      'entry_changed',
    ],
    ['a seal changed', (text) => text.replace(/"count":2/, '"count":1'), 'seal_changed'],
    ['a seal left out', (text) => text.replace(/\{"seal":2,[\s\S]*?(?=\{"seal":3)/, ''), 'seal_changed'],
    ['cut at the end', (text) => text.slice(0, text.lastIndexOf('{"end"')), 'archive_changed'],
    ['lengthened', (text) => `${text}[1,"x"]\n`, 'archive_changed'],
    ['no archive at all', () => 'hello\n', 'archive_changed'],
  ])('%s: does not verify, and nothing is removed for it', async (_title, change, kind) => {
    rewrite(0, change);
    const check = await checkArchiveFile(pathOf(0), sealKeys);
    expect(check).toMatchObject({ ok: false, problem: { kind } });
    await expect(verdict(folder)).resolves.toMatchObject({ kind });
    await expect(verdict()).resolves.toBe('sound');
    await expect(removeArchived(options)).rejects.toThrow('is not the file that was written');
    expect(await countOf()).toBe(12);
  });

  test('cut in the middle of its bytes, or not packed', async () => {
    const bytes = readFileSync(pathOf(0));
    for (const wrong of [bytes.subarray(0, bytes.length - 20), Buffer.from('hello'), Buffer.alloc(0)]) {
      writeFileSync(pathOf(0), wrong);
      expect((await checkArchiveFile(pathOf(0), sealKeys)).ok).toBe(false);
    }
  });

  test('there, and not to be read: nothing is said of its content', async () => {
    const path = pathOf(0);
    unlinkSync(path);
    mkdirSync(path);
    await expect(checkArchiveFile(path, sealKeys)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(verdict(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    rmdirSync(path);
  });

  test('gone, or another genuine one in its place', async () => {
    const [august, september] = [readFileSync(pathOf(0)), readFileSync(pathOf(1))];
    writeFileSync(pathOf(0), september);
    await expect(verdict(folder)).resolves.toMatchObject({ kind: 'archive_changed', seal: 1 });
    await expect(removeArchived(options)).rejects.toThrow('is not the file that was written');
    writeFileSync(pathOf(0), august);
    unlinkSync(pathOf(1));
    await expect(verdict(folder)).resolves.toEqual({ kind: 'archive_missing', seal: 4 });
  });
});

describe('behind archives', () => {
  beforeEach(year);

  test('entries deleted without an archive are missed; with a forged record too, for want of the key', async () => {
    await home.owner.run('INSERT INTO log_archived_ranges (from_id, to_id) VALUES (1, 5)');
    await home.owner.run('DELETE FROM handovers WHERE id <= 5');
    await expect(verdict()).resolves.toMatchObject({ kind: 'entry_missing', seal: 1 });
    await home.owner.run(
      "INSERT INTO log_archives (last_seal, first_seal, file_name, entries, digest, mac) VALUES (3, 1, 'f', 5, REPEAT('a', 32), REPEAT('b', 32))",
    );
    await expect(verdict()).resolves.toEqual({ kind: 'archive_changed', seal: 1 });
  });

  test('an entry put back under an archived id, changed, is named; so is one slipped in', async () => {
    await archiveLog(options, '2026-10');
    const ids = await home.owner.all<{ id: number }>('SELECT id FROM handovers ORDER BY id LIMIT 2');
    await removeArchived(options);
    const put = (id: number): Promise<unknown> =>
      home.owner.run(
        "INSERT INTO handovers (id, at, entry, client_id) VALUES (?, UTC_TIMESTAMP(6), 'departed', 'essai')",
        [id],
      );
    await put(ids[1]?.id ?? 0);
    await expect(verdict()).resolves.toMatchObject({ kind: 'entry_changed', entry: ids[1]?.id });
  });

  test('made with a key that is not configured here is said so, and not called altered', async () => {
    await year();
    await archiveLog(options, '2026-10');
    for (const [generation, key] of [sealKeys, createKeyRing([randomBytes(32)])].entries())
      await home.owner.run(
        "INSERT INTO installation_keys (purpose, generation, key_id, check_value) VALUES ('seal', ?, ?, ?)",
        [generation + 1, key.current().id, randomBytes(32)],
      );
    const later = createSealer({
      ...{ database: home.gateway, log: silentLog },
      sealKeys: createKeyRing([randomBytes(32)]),
    });
    expect((await later.verify()).problem).toEqual({ kind: 'key_missing', seal: 1 });
    expect(await verdict()).toBe('sound');
  });
  test('a broken log is not archived', async () => {
    await home.owner.text('DROP TRIGGER handovers_no_update');
    await home.owner.run("UPDATE handovers SET actor = 'Anne' ORDER BY id LIMIT 1");
    await expect(archiveLog(options, '2026-10')).rejects.toThrow('Not archived: entry');
    await expect(home.owner.all('SELECT * FROM log_archives')).resolves.toEqual([]);
  });

  test('a removal that was interrupted goes on, and the log verifies in between', async () => {
    await archiveLog(options, '2026-10');
    await home.owner.run('DELETE FROM handovers ORDER BY id LIMIT 3');
    await expect(verdict(folder)).resolves.toBe('sound');
    await expect(removeArchived(options)).resolves.toBe(6);
    await expect(verdict(folder)).resolves.toBe('sound');
  });
});

describe('rights', () => {
  const refusal = (sql: string, by = home.gateway): Promise<number | string> =>
    by.run(sql).then(
      ({ affected }) => `done, ${affected} rows`,
      (error: unknown) => (error instanceof SqlFailure ? error.errno : String(error)),
    );

  test('C09: the gateway can neither delete entries nor call them archived, before and after', async () => {
    await year();
    for (const statement of [
      'DELETE FROM handovers',
      'INSERT INTO log_archived_ranges (from_id, to_id) VALUES (1, 1000)',
      'DELETE FROM log_archives',
      "INSERT INTO log_archives (last_seal, first_seal, file_name, entries, digest, mac) VALUES (3, 1, 'f', 5, '', '')",
    ])
      await expect(refusal(statement)).resolves.toBe(1142);
    await archiveLog(options, '2026-10');
    await grantRights(home.owner, home.keysSchema, { gateway: { user: `${home.name}_g`, host: '%' } });
    await expect(refusal('DELETE FROM handovers')).resolves.toBe(1142);
  });

  test('C09: not even the owner deletes an entry that no archive holds, nor a record of an archive', async () => {
    await year();
    await archiveLog(options, '2026-10');
    await expect(refusal('DELETE FROM handovers WHERE id > 9 ORDER BY id LIMIT 1', home.owner)).resolves.toBe(
      1644,
    );
    await expect(refusal('DELETE FROM handovers', home.owner)).resolves.toBe(1644);
    expect(await countOf()).toBe(12);
    await expect(refusal('DELETE FROM log_archives', home.owner)).resolves.toBe(1644);
    await expect(refusal('UPDATE log_archives SET entries = 1', home.owner)).resolves.toBe(1644);
  });
});

test('a column the log got later changes nothing for entries that say nothing in it', () => {
  const row = {
    id: 1,
    ...Object.fromEntries(handoverColumns.map((name) => [name, 'x'])),
  } as unknown as HandoverRow;
  const without = { ...row, call_name: '', cited: '' } as unknown as HandoverRow;
  expect(JSON.parse(entryText(row))).toHaveLength(handoverColumns.length + 1);
  expect(JSON.parse(entryText(without))).toHaveLength(30);
});
