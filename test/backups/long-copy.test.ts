// C44: the long copy forgets. Whoever is erased or deleted can be read from no copy on day eleven, with every key in hand.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { writeLedger } from '../../src/backups/ledger.ts';
import { enterTests } from '../../src/backups/tested.ts';
import type { Manifest } from '../../src/backups/manifest.ts';
import { readPacked } from '../../src/backups/packed.ts';
import { makeTables, readEditions, writeEdition } from '../../src/store/statistics/editions.ts';
import { addDays, civilDate } from '../../src/domain/civil-date.ts';
import { openWith } from '../../src/domain/key-ring.ts';
import { derived, openBytes } from '../../src/domain/keyed.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { freshDatabase, type FreshDatabase } from '../support/database.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { tablesText } from '../trip/markers.ts';

let gateway: Gateway;
let folder: string;
let identity: string;
let environment: Readonly<Record<string, string>>;
let relais: Relais;
let there: FreshDatabase | undefined;
const schemas: FreshDatabase[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-long-'));
  identity = await generateIdentity();
  writeFileSync(join(folder, 'backup.key'), `${identity}\n`);
  mkdirSync(join(folder, 'ledger'));
  gateway = await openGateway({ files: webhookFiles(1) });
  const owner = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  owner.pathname = `/${gateway.app.database.name}`;
  environment = environmentOf(gateway, {
    RELAIS_MYSQL_OWNER_URL: owner.href,
    RELAIS_BACKUP_DIR: join(folder, 'backups'),
    RELAIS_BACKUP_RECIPIENT: await identityToRecipient(identity),
    RELAIS_ERASURE_LEDGER_DIR: join(folder, 'ledger'),
  });
  relais = terminalOf(environment);
  await gateway.owner.run("INSERT INTO statistics_editions (month, state) VALUES ('2026-09', 'issued')");
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(async () => {
  await gateway.close();
  await there?.drop();
  for (const one of schemas) await one.drop();
  rmSync(folder, { recursive: true, force: true });
});

const cells = [
  { report: 'channel_media', category: 'web_form', class: 'portal', persons: 15, clients: ['essai'] },
] as const;
/** An empty schema of statistics, with its two tables. */
async function statisticsAt(): Promise<{ url: string; owner: Database }> {
  const made = await freshDatabase();
  schemas.push(made);
  const owner = openDatabase({ url: made.ownerUrl, connections: 1 });
  await makeTables(owner);
  return { url: made.ownerUrl, owner };
}

const backups = (): readonly string[] => readdirSync(join(folder, 'backups')).toSorted();
const filesOf = (name: string): readonly string[] => readdirSync(join(folder, 'backups', name)).toSorted();
const clear = async (name: string, file: string): Promise<string> =>
  text(await readPacked(join(folder, 'backups', name, file), identity));

/** Secrets in a dump of the keys' schema, by lead, opened with the master key. */
async function secretsIn(name: string): Promise<ReadonlyMap<number, Buffer>> {
  const dump = await clear(name, 'keys.sql.zst.age');
  const found = [...dump.matchAll(/\((\d+),0x([0-9A-F]{120}),'([0-9a-f]*)'\)/g)];
  return new Map(
    found.map(([, lead, wrapped = '', keyId = '']): [number, Buffer] => [
      Number(lead),
      openWith(gateway.app.keys.master, { keyId, bytes: Buffer.from(wrapped, 'hex') }) ?? Buffer.alloc(0),
    ]),
  );
}

/** All that someone with every private key reads in the folder of backups. */
async function stolen(): Promise<string> {
  let all = '';
  const secrets = new Map<number, Buffer[]>();
  for (const name of backups())
    if (filesOf(name).includes('keys.sql.zst.age'))
      for (const [lead, secret] of await secretsIn(name))
        secrets.set(lead, [...(secrets.get(lead) ?? []), secret]);
  for (const name of backups())
    for (const file of filesOf(name).filter((one) => one.endsWith('.age'))) {
      const content = await clear(name, file);
      all += content;
      if (!file.startsWith('long-persons')) continue;
      for (const line of content.trim().split('\n')) {
        const { lead, sealed } = JSON.parse(line) as { lead: number; sealed: string };
        for (const secret of secrets.get(lead) ?? [])
          all += openBytes(derived(secret, 'long copy'), Buffer.from(sealed, 'base64'))?.toString() ?? '';
      }
    }
  return all;
}

test('C44: an erased person is in no copy on day eleven, and the long copy brings the others back', async () => {
  await gateway.send(
    ...['L-1', 'L-2', 'L-3'].map((reference) => strangerRow(reference, { last_name: `Long${reference}` })),
    strangerRow('L-4', { last_name: 'LongRefuse', channel: 'nonsense' }),
  );
  await gateway.until('taken in', async () => {
    await gateway.app.intake.acceptBatch(100);
    return (await gateway.owner.all('SELECT 1 FROM leads')).length === 3;
  });
  // An edition is never issued again: a backup without it is none.
  const unread = await relais('backup', 'run');
  expect(unread).toMatchObject({ code: 1 });
  expect(unread.err).toMatch(/^BACKUP-001 Statistics were issued: RELAIS_MYSQL_STATISTICS_READ_URL/);
  const from = await statisticsAt();
  await from.owner.transaction((tx) => writeEdition(tx, '2026-09', cells));
  await from.owner.close();
  environment = { ...environment, RELAIS_MYSQL_STATISTICS_READ_URL: from.url };
  relais = terminalOf(environment);
  expect(await relais('backup', 'run')).toMatchObject({ code: 0, err: '' });
  const [first = ''] = backups();
  expect(filesOf(first)).toContain('long-persons.jsonl.zst.age');
  // Today the thief reads everyone.
  for (const name of ['LongL-1', 'LongL-2', 'LongRefuse']) expect(await stolen()).toContain(name);

  const { rights, database, keys, oppositionKey } = gateway.app;
  await rights.erase({ clientId: 'essai', reference: 'L-1', actor: 'tester', reason: 'ticket 1' });
  await writeLedger({ database, sealKeys: keys.seal, oppositionKey, folder: join(folder, 'ledger') });
  // The next backup has another name.
  await gateway.until('a second later', () => civilSecond(database.now()) !== first);
  expect(await relais('backup', 'run')).toMatchObject({ code: 0, err: '' });
  const second = backups()[1] ?? '';
  expect(
    (JSON.parse(readFileSync(join(folder, 'backups', second, 'manifest.json'), 'utf8')) as Manifest).long,
  ).toBe(null);

  const eleventh = addDays(civilDate(database.now()), 10);
  const rotated = await relais('backup', 'rotate', '--today', eleventh, '--yes');
  expect(rotated.out).toContain(`${first}  is reduced to its long copy`);
  expect(filesOf(first)).toEqual([
    'long-main.sql.zst.age',
    'long-persons.jsonl.zst.age',
    'manifest.json',
    'statistics.json.zst.age',
  ]);
  const read = await stolen();
  expect(read).toContain('LongL-2');
  expect(read).not.toMatch(/LongL-1|l-1@courriel/);
});

const civilSecond = (at: Date): string => `${at.toISOString().slice(0, 19).replaceAll(':', '')}Z`;

test('C44: restored from the long copy, the others are back with all of their rows', async () => {
  const [first = '', second = ''] = backups();
  there = await freshDatabase();
  const url = there.ownerUrl;
  const beside = (more: Readonly<Record<string, string>>, words: readonly string[]) =>
    terminalOf({ ...environment, RELAIS_MYSQL_URL: url, RELAIS_MYSQL_OWNER_URL: url, ...more })(...words);
  const place = (name: string): string => join(folder, 'backups', name);
  const words = [
    ...[
      'restore',
      'load',
      place(first),
      '--secrets',
      place(second),
      '--identity',
      join(folder, 'backup.key'),
    ],
    ...['--ledger', join(folder, 'ledger'), '--reason', 'drill, ticket 91'],
  ];
  expect(await beside({}, words)).toMatchObject({
    code: 78,
    err: expect.stringContaining('RELAIS_MYSQL_STATISTICS_URL') as string,
  });
  const statistics = await statisticsAt();
  const ran = await beside({ RELAIS_MYSQL_STATISTICS_URL: statistics.url }, words);
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.out).toContain('1 months of statistics are back.');
  expect(await readEditions(statistics.owner, '2026-01', '2026-12')).toEqual({
    months: ['2026-09'],
    cells: cells.map(({ clients: _, ...cell }) => ({ month: '2026-09', ...cell })),
  });
  await statistics.owner.close();
  expect(ran.out).toContain('2 leads came back; 1 have no secret any more and are gone.');
  const owner = openDatabase({ url: there.ownerUrl, connections: 2 });
  const view = { owner, app: { database: { name: there.name } } } as unknown as Gateway;
  expect(await tablesText(view, [])).not.toMatch(/LongL-1|l-1@courriel|LongRefuse/);
  const rowsOf = (sql: Gateway['owner'], table: string, column: string) =>
    sql.all(`SELECT t.* FROM ${table} t JOIN leads l ON l.id = t.${column} WHERE l.reference = 'L-2'`);
  for (const [table, column] of [
    ['leads', 'id'],
    ['prospects', 'lead_id'],
    ['consents', 'lead_id'],
    ['lead_projects', 'lead_id'],
    ['intake_receipts', 'lead_id'],
  ] as const)
    expect(await rowsOf(owner, table, column)).toEqual(await rowsOf(gateway.owner, table, column));
  await owner.close();
});

