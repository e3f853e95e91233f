// C42, C44: the drill. A backup, an erasure after it, a restore: all is back but the erased person, and nothing moves before a person says so.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { ledgerParts, readLedger, writeLedger } from '../../src/backups/ledger.ts';
import { addressDigests } from '../../src/domain/opposition.ts';
import { noteErasedAddresses, noteErasedLead } from '../../src/store/backups/erasures-unwritten.ts';
import { readPacked } from '../../src/backups/packed.ts';
import { writeManifest, type Manifest } from '../../src/backups/manifest.ts';
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
const fresh: FreshDatabase[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-backups-'));
  identity = await generateIdentity();
  writeFileSync(join(folder, 'backup.key'), `# created by a test\n${identity}\n`);
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(folder, 'secrets', 'CRM_TOKEN'), 'token-of-the-crm\n');
  gateway = await openGateway({ files: webhookFiles(1) });
  environment = environmentOf(gateway, {
    RELAIS_MYSQL_OWNER_URL: ownerUrlOf(gateway.app.database.name),
    RELAIS_BACKUP_DIR: join(folder, 'backups'),
    RELAIS_BACKUP_RECIPIENT: await identityToRecipient(identity),
    RELAIS_ERASURE_LEDGER_DIR: join(folder, 'ledger'),
    RELAIS_SECRETS_DIR: join(folder, 'secrets'),
  });
  relais = terminalOf(environment);
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(async () => {
  await gateway.close();
  for (const one of fresh) await one.drop();
  rmSync(folder, { recursive: true, force: true });
});

function ownerUrlOf(name: string): string {
  const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  url.pathname = `/${name}`;
  return url.href;
}
const { parse } = JSON;
const backups = (): readonly string[] => readdirSync(join(folder, 'backups')).toSorted();
const manifestOf = (name: string): Manifest =>
  parse(readFileSync(join(folder, 'backups', name, 'manifest.json'), 'utf8')) as Manifest;
/** Without its signature. */
function manifestIn(bytes: Buffer): Manifest {
  const {
    keyId: _,
    mac: __,
    ...manifest
  } = parse(bytes.toString('utf8')) as Manifest & {
    readonly keyId: string;
    readonly mac: string;
  };
  return manifest;
}

/** Takes these leads in. */
async function take(...references: readonly string[]): Promise<void> {
  await gateway.send(
    ...references.map((reference) => strangerRow(reference, { last_name: `Nom${reference}` })),
  );
  await gateway.until('taken in', async () => {
    await gateway.app.intake.acceptBatch(100);
    const rows = await gateway.owner.all<{ reference: string }>('SELECT reference FROM leads');
    return references.every((one) => rows.some(({ reference }) => reference === one));
  });
}
const erase = (reference: string) =>
  gateway.app.rights.erase({ clientId: 'essai', reference, actor: 'tester', reason: 'ticket 1' });
async function writeAll(): Promise<void> {
  const { database, keys, oppositionKey } = gateway.app;
  while (await writeLedger({ database, sealKeys: keys.seal, oppositionKey, folder: join(folder, 'ledger') }));
}

/** A refused row whose reference and address a person had who was deleted and erased long before. */
async function usedAgain(reference: string): Promise<void> {
  const { owner, app } = gateway;
  const email = 'again@courriel.example';
  const digests = addressDigests(app.oppositionKey, 'essai', { email });
  const before = new Date('2026-01-01T10:00:00Z');
  await noteErasedLead(owner, { clientId: 'essai', leadId: 4_711, reference }, 'gone');
  await owner.run('UPDATE erasures_unwritten SET at = ?', [before]);
  await noteErasedAddresses(owner, 'essai', digests, before);
  await writeAll();
  await gateway.send(strangerRow(reference, { last_name: `Nom${reference}`, email, channel: 'nonsense' }));
}

