// C36: an installation for one client: made as a whole, invisible to the others, gone on with where it was interrupted.
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { spareIds } from '../../src/backups/resume.ts';
import { firstId, firstShortId } from '../../src/domain/hosting.ts';
import { silentLog } from '../../src/log.ts';
import { alone } from '../../src/store/alone.ts';
import { raiseIds } from '../../src/store/backups/restores.ts';
import { openDatabase } from '../../src/store/database.ts';
import { insertIntakeRows } from '../../src/store/intake/intake.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { instanceHome, type InstanceHome } from './made.ts';

let gateway: Gateway;
let home: InstanceHome;

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
  const ownerUrl = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  ownerUrl.pathname = `/${gateway.app.database.name}`;
  home = await instanceHome(environmentOf(gateway, { RELAIS_MYSQL_OWNER_URL: ownerUrl.href }));
});
afterAll(async () => {
  await home.drop();
  await gateway.close();
});

const modeOf = (...path: readonly string[]): string =>
  (statSync(join(home.folder, 'etc', ...path)).mode & 0o777).toString(8);

async function refusal(url: string, statement: string): Promise<string> {
  const connection = await mysql.createConnection(url);
  try {
    await connection.query(statement);
    return 'allowed';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await connection.end();
  }
}

/** The URL of one of its accounts, with its password. */
function urlIn(environment: Readonly<Record<string, string>>, name: string): string {
  const url = new URL(environment[name] ?? '');
  url.password = readFileSync(environment[name.replace(/URL$/, 'PASSWORD_FILE')] ?? '', 'utf8').trim();
  return url.href;
}

test('C36: schemas, accounts, keys, folders and settings of its own; again, nothing changes', async () => {
  const ran = await home.create('essai');
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/essai has installation 1: schemas \w+_essai_1 and \w+_essai_1_keys/);
  expect(ran.out).toContain('systemctl enable --now relais@essai');
  expect(modeOf('essai')).toBe('750');
  for (const name of ['relais.env', 'keys/master_key', 'keys/seal_key', 'keys/mysql', 'keys/mysql_intake'])
    expect([name, modeOf('essai', name)]).toEqual([name, '640']);
  // The service writes there, by its group, whatever the umask.
  for (const name of ['RELAIS_PHONE_PROOFS_DIR', 'RELAIS_ERASURE_LEDGER_DIR', 'RELAIS_BACKUP_DIR'])
    expect([name, statSync(home.environment('essai')[name] ?? '').mode & 0o777]).toEqual([name, 0o770]);
  for (const name of ['owner.env', 'keys/mysql_owner'])
    expect([name, modeOf('essai', name)]).toEqual([name, '600']);
  const environment = home.environment('essai');
  expect(Object.values(environment).join(' ')).not.toContain(
    readFileSync(join(home.folder, 'etc', 'essai', 'keys', 'mysql'), 'utf8').trim(),
  );
  const relais = terminalOf(environment);
  expect(
    await relais('migrate', '--check', '--host', new URL(urlIn(environment, 'RELAIS_MYSQL_URL')).hostname),
  ).toMatchObject({
    code: 0,
    out: 'The schema is up to date.\n',
  });
  const key = readFileSync(join(home.folder, 'etc', 'essai', 'keys', 'master_key'), 'utf8');
  const again = await home.create('essai');
  expect(again).toMatchObject({
    code: 0,
    err: expect.stringContaining('existed and was left as it is') as string,
  });
  expect(readFileSync(join(home.folder, 'etc', 'essai', 'keys', 'master_key'), 'utf8')).toBe(key);
  expect(await relais('status')).toMatchObject({ code: 0 });
});

