// C57: a client reads its own database from its own address, until a day, and nothing else; only where no other client is.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { addDays, civilDate } from '../../src/domain/civil-date.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { addressHere, instanceHome, type InstanceHome } from './made.ts';

const serverUrl = process.env['RELAIS_TEST_MYSQL_URL'] ?? '';
let gateway: Gateway;
let home: InstanceHome;
let shared: Record<string, string>;
let own: Record<string, string>;
let relais: Relais;
let host: string;

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
  const ownerUrl = new URL(serverUrl);
  ownerUrl.pathname = `/${gateway.app.database.name}`;
  shared = {
    ...environmentOf(gateway, { RELAIS_MYSQL_OWNER_URL: ownerUrl.href }),
    RELAIS_MYSQL_ADMIN_URL: serverUrl,
  };
  home = await instanceHome(shared);
  await home.create('essai');
  own = { ...home.environment('essai'), RELAIS_MYSQL_ADMIN_URL: serverUrl };
  relais = terminalOf(own);
  host = await addressHere(serverUrl);
});
afterAll(async () => {
  await home.drop();
  await gateway.close();
});

const today = (): string => civilDate(gateway.app.database.now());
const passwordFile = (): string => join(home.folder, 'reader');
const add = (terminal: Relais, until: string, to = passwordFile(), from = host) =>
  terminal(...['reader', 'add', from, '--until', until, '--password-to', to, '--reason', 'annex 5']);

async function readAs(schema: string, statement: string): Promise<string> {
  const url = new URL(own['RELAIS_MYSQL_URL'] ?? '');
  url.username = `${url.username}_reader`;
  url.password = readFileSync(passwordFile(), 'utf8').trim();
  url.pathname = '/';
  const connection = await mysql
    .createConnection(url.href)
    .catch((error: unknown) => (error as { code: string }).code);
  if (typeof connection === 'string') return connection;
  try {
    await connection.query(statement.replace('HERE', `\`${schema}\``));
    return 'allowed';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await connection.end();
  }
}
const schemaOf = (environment: Readonly<Record<string, string>>): string =>
  new URL(environment['RELAIS_MYSQL_URL'] ?? '').pathname.slice(1);

test('C57: it reads leads and the log of its own database, changes nothing, and sees no key and no account', async () => {
  expect(await add(relais, addDays(today(), 30))).toMatchObject({ code: 0, err: '' });
  expect((statSync(passwordFile()).mode & 0o777).toString(8)).toBe('600');
  const schema = schemaOf(own);
  for (const table of ['leads', 'consents', 'deliveries', 'handovers'])
    expect([table, await readAs(schema, `SELECT * FROM HERE.${table}`)]).toEqual([table, 'allowed']);
  for (const statement of [
    'SELECT * FROM HERE.accounts',
    'SELECT * FROM HERE.wrapped_keys',
    'SELECT * FROM HERE.staff_names',
    'DELETE FROM HERE.leads',
    "UPDATE HERE.leads SET reference = 'x'",
  ])
    expect([statement, await readAs(schema, statement)]).toEqual([
      statement,
      expect.stringMatching(/DENIED/),
    ]);
  expect(await readAs(`${schema}_keys`, 'SELECT * FROM HERE.lead_secrets')).toMatch(/DENIED/);
  expect(await readAs(schemaOf(shared), 'SELECT * FROM HERE.leads')).toMatch(/DENIED/);
  const listed = await relais('reader', 'list', '--json');
  expect(JSON.parse(listed.out)).toMatchObject({
    origin: host,
    validUntil: addDays(today(), 30),
    state: 'reads',
  });
});

test('C57: past its day it is overdue until it is ended, and then reads nothing', async () => {
  const schema = schemaOf(own);
  await gateway.owner.text(
    `UPDATE \`${schema}\`.database_readers SET valid_until = '${addDays(today(), -1)}'`,
  );
  expect(JSON.parse((await relais('reader', 'list', '--json')).out)).toMatchObject({
    state: 'overdue',
  });
  expect(await relais('reader', 'end', '--over', '--reason', 'its day has passed')).toMatchObject({
    code: 0,
    err: '',
  });
  expect(await readAs(schema, 'SELECT * FROM HERE.leads')).toMatch(/DENIED/);
  expect(JSON.parse((await relais('reader', 'list', '--json')).out)).toMatchObject({
    state: 'ended',
  });
  expect(
    await gateway.owner.all(
      `SELECT reason FROM \`${schema}\`.handovers WHERE entry = 'database_reader' ORDER BY id`,
    ),
  ).toEqual([{ reason: `until:${addDays(today(), 30)}` }, { reason: 'ended' }]);
});

test('C57: not where other clients are, from no pattern, and for a year at most', async () => {
  const to = join(home.folder, 'none');
  expect(await add(terminalOf(shared), addDays(today(), 30), to)).toMatchObject({
    code: 1,
    err: expect.stringContaining('INSTANCE-001 Other clients') as string,
  });
  expect(await add(relais, addDays(today(), 30), to, '10.9.0.%')).toMatchObject({ code: 64 });
  expect(await add(relais, addDays(today(), 400), to)).toMatchObject({ code: 64 });
  expect(await add(relais, addDays(today(), -1), to)).toMatchObject({ code: 64 });
  expect(existsSync(to)).toBe(false);
});
