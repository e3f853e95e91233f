// Settings that an administrator of MySQL may choose, or has by default: roles, passwords, foreign keys, the collation of the server.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { grantRights, migrate } from '../../src/store/migrate.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { freshDatabase, type FreshDatabase } from '../support/database.ts';
import { openGateway, strangerRow, webhookFiles } from '../trip/gateway.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
let isMysql: boolean;
const open: Database[] = [];
const made: FreshDatabase[] = [];

/** Of a server without the feature nothing is asked: the reason stands in the output of the run. */
const onMysql = (why: string, work: () => Promise<void>) => async (): Promise<void> => {
  if (isMysql) await work();
  else process.stderr.write(`not run on MariaDB: ${why}\n`);
};
const as = (user: string, password: string, search = ''): Database => {
  const url = new URL(home.ownerUrl);
  [url.username, url.password, url.search] = [user, password, search];
  const database = openDatabase({ url: url.href, connections: 1 });
  open.push(database);
  return database;
};
const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing was refused',
    (error: unknown) => error,
  );
const empty = async (): Promise<{ readonly fresh: FreshDatabase; readonly owner: Database }> => {
  const fresh = await freshDatabase();
  made.push(fresh);
  const owner = openDatabase({ url: fresh.ownerUrl, connections: 2 });
  open.push(owner);
  return { fresh, owner };
};
const settingOf = async (name: string): Promise<unknown> => {
  const rows = await home.owner.all<{ value: unknown }>(`SELECT @@GLOBAL.${name} AS value`);
  return rows[0]?.value;
};

beforeAll(async () => {
  home = await openStoreHome();
  const [row] = await home.owner.all<{ version: string }>('SELECT VERSION() AS version');
  isMysql = row?.version.includes('MariaDB') === false;
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  for (const one of made.splice(0)) await one.drop();
});
afterAll(() => home.close());