test('C36: neither installation reads the other, not even under a schema of nearly the same name', async () => {
  const environment = home.environment('essai');
  const dedicated = new URL(environment['RELAIS_MYSQL_URL'] ?? '').pathname.slice(1);
  const shared = gateway.app.database.name;
  const denied = /^ER_(TABLEACCESS|DBACCESS|SPECIFIC_ACCESS)_DENIED/;
  const near = dedicated.replace(/_1$/, 'x1');
  await gateway.owner.text(`CREATE DATABASE \`${near}\``);
  await gateway.owner.text(`CREATE TABLE \`${near}\`.leads (id INT)`);
  try {
    expect(await refusal(gateway.config.mysql.gatewayUrl, `SELECT * FROM \`${dedicated}\`.leads`)).toMatch(
      denied,
    );
    for (const name of ['RELAIS_MYSQL_URL', 'RELAIS_MYSQL_OWNER_URL', 'RELAIS_MYSQL_INTAKE_URL'])
      for (const schema of [shared, `${shared}_keys`, near])
        expect([
          name,
          await refusal(
            urlIn(environment, name),
            `SELECT * FROM \`${schema}\`.${schema.endsWith('keys') ? 'lead_secrets' : 'leads'}`,
          ),
        ]).toEqual([name, expect.stringMatching(denied)]);
  } finally {
    await gateway.owner.text(`DROP DATABASE \`${near}\``);
  }
});

test('C26 C36: it takes leads of its client alone, under ids of its own, and its log verifies', async () => {
  const environment = home.environment('essai');
  const files = webhookFiles(1);
  for (const [name, text] of Object.entries(files)) {
    const path = join(home.folder, 'etc', 'essai', 'mappings', name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    const other = path.replace('/essai/mappings/essai/', '/essai/mappings/autre/');
    mkdirSync(join(other, '..'), { recursive: true });
    writeFileSync(other, text.replaceAll('essai', 'autre'));
  }
  mkdirSync(join(home.folder, 'etc', 'essai', 'mappings', 'presets'), { recursive: true });
  const app = await openApp(loadConfig(environment), { log: silentLog });
  const owner = openDatabase({ url: urlIn(environment, 'RELAIS_MYSQL_OWNER_URL'), connections: 1 });
  try {
    expect([app.config.installation, gateway.config.installation]).toEqual(['dedicated', 'shared']);
    const by = { author: 'tester', note: 'first' };
    await app.publishing.publish({ destinationId: 'essai-crm', ...by });
    await expect(app.publishing.publish({ destinationId: 'autre-crm', ...by })).rejects.toMatchObject({
      code: 'INSTANCE-001',
    });
    await insertIntakeRows(owner, [strangerRow('D-1'), strangerRow('D-2')]);
    while ((await app.intake.acceptBatch(10)).accepted > 0);
    const leads = await owner.all<{ id: number; reference: string }>(
      'SELECT id, reference FROM leads ORDER BY id',
    );
    expect(leads).toEqual([
      { id: firstId(1) + 1, reference: 'D-1' },
      { id: firstId(1) + 2, reference: 'D-2' },
    ]);
    while ((await app.sealer.seal(100)) > 0);
    expect(await app.sealer.verify()).toMatchObject({ ok: true });
  } finally {
    await owner.close();
    await app.close();
  }
});

test('C36: interrupted at any step, nothing starts; run again, it is whole', async () => {
  const folder = join(home.folder, 'etc', 'littoral_2');
  // No account that may make accounts: it ends after the folder.
  const refused = await home.create('littoral_2', {
    RELAIS_MYSQL_ADMIN_URL: gateway.config.mysql.gatewayUrl,
  });
  expect(refused.code).not.toBe(0);
  expect(existsSync(join(folder, 'keys', 'seal_key'))).toBe(true);
  expect(existsSync(join(folder, 'relais.env'))).toBe(false);
  // A key that is none: it ends at the tables.
  const seal = readFileSync(join(folder, 'keys', 'seal_key'), 'utf8');
  chmodSync(join(folder, 'keys', 'seal_key'), 0o640);
  writeFileSync(join(folder, 'keys', 'seal_key'), 'short');
  expect(await home.create('littoral_2')).toMatchObject({
    code: 78,
    err: expect.stringContaining('RELAIS_SEAL_KEY') as string,
  });
  expect(existsSync(join(folder, 'relais.env'))).toBe(false);
  writeFileSync(join(folder, 'keys', 'seal_key'), seal);
  expect(await home.create('littoral_2')).toMatchObject({ code: 0, err: '' });
  expect(await terminalOf(home.environment('littoral_2'))('status')).toMatchObject({ code: 0 });
  expect(
    await gateway.owner.all(
      'SELECT slot, client_id AS clientId, ready_at IS NOT NULL AS ready FROM instances ORDER BY slot',
    ),
  ).toMatchObject([
    { slot: 1, clientId: 'essai', ready: 1 },
    // However often a command was repeated, it used up one number.
    { slot: 2, clientId: 'littoral_2', ready: 1 },
  ]);
});

test('C36: of two at once one is refused: each would have written keys of its own', async () => {
  const owner = openDatabase({
    url: process.env['RELAIS_TEST_MYSQL_URL']?.replace(/\/?$/, `/${gateway.app.database.name}`) ?? '',
    connections: 1,
  });
  const ran = await alone(owner, 'instance', () => home.create('nord'));
  await owner.close();
  expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('INSTANCE-001') as string });
  expect(existsSync(join(home.folder, 'etc', 'nord'))).toBe(false);
});