/** An empty database beside, as a new host would have, and its command line. */
async function elsewhere(): Promise<{
  name: string;
  relais: Relais;
  owner: Database;
  close: () => Promise<void>;
}> {
  const made = await freshDatabase();
  fresh.push(made);
  const owner = openDatabase({ url: made.ownerUrl, connections: 2 });
  const there = terminalOf({
    ...environment,
    RELAIS_MYSQL_URL: made.ownerUrl,
    RELAIS_MYSQL_OWNER_URL: made.ownerUrl,
  });
  return { name: made.name, relais: there, owner, close: () => owner.close() };
}
const load = (there: Relais, name: string, ...more: readonly string[]) =>
  there(
    ...['restore', 'load', join(folder, 'backups', name), '--identity', join(folder, 'backup.key')],
    ...['--ledger', join(folder, 'ledger'), '--reason', 'drill, ticket 90', ...more],
  );

test('C42: a backup has both schemas, keys, mappings and settings, and a manifest that counts them', async () => {
  await usedAgain('B-9');
  await take('B-1', 'B-2', 'B-3');
  const ran = await relais('backup', 'run');
  expect(ran).toMatchObject({ code: 0, err: '' });
  const [name = ''] = backups();
  expect(ran.out).toContain(name);
  expect(readdirSync(join(folder, 'backups', name)).toSorted()).toEqual([
    'keys.sql.zst.age',
    'long-main.sql.zst.age',
    'long-persons.jsonl.zst.age',
    'main.sql.zst.age',
    'manifest.json',
    'mappings.tar.zst.age',
    'secrets.tar.zst.age',
    'settings.json.zst.age',
  ]);
  const manifest = manifestOf(name);
  expect(manifest.main.rows).toMatchObject({ leads: 3, prospects: 3, oppositions: 0 });
  expect(manifest.keys.rows).toMatchObject({ lead_secrets: 3 });
  // Nothing on this disk is in clear; with the private key it is the server's own SQL.
  const read = async (file: string): Promise<string> =>
    text(await readPacked(join(folder, 'backups', name, file), identity));
  const main = await read('main.sql.zst.age');
  expect(main).toContain('NomB-1');
  expect(main).not.toMatch(/DEFINER/);
  expect(main).toContain('handovers_no_update');
  expect(await read('settings.json.zst.age')).not.toContain(environment['RELAIS_MASTER_KEY']);
  for (const file of readdirSync(join(folder, 'backups', name)))
    expect(readFileSync(join(folder, 'backups', name, file)).toString('latin1')).not.toMatch(
      /NomB|token-of-the-crm/,
    );
});

test('C44: an erasure and a deletion have their lines outside the database, which name nobody', async () => {
  await erase('B-1');
  await gateway.owner.run("UPDATE leads SET collected_at = '2019-05-02' WHERE reference = 'B-3'");
  const { retention } = gateway.app;
  expect(await retention.finish(await retention.begin('essai', 'tester'))).toMatchObject({ anonymised: 1 });
  await writeAll();
  const ledger = await readLedger(join(folder, 'ledger'), gateway.app.keys.seal);
  expect(ledger.cut).toBe(0);
  const acts: string[] = [];
  for await (const part of ledgerParts(join(folder, 'ledger'), gateway.app.keys.seal))
    acts.push(...part.map(({ act }) => act));
  expect(acts.toSorted()).toEqual(['addresses', 'addresses', 'backup', 'erased', 'erased', 'gone', 'gone']);
  const [file = ''] = readdirSync(join(folder, 'ledger'));
  expect(readFileSync(join(folder, 'ledger', file), 'utf8')).not.toMatch(/B-[13]|courriel|\+33/);
  expect(await gateway.owner.all('SELECT 1 FROM erasures_unwritten')).toEqual([]);
});

