// relais migrate, config, status, and the manners of every command: exit codes, one line per fault, closed pipes.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { openDatabase } from '../../src/store/database.ts';
import { freshDatabase, type FreshDatabase } from '../support/database.ts';
import { terminalOf, type Ran, type Relais } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'relais-cli-'));
let fresh: FreshDatabase;
let environment: Record<string, string>;
let relais: Relais;

beforeAll(async () => {
  fresh = await freshDatabase();
  const url = new URL(fresh.ownerUrl);
  url.username = `${fresh.name}_g`;
  url.password = 'gateway';
  environment = {
    RELAIS_ENV: 'development',
    RELAIS_MYSQL_URL: url.href,
    RELAIS_MYSQL_OWNER_URL: fresh.ownerUrl,
    RELAIS_REDIS_URL: process.env['RELAIS_TEST_REDIS_URL'] ?? '',
    RELAIS_MASTER_KEY: randomBytes(32).toString('base64'),
    RELAIS_SEAL_KEY: randomBytes(32).toString('base64'),
    RELAIS_ACTOR: 'Sophie',
  };
  relais = terminalOf(environment);
});
afterAll(async () => {
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** As a shell would start it. */
function spawned(
  argv: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
): Promise<Ran> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(root, 'src/cli/index.ts'), ...argv],
      { ...options, encoding: 'utf8' },
      (error, out, err) => done({ out, err, code: error === null ? 0 : Number(error.code) }),
    );
  });
}