test('C42: a backup is tested on a server of its own, and the newest good one is never rotated away', async () => {
  const second = backups()[1] ?? '';
  const server = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  // The reader's machine has the private key and the sealing key, and nothing else of the gateway.
  const reader = terminalOf({
    RELAIS_SEAL_KEY: environment['RELAIS_SEAL_KEY'] ?? '',
    RELAIS_BACKUP_DIR: join(folder, 'backups'),
  });
  const ran = await reader(
    ...['backup', 'test', '--identity', join(folder, 'backup.key'), '--server', server.href],
  );
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.out).toContain(`${second} is good`);
  expect(filesOf(second)).toContain('tested.json');
  const left = await gateway.owner.all("SHOW DATABASES LIKE 'relais\\\\_test\\\\_%'");
  expect(left).toEqual([]);
});

test('C42: the result of a test becomes one entry of the log, where a key of ours signed it', async () => {
  const [first = '', second = ''] = backups();
  const resultIn = (name: string): string => join(folder, 'backups', name, 'tested.json');
  const result = readFileSync(resultIn(second), 'utf8');
  // Somebody writes one for another backup.
  writeFileSync(resultIn(first), result.replaceAll(second, first));
  const { database, keys } = gateway.app;
  const enter = () => enterTests(database, join(folder, 'backups'), keys.seal);
  expect(await enter()).toEqual([second]);
  expect(await enter()).toEqual([]);
  const entries = await gateway.owner.all<{ file: string; reason: string }>(
    "SELECT file_name AS file, reason FROM handovers WHERE entry = 'backup_tested'",
  );
  expect(entries).toEqual([
    { file: second, reason: expect.stringMatching(/^rows:\d+ entries:\d+ at:\d{4}-/) as string },
  ]);
});