test(
  'an account whose rights come by a role may do what the gateway does, and no more; without the role in force it is told so',
  onMysql('its roles have no host part, and the grants of the product name one', async () => {
    const [role, user] = [`${home.name}_role`, `${home.name}_r`];
    await home.owner.text(`CREATE ROLE '${role}'@'%'`);
    await home.owner.text(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret'`);
    await grantRights(home.owner, home.keysSchema, { gateway: { user: role, host: '%' } });
    await home.owner.text(`GRANT '${role}'@'%' TO '${user}'@'%'`);
    expect(await refusalOf(as(user, 'secret').all('SELECT 1'))).toMatchObject({
      code: 'DB-001',
      message: expect.stringContaining('the account has no right on this database') as string,
    });
    await home.owner.text(`SET DEFAULT ROLE ALL TO '${user}'@'%'`);
    const account = as(user, 'secret');
    await account.run(
      "INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(6), 'published', 'essai')",
    );
    await account.transaction((tx) => tx.all('SELECT id FROM leads ORDER BY id FOR UPDATE'));
    expect(await refusalOf(account.run("UPDATE handovers SET client_id = 'other'"))).toMatchObject({
      errno: 1142,
    });
  }),
);

test('an account that is locked is said to be, on both servers', async () => {
  const user = `${home.name}_l`;
  await home.owner.text(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret' ACCOUNT LOCK`);
  expect(await refusalOf(as(user, 'secret').all('SELECT 1'))).toMatchObject({
    code: 'DB-001',
    message: expect.stringContaining('the account is locked') as string,
  });
});

test('a row of lead_intake is received in UTC, whatever the time zone of the sender’s session', async () => {
  const sender = as(`${home.name}_i`, 'secret');
  await sender.text("SET time_zone = '-07:00'");
  await sender.run(
    "INSERT INTO lead_intake (client_id, reference, channel, collected_at) VALUES ('essai', 'ZONE-1', 'web_form', '2026-12-01 09:00:00')",
  );
  const rows = await home.owner.all(
    "SELECT ABS(TIMESTAMPDIFF(SECOND, received_at, UTC_TIMESTAMP(3))) < 1800 AS near FROM lead_intake WHERE reference = 'ZONE-1'",
  );
  expect(rows).toEqual([{ near: 1 }]);
});

describe('caching_sha2_password', () => {
  const account = async (letter: string): Promise<string> => {
    const user = `${home.name}_${letter}`;
    await home.owner.text(
      `CREATE USER '${user}'@'%' IDENTIFIED WITH caching_sha2_password BY 'secret with space'`,
    );
    await home.owner.text(`GRANT SELECT ON \`${home.name}\`.* TO '${user}'@'%'`);
    return user;
  };
  const lacks = 'it has no such plugin, or not under this name';
  /** The server forgets what it has cached, so that the whole exchange is made again. */
  const forget = (): Promise<void> => home.owner.text('FLUSH PRIVILEGES');
  const connect = async (user: string, search: string): Promise<unknown> => {
    const rows = await as(user, 'secret with space', search).all<{ cipher: string }>(
      "SELECT VARIABLE_VALUE AS cipher FROM performance_schema.session_status WHERE VARIABLE_NAME = 'Ssl_cipher'",
    );
    return rows[0]?.cipher;
  };

  test(
    'without TLS: by the key of the server, then from its cache; a wrong password is called so',
    onMysql(lacks, async () => {
      const user = await account('s');
      await home.owner.text(`GRANT SELECT ON performance_schema.* TO '${user}'@'%'`);
      await forget();
      expect(await connect(user, '')).toBe('');
      expect(await connect(user, '')).toBe('');
      expect(await refusalOf(as(user, 'wrong').all('SELECT 1'))).toMatchObject({
        code: 'DB-001',
        message: expect.stringContaining('user, password, or the address it comes from') as string,
      });
    }),
  );

  test(
    'with TLS: only behind an authority that is known, whole and from the cache, also where the account demands it',
    onMysql(lacks, async () => {
      const user = await account('t');
      await home.owner.text(`GRANT SELECT ON performance_schema.* TO '${user}'@'%'`);
      await home.owner.text(`ALTER USER '${user}'@'%' REQUIRE SSL`);
      await forget();
      expect(await refusalOf(connect(user, ''))).toMatchObject({ code: 'DB-001' });
      expect(await refusalOf(connect(user, '?tls=yes'))).toBeInstanceOf(Error);
      const known = tls.getCACertificates('default');
      const own = readFileSync(join(String(await settingOf('datadir')), 'ca.pem'), 'utf8');
      tls.setDefaultCACertificates([...known, own]);
      try {
        expect(await connect(user, '?tls=yes')).toMatch(/^TLS_/);
        expect(await connect(user, '?tls=yes')).toMatch(/^TLS_/);
      } finally {
        tls.setDefaultCACertificates(known);
      }
    }),
  );
});

test(
  'foreign keys refer to whole unique keys: the schema is made where MySQL insists on it, as it does by default',
  onMysql('it takes any key', async () => {
    expect(await settingOf('restrict_fk_on_non_standard_key')).toBe(1);
    const { fresh, owner } = await empty();
    await owner.text('CREATE TABLE parents (a INT NOT NULL, KEY parents_a (a)) ENGINE=InnoDB');
    const child =
      'CREATE TABLE children (a INT NOT NULL, FOREIGN KEY (a) REFERENCES parents (a)) ENGINE=InnoDB';
    expect(await refusalOf(owner.text(child))).toMatchObject({ errno: 6125 });
    await owner.text('DROP TABLE parents');
    await migrate(owner, `${fresh.name}_keys`);
    const [keys] = await owner.all<{ count: number }>(
      'SELECT COUNT(*) AS count FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?',
      [fresh.name],
    );
    expect(keys?.count).toBeGreaterThan(5);
  }),
);

describe('a server and databases of another collation', () => {
  let crm: HttpRecipient;
  beforeAll(async () => {
    crm = await startHttpRecipient();
  });
  afterAll(() => crm.close());
  const collations = (): readonly string[] =>
    isMysql ? ['utf8mb4_0900_ai_ci', 'utf8mb4_unicode_520_ci'] : ['utf8mb4_unicode_520_ci'];

  test('the schema is made with none of it: every column has a collation of its own', async () => {
    for (const collation of collations()) {
      const { fresh, owner } = await empty();
      for (const schema of [fresh.name, `${fresh.name}_keys`])
        await owner.text(`ALTER DATABASE \`${schema}\` CHARACTER SET utf8mb4 COLLATE ${collation}`);
      await migrate(owner, `${fresh.name}_keys`);
      expect(
        await owner.all(
          'SELECT TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (?, ?) AND COLLATION_NAME = ?',
          [fresh.name, `${fresh.name}_keys`, collation],
        ),
      ).toEqual([]);
    }
  });

  test('a lead comes, leaves, is withdrawn and erased: nothing that is compared takes its collation from the database', async () => {
    for (const collation of collations()) {
      const gateway = await openGateway({ files: webhookFiles(crm.port) });
      try {
        for (const schema of [gateway.owner.name, gateway.config.keysSchema])
          await gateway.owner.text(`ALTER DATABASE \`${schema}\` CHARACTER SET utf8mb4 COLLATE ${collation}`);
        await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
        await gateway.start('planner', 'worker');
        await gateway.send(
          strangerRow('C-A'),
          strangerRow('C-a', { email: 'other@courriel.example', mobile: null }),
        );
        const delivered = (count: number) => async (): Promise<boolean> =>
          (await gateway.states("d.state = 'delivered'")).length === count;
        await gateway.until('both delivered', delivered(2));
        const by = { clientId: 'essai', reference: 'C-A', actor: 'tester', reason: 'ticket 7' };
        await gateway.app.rights.withdraw({ ...by, purpose: 'marketing', channels: ['email'] });
        await gateway.until('the withdrawal told', delivered(3));
        await gateway.app.rights.erase(by);
        await gateway.until('the erasure told', delivered(4));
        const erased = await gateway.owner.all(
          'SELECT COUNT(*) AS count FROM leads WHERE erased_at IS NOT NULL',
        );
        expect(erased).toEqual([{ count: 1 }]);
      } finally {
        await gateway.close();
      }
    }
  });
});