test('C36: a restore leaves each installation its range of ids, and numbers for others', async () => {
  const own = home.environment('littoral_2');
  const dedicated = openDatabase({ url: urlIn(own, 'RELAIS_MYSQL_OWNER_URL'), connections: 1 });
  for (const database of [dedicated, gateway.owner]) await raiseIds(database, {}, spareIds);
  const nextOf = async (table: string): Promise<number> => {
    const [row] = await dedicated.all<Record<string, string>>(`SHOW CREATE TABLE ${table}`);
    return Number(/AUTO_INCREMENT=(\d+)/.exec(Object.values(row ?? {}).join(' '))?.[1]);
  };
  expect(await nextOf('leads')).toBeGreaterThan(firstId(2));
  expect(await nextOf('accounts')).toBeGreaterThan(firstShortId(2));
  expect(await nextOf('accounts')).toBeLessThan(firstShortId(3));
  await dedicated.close();
  expect(await home.create('sud')).toMatchObject({ code: 0 });
});

test('C36: an account is bound to an address; a dedicated installation makes no other', async () => {
  for (const host of ['%', '10.0.3.%', '10.0.3.0/255.255.255.0', '']) {
    const ran = await terminalOf({
      ...environmentOf(gateway),
      RELAIS_MYSQL_OWNER_URL:
        process.env['RELAIS_TEST_MYSQL_URL']?.replace(/\/?$/, `/${gateway.app.database.name}`) ?? '',
      RELAIS_MYSQL_ADMIN_URL: process.env['RELAIS_TEST_MYSQL_URL'] ?? '',
    })(
      'instance',
      'create',
      'nord',
      '--host',
      host,
      '--folder',
      join(home.folder, 'no'),
      '--data',
      home.folder,
    );
    expect([host, ran.code, ran.err.slice(0, 9)]).toEqual([host, 64, 'USAGE-001']);
  }
  expect(existsSync(join(home.folder, 'no'))).toBe(false);
  const within = await terminalOf({
    ...home.environment('essai'),
    RELAIS_MYSQL_ADMIN_URL: process.env['RELAIS_TEST_MYSQL_URL'] ?? '',
  })('instance', 'create', 'nord', '--host', '10.0.3.7', '--folder', home.folder, '--data', home.folder);
  expect(within).toMatchObject({
    code: 1,
    err: expect.stringContaining('INSTANCE-001 This is the installation for essai') as string,
  });
});