describe('migrate', () => {
  test('says what is missing: the schema, the owner, the account', async () => {
    expect(await relais('status')).toMatchObject({
      code: 69,
      err: expect.stringMatching(/^DB-001 MySQL refuses the account/) as string,
    });
    const asOwner = terminalOf({ ...environment, RELAIS_MYSQL_URL: fresh.ownerUrl });
    expect(await asOwner('status')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DB-002 .*\n→ Run `relais migrate`/) as string,
    });
    const { RELAIS_MYSQL_OWNER_URL: _, ...without } = environment;
    expect(await terminalOf(without)('migrate')).toMatchObject({
      code: 78,
      err: expect.stringContaining('RELAIS_MYSQL_OWNER_URL is missing') as string,
    });
    const ran = await relais('migrate');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(`FIND-001 MySQL has no account called ${fresh.name}_g. Create it first`);
  });

  test('makes the schema and gives the rights to the account where MySQL knows it; twice is once', async () => {
    const owner = openDatabase({ url: fresh.ownerUrl, connections: 1 });
    await owner.text(`CREATE USER '${fresh.name}_g'@'%' IDENTIFIED BY 'gateway'`);
    await owner.close();
    const before = await relais('migrate', '--check');
    expect(before).toMatchObject({ code: 0 });
    expect(before.out).toContain('would migrate 001');
    expect((await terminalOf({ ...environment, RELAIS_MYSQL_URL: fresh.ownerUrl })('status')).err).toContain(
      'DB-002 The schema is at version 0',
    );
    const first = await relais('migrate');
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toContain('migrated 001');
    expect(first.out).toContain(`rights of the gateway account given to '${fresh.name}_g'@'%'`);
    expect((await relais('migrate')).out).toContain('The schema is up to date.');
    expect((await relais('migrate', '--check')).out).toBe('The schema is up to date.\n');
    const otherKey = terminalOf({ ...environment, RELAIS_SEAL_KEY: Buffer.alloc(32, 9).toString('base64') });
    expect(await otherKey('migrate', '--check')).toMatchObject({
      code: 78,
      err: expect.stringMatching(/^KEY-002 /) as string,
    });
    const status = await relais('status');
    expect(status).toMatchObject({ code: 0, err: '' });
    expect(status.out).toContain('intake   0 waiting; 0 refused; 0 changes to plan');
  });

  test('gives the intake account its right under every host that systems send from', async () => {
    const owner = openDatabase({ url: fresh.ownerUrl, connections: 1 });
    const user = `${fresh.name}_i`;
    for (const host of ['127.0.0.1', '10.1.2.%'])
      await owner.text(`CREATE USER '${user}'@'${host}' IDENTIFIED BY 'secret'`);
    const url = new URL(environment['RELAIS_MYSQL_URL'] ?? '');
    url.username = user;
    const sending = terminalOf({ ...environment, RELAIS_MYSQL_INTAKE_URL: url.href });
    const ran = await sending(...['migrate', '--host', '%', '--intake-host', '127.0.0.1,10.1.2.%']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    for (const host of ['127.0.0.1', '10.1.2.%']) {
      expect(ran.out).toContain(`rights of the intake account given to '${user}'@'${host}'`);
      const grants = JSON.stringify(await owner.all(`SHOW GRANTS FOR '${user}'@'${host}'`));
      expect(grants).toMatch(/INSERT[^"]* ON `[^"]*`\.`lead_intake`/);
    }
    await owner.close();
    const wrong = await sending('migrate', '--host', '%', '--intake-host', '10.9.9.9');
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.err).toContain(`FIND-001 MySQL has no account '${user}'@'10.9.9.9'. Create it first`);
  });
});

describe('config', () => {
  test('lists every variable with where it comes from, secrets masked', async () => {
    const ran = await relais('config');
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^RELAIS_ENV +development +\(environment\)$/m);
    expect(ran.out).toMatch(/^RELAIS_MYSQL_CONNECTIONS +12 +\(default\)$/m);
    // Where things are is no secret: it is what one looks for here.
    expect(ran.out).toContain(new URL(environment['RELAIS_MYSQL_URL'] ?? '').host);
    for (const name of ['RELAIS_MYSQL_URL', 'RELAIS_MASTER_KEY', 'RELAIS_SEAL_KEY'])
      expect(ran.out).not.toContain(environment[name]);
  });

  test('what is missing is told at once, exit code 78', async () => {
    // Elsewhere: a demo that runs in this folder, of another test perhaps, would give the configuration.
    const folder = mkdtempSync(join(tmpdir(), 'relais-nothing-'));
    const cwd = jest.spyOn(process, 'cwd').mockReturnValue(folder);
    const ran = await terminalOf({})('status');
    cwd.mockRestore();
    rmSync(folder, { recursive: true });
    expect(ran).toMatchObject({ code: 78, out: '' });
    for (const name of ['RELAIS_MYSQL_URL', 'RELAIS_REDIS_URL', 'RELAIS_MASTER_KEY', 'RELAIS_SEAL_KEY'])
      expect(ran.err).toContain(name);
  });
});

describe('manners', () => {
  test('an unknown command gets a suggestion, a missing argument is named; both end with 64', async () => {
    const unknown = await relais('delivry', 'list');
    expect(unknown).toMatchObject({ code: 64, out: '' });
    expect(unknown.err).toMatch(/^USAGE-001 unknown command 'delivry'\n\(Did you mean delivery\?\)/);
    expect((await relais('lead', 'fnd')).err).toContain('Did you mean find?');
    expect(await relais('delivery', 'show')).toMatchObject({ code: 64 });
    expect((await relais('delivery', 'list', '--stat', 'failed')).err).toContain('Did you mean --state?');
    expect(await relais('--help')).toMatchObject({ code: 0, err: '' });
  });

  test('a database that does not answer is one line with its remedy, no stack', async () => {
    const url = new URL(environment['RELAIS_MYSQL_URL'] ?? '');
    url.port = '9';
    const ran = await terminalOf({ ...environment, RELAIS_MYSQL_URL: url.href })('delivery', 'list');
    expect(ran).toMatchObject({ code: 69, out: '' });
    expect(ran.err).toMatch(/^DB-001 MySQL cannot be reached \([A-Z]+\)\.\n→ Check RELAIS_MYSQL_URL/);
    expect(ran.err).not.toMatch(/\n\s+at |gateway@|:gateway/);
  });

  test('a command started by a shell uses the running sandbox and says so once, on standard error', async () => {
    mkdirSync(join(folder, '.relais'));
    const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    writeFileSync(join(folder, '.relais/current.env'), `${lines.join('\n')}\n`);
    symlinkSync(join(root, 'mappings'), join(folder, 'mappings'));
    const ran = await spawned(['status'], { cwd: folder, env: { PATH: '/usr/bin' } });
    expect(ran).toMatchObject({ code: 0, err: 'using the running sandbox (.relais/current.env)\n' });
    expect(ran.out).toContain('intake   0 waiting');
    expect(ran.out).not.toContain('\u001b');
    const failed = await spawned(['nothing'], { cwd: folder, env: { PATH: '/usr/bin' } });
    expect(failed.code).toBe(64);
  });

  test('a pipe closed by its reader is no failure', async () => {
    const child = spawn(process.execPath, [join(root, 'src/cli/index.ts'), 'config'], {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const code = await new Promise((done) => child.on('close', done));
    expect(told).toBe('');
    expect(code).toBe(0);
  });
});