test('C44: restored, the erased and the deleted person do not come back, the others do, and the log goes on', async () => {
  const [name = ''] = backups();
  const there = await elsewhere();
  const loaded = await load(there.relais, name);
  expect([loaded.code, loaded.err.replaceAll(/^Nothing is sent.*$/gm, '').trim()]).toEqual([0, '']);
  expect(loaded.out).toMatch(/1 leads erased again, 1 deleted/);
  expect(loaded.out).toContain('The log verifies.');
  const view = { owner: there.owner, app: { database: { name: there.name } } } as unknown as Gateway;
  const everything = await tablesText(view, []);
  expect(everything).not.toMatch(/NomB-[13]|b-[13]@courriel/);
  expect(everything).toMatch(/NomB-2/);
  // What came after a deletion and an erasure is another demand.
  expect(everything).toMatch(/NomB-9/);
  // The next lead has a number that the former life never gave.
  const [next] = await there.owner.all<{ n: number }>('SELECT MAX(id) + 900000 AS n FROM leads');
  await there.owner.run(
    "INSERT INTO leads (client_id, reference, channel, collected_at, operation_kind) SELECT client_id, 'N-1', channel, collected_at, operation_kind FROM leads LIMIT 1",
  );
  const [made] = await there.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'N-1'");
  expect(made?.id).toBeGreaterThan(Number(next?.n));
  await there.owner.run("DELETE FROM leads WHERE reference = 'N-1'");

  // Nor has the next file, note, instruction or version.
  const numbers = await there.owner.all<{ file: number; version: number }>(
    `SELECT s.next_sequence AS file, g.number AS version FROM destination_states s
       JOIN numbers_given g ON g.what = 'version' AND g.owner_id = s.destination_id WHERE s.destination_id = 'essai-crm'`,
  );
  expect(numbers).toEqual([{ file: 1 + 2 * 288, version: 1 + 2 * 100 }]);

  // Until a person opens it every door reads only.
  expect(await there.relais('delivery', 'list')).toMatchObject({ code: 0 });
  const refused = await there.relais('destination', 'suspend', 'essai-crm', '--reason', 'ticket 3');
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('DB-007') as string });
  expect(await there.relais('restore', 'open', '--reason', 'looked at, ticket 90')).toMatchObject({
    code: 0,
  });
  expect(await there.relais('destination', 'suspend', 'essai-crm', '--reason', 'ticket 3')).toMatchObject({
    code: 0,
  });
  const entries = await there.owner.all<{ entry: string }>(
    "SELECT entry FROM handovers WHERE entry LIKE 'restore%' ORDER BY id",
  );
  expect(entries.map(({ entry }) => entry)).toEqual(['restored', 'restore_opened']);
  expect(await there.relais('redis', 'show')).toMatchObject({
    out: expect.stringContaining('life') as string,
  });
  // Over what is there nothing is restored.
  expect(await load(there.relais, name)).toMatchObject({
    code: 1,
    err: expect.stringContaining('into an empty one only') as string,
  });
  await there.close();
});

test('C42: a run that was killed leaves a draft that the next one deletes; a run that fails is one sentence and an alert', async () => {
  const draft = join(folder, 'backups', '2026-01-01T000000Z.part');
  mkdirSync(draft);
  writeFileSync(join(draft, 'main.sql.zst.age.part'), 'cut');
  const without = terminalOf({ ...environment, RELAIS_MAPPINGS_DIR: join(folder, 'nowhere') });
  const failed = await without('backup', 'run');
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.err).toMatch(/^BACKUP-001 .*nowhere cannot be packed \(ENOENT\)/);
  expect(existsSync(draft)).toBe(false);
  expect(backups()).toHaveLength(1);
  expect(await gateway.owner.all('SELECT reason FROM alerts WHERE kind = ?', ['backup_failed'])).toEqual([
    { reason: 'BACKUP-001' },
  ]);
});

test('C44: a ledger that ends before the backup began is refused before anything is loaded', async () => {
  const [name = ''] = backups();
  const old = join(folder, 'old-ledger');
  mkdirSync(old);
  writeFileSync(join(old, 'erasures-2026-01.jsonl'), '');
  const there = await elsewhere();
  const restore = (...more: readonly string[]) =>
    there.relais(
      ...['restore', 'load', join(folder, 'backups', name), '--identity', join(folder, 'backup.key')],
      ...['--ledger', old, '--reason', 'drill, ticket 90', ...more],
    );
  const refused = await restore();
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.err).toMatch(/^BACKUP-002 The ledger in .*old-ledger .* before the backup .*--older-ledger/);
  expect(await there.owner.all('SHOW TABLES')).toEqual([]);
  // Nor is a line of this host there, which the manifest knows.
  const lacking = await restore('--older-ledger');
  expect(lacking).toMatchObject({ code: 1 });
  const [writer = ''] = Object.keys(manifestOf(name).ledger ?? {});
  expect(lacking.err).toContain(`lacks lines of the ledger of ${writer}: persons`);
  expect(await there.owner.all('SHOW TABLES')).toEqual([]);
  const waived = ['--older-ledger', '--without-ledger', writer];
  expect(await restore(...waived)).toMatchObject({ code: 0 });
  expect(await there.owner.all("SELECT target FROM handovers WHERE entry = 'restored'")).toEqual([
    { target: waived.join(' ') },
  ]);
  await there.close();
});

test('C44: a wrong private key is refused before anything is loaded', async () => {
  const [name = ''] = backups();
  writeFileSync(join(folder, 'other.key'), `${await generateIdentity()}\n`);
  const there = await elsewhere();
  const refused = await there.relais(
    ...['restore', 'load', join(folder, 'backups', name), '--identity', join(folder, 'other.key')],
    ...['--ledger', join(folder, 'ledger'), '--reason', 'drill, ticket 90'],
  );
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('BACKUP-002') as string });
  expect(await there.owner.all('SHOW TABLES')).toEqual([]);
  await there.close();
});

test('C44: secrets that are older than the leads are refused before anything is loaded', async () => {
  const [name = ''] = backups();
  const older = join(folder, '2026-01-01T000000Z');
  mkdirSync(older);
  const manifest = manifestIn(readFileSync(join(folder, 'backups', name, 'manifest.json')));
  await writeManifest(older, { ...manifest, name: '2026-01-01T000000Z' }, gateway.app.keys.seal);
  const there = await elsewhere();
  expect(await load(there.relais, name, '--secrets', older)).toMatchObject({
    code: 1,
    err: expect.stringContaining('BACKUP-001 The secrets of 2026-01-01T000000Z are older') as string,
  });
  expect(await there.owner.all('SHOW TABLES')).toEqual([]);
  await there.close();
});

test('C44: a backup of a newer program is refused before anything is loaded', async () => {
  const [name = ''] = backups();
  const folderOf = join(folder, 'backups', name);
  const before = readFileSync(join(folderOf, 'manifest.json'));
  await writeManifest(folderOf, { ...manifestIn(before), schemaVersion: 9_999 }, gateway.app.keys.seal);
  const there = await elsewhere();
  expect(await load(there.relais, name)).toMatchObject({
    code: 1,
    err: expect.stringContaining('DB-002') as string,
  });
  expect(await there.owner.all('SHOW TABLES')).toEqual([]);
  writeFileSync(join(folderOf, 'manifest.json'), before);
  await there.close();
});

test('C44: a backup that was changed is refused before anything is loaded', async () => {
  const [name = ''] = backups();
  const file = join(folder, 'backups', name, 'main.sql.zst.age');
  const before = readFileSync(file);
  const changed = Buffer.from(before);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  writeFileSync(file, changed);
  const there = await elsewhere();
  expect(await load(there.relais, name)).toMatchObject({
    code: 1,
    err: expect.stringContaining('BACKUP-002 main.sql.zst.age') as string,
  });
  expect(await there.owner.all('SHOW TABLES')).toEqual([]);
  writeFileSync(file, before);
  await there.close();
});
