// C26 to C28, C34: statistics on a real database: who is counted, under which accounts, once, and without who withdrew.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { recordInstruction } from '../../src/retention/register.ts';
import { issueEdition, removeWithdrawn, type StatisticsPlace } from '../../src/statistics/issue.ts';
import type { Covered } from '../../src/domain/instructions.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

const clients = ['essai', 'autre', 'tiers', 'quart'] as const;
type Client = (typeof clients)[number];

let gateway: Gateway;
let schema: string;
let writer: Database;
let place: StatisticsPlace;
let relais: Relais;
let folder: string;

/** Client files of four clients, each a legal entity. */
const files = Object.fromEntries(
  clients.flatMap((client) =>
    Object.entries(webhookFiles(9)).map(([name, text]) => [
      name.replace('essai', client),
      text.replaceAll('essai', client).replaceAll('Essai', client).replaceAll('ESSAI', client.toUpperCase()),
    ]),
  ),
);

const urlOf = (user: string): string => {
  const url = new URL(gateway.config.mysql.gatewayUrl);
  [url.username, url.password, url.pathname] = [`${gateway.app.database.name}_${user}`, user, `/${schema}`];
  return url.href;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-statistics-'));
  gateway = await openGateway({ files });
  for (const client of clients)
    await gateway.app.publishing.publish({ destinationId: `${client}-crm`, author: 'tester', note: 'first' });
  schema = `${gateway.app.database.name}_st`;
  const { out } = await terminalOf(environmentOf(gateway))(
    ...['statistics', 'accounts', '--writer-host', '10.0.3.7', '--reader-host', '10.0.3.9'],
  );
  for (const line of out.trim().split('\n'))
    await gateway.owner.text(
      line
        .replace(/;$/, '')
        .replace(' REQUIRE SSL', '')
        .replace(/'relais_statistics_reader'@'[^']*'/, `'${gateway.app.database.name}_reader'@'%'`)
        .replace(/'relais_statistics'@'[^']*'/, `'${gateway.app.database.name}_writer'@'%'`)
        .replace(/\brelais_statistics\b/, schema)
        .replace("'...'", line.includes('_reader') ? "'reader'" : "'writer'"),
    );
  writer = openDatabase({ url: urlOf('writer'), connections: 1 });
  place = { database: gateway.app.database, writer, installation: 'shared', actor: 'tester' };
  relais = terminalOf(
    environmentOf(gateway, {
      RELAIS_MYSQL_STATISTICS_URL: urlOf('writer'),
      RELAIS_MYSQL_STATISTICS_READ_URL: urlOf('reader'),
    }),
  );
});
afterEach(async () => {
  await writer.close();
  await gateway.owner.text(`DROP DATABASE \`${schema}\``);
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

let number = 0;
/** Persons of a client who asked on a day. */
async function asked(
  client: Client,
  persons: number,
  day = '2026-10-14',
  over: Partial<IntakeValues> = {},
): Promise<void> {
  const names = Array.from({ length: persons }, () => `${client}-${(number += 1)}`);
  await gateway.send(
    ...names.map((name) =>
      leadRow(name, {
        ...{ client_id: client, email: `${name}@courriel.example`, mobile: null, origin_type: 'portal' },
        ...{ departement: '69', housing_type: 'apartment', rooms: 3, budget_max: 240_000 },
        ...over,
      }),
    ),
  );
  await gateway.until('taken in', async () => {
    await gateway.app.intake.acceptBatch(500);
    const [row] = await gateway.owner.all<{ left: number }>(
      "SELECT COUNT(*) AS `left` FROM lead_intake WHERE status = 'new'",
    );
    return row?.left === 0;
  });
  await gateway.owner.run(
    `UPDATE leads SET collected_at = ? WHERE reference IN (${names.map(() => '?').join(', ')})`,
    [new Date(`${day}T11:00:00Z`), ...names],
  );
}

const instruct = (clientId: Client, matter: Covered, givenOn = '2026-01-05'): Promise<number> =>
  recordInstruction(gateway.app.database, {
    ...{ clientId, givenOn, covers: [matter], operation: '', recordedBy: 'tester' },
    ...{ givenBy: 'Mme Exemple', document: 'annexe 4' },
  });

const media = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(
    (
      await gateway.owner.all<{ cell: string; persons: number }>(
        `SELECT CONCAT(month, ' ', category, ' ', class) AS cell, persons FROM \`${schema}\`.cells WHERE report = 'channel_media'`,
      )
    ).map(({ cell, persons }) => [cell, persons]),
  );
const issue = (month = '2026-10'): ReturnType<typeof issueEdition> => issueEdition(place, month);

test('C26: clients that authorise it are counted from that day on, and only what is alive, unrestricted and not refused', async () => {
  for (const client of ['essai', 'autre', 'tiers'] as const) await instruct(client, 'statistics');
  for (const client of ['essai', 'autre', 'tiers'] as const) await asked(client, 10);
  expect(await issue('2026-09')).toMatchObject({ cells: 0, clients: 3 });
  // A client that authorises nothing, one day before a month, and persons who must not be counted.
  await asked('quart', 30);
  await asked('essai', 30, '2026-09-30');
  await instruct('quart', 'statistics', '2026-10-20');
  await asked('essai', 9, '2026-10-15', {
    consents: JSON.stringify([
      { purpose: 'profiling', channel: 'email', state: 'refused', recordedAt: '2026-01-05T10:00:00Z' },
    ]),
  });
  await asked('essai', 9, '2026-10-16');
  await gateway.owner.run(
    "UPDATE leads SET restricted_at = UTC_TIMESTAMP(3) WHERE DATE(collected_at) = '2026-10-16'",
  );
  await asked('essai', 9, '2026-10-17');
  await gateway.owner.run(
    "UPDATE leads SET erased_at = UTC_TIMESTAMP(3) WHERE DATE(collected_at) = '2026-10-17'",
  );
  expect(await issue()).toMatchObject({ clients: 4 });
  expect(await media()).toEqual({ '2026-10 web_form portal': 30 });
});

test('C26: an installation of one client alone contributes nothing', async () => {
  await expect(issueEdition({ ...place, installation: 'dedicated' }, '2026-10')).rejects.toMatchObject({
    code: 'STATISTICS-001',
  });
});

test('C27: a month is issued once, after its end; a second count, to compare with the first, is refused', async () => {
  for (const client of ['essai', 'autre', 'tiers'] as const) {
    await instruct(client, 'statistics');
    await asked(client, 10);
  }
  await expect(issue('2999-01')).rejects.toThrow(/not over/);
  await expect(issue('2026-13')).rejects.toMatchObject({ code: 'USAGE-001' });
  await issue();
  await asked('essai', 1);
  await expect(issue()).rejects.toThrow(/never issued again/);
  // Not even where the schema is new, or the gateway's database older than it.
  await gateway.owner.run(`DELETE FROM \`${schema}\`.editions`);
  await expect(issue()).rejects.toThrow(/never issued again/);
  await gateway.owner.run(`INSERT INTO \`${schema}\`.editions VALUES ('2026-10')`);
  await gateway.owner.run('DELETE FROM statistics_editions');
  await expect(issue()).rejects.toThrow(/never issued again/);
  expect(await media()).toEqual({ '2026-10 web_form portal': 30 });
});

test('C27: killed before the counts are written, the next run counts; killed after, it only closes', async () => {
  for (const client of ['essai', 'autre', 'tiers'] as const) {
    await instruct(client, 'statistics');
    await asked(client, 10);
  }
  const killed = { ...writer, transaction: () => Promise.reject(new Error('killed')) };
  await expect(issueEdition({ ...place, writer: killed }, '2026-10')).rejects.toThrow('killed');
  await issue();
  await gateway.owner.run("UPDATE statistics_editions SET state = 'writing'");
  await expect(issue()).rejects.toThrow(/never issued again/);
  expect(await gateway.owner.all('SELECT month, state FROM statistics_editions')).toEqual([
    { month: '2026-10', state: 'issued' },
  ]);
});

test('C26 C27: who withdraws is counted no more, and its cells are deleted, not counted again without it', async () => {
  for (const client of clients) {
    await instruct(client, 'statistics');
    await asked(client, 10);
  }
  for (const client of ['essai', 'autre', 'tiers'] as const)
    await asked(client, 10, '2026-10-14', { origin_type: 'press' });
  await issue();
  expect(await media()).toEqual({ '2026-10 web_form portal': 40, '2026-10 web_form press': 30 });
  const withdrawn = await relais(
    ...['instruction', 'record', '--client', 'quart', '--date', '2026-11-02', '--from', 'Mme Exemple, DPO'],
    ...['--document', 'lettre', '--covers', 'statistics_end'],
  );
  expect(withdrawn.out).toContain('quart: 3 cells deleted.');
  expect(await media()).toEqual({ '2026-10 web_form press': 30 });
  expect(await removeWithdrawn(place)).toEqual(new Map());
  await expect(issue()).rejects.toThrow(/never issued again/);
  for (const client of clients) await asked(client, 10, '2026-09-14');
  expect(await issue('2026-09')).toMatchObject({ clients: 3 });
  const logged = await gateway.owner.all<{ entry: string; client: string; reason: string }>(
    "SELECT entry, client_id AS client, reason FROM handovers WHERE entry LIKE 'statistics_%' ORDER BY id",
  );
  expect(logged).toEqual([
    { entry: 'statistics_issued', client: '', reason: '2026-10 cells:4 clients:4' },
    { entry: 'statistics_removed', client: 'quart', reason: 'cells:3' },
    { entry: 'statistics_issued', client: '', reason: '2026-09 cells:3 clients:3' },
  ]);
});

test('C26: a withdrawal where no writer is configured is a task until the cells are deleted', async () => {
  for (const client of ['essai', 'autre', 'tiers'] as const) {
    await instruct(client, 'statistics');
    await asked(client, 10);
  }
  await issue();
  const open = async (): Promise<readonly string[]> =>
    (
      await gateway.owner.all<{ client: string }>(
        "SELECT client_id AS client FROM alerts WHERE kind = 'statistics_withdrawn' AND closed_at IS NULL",
      )
    ).map(({ client }) => client);
  // In no cell.
  await instruct('quart', 'statistics_end');
  expect(await open()).toEqual([]);
  const { err } = await terminalOf(environmentOf(gateway))(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-02', '--from', 'Mme Exemple, DPO'],
    ...['--document', 'lettre', '--covers', 'statistics_end'],
  );
  expect(err).toContain('relais statistics remove');
  expect(await open()).toEqual(['essai']);
  expect((await relais('statistics', 'remove')).out).toBe('essai: 3 cells deleted.\n');
  expect(await open()).toEqual([]);
  expect(await media()).toEqual({});
});

test('C26: a part is gone although the client has authorised anew before it was deleted, or has moved away', async () => {
  for (const client of clients) {
    await instruct(client, 'statistics');
    await asked(client, 10);
  }
  for (const client of ['essai', 'autre', 'tiers'] as const)
    await asked(client, 10, '2026-10-14', { origin_type: 'press' });
  for (const client of ['essai', 'autre', 'quart'] as const)
    await asked(client, 10, '2026-10-14', { origin_type: 'radio' });
  await issue();
  await instruct('quart', 'statistics_end', '2026-11-02');
  await instruct('quart', 'statistics', '2026-11-03');
  expect(await removeWithdrawn(place)).toEqual(new Map([['quart', 4]]));
  expect(await media()).toEqual({ '2026-10 web_form press': 30 });
  // Counted again from November on, it loses nothing more.
  expect(await removeWithdrawn(place)).toEqual(new Map());
  await gateway.owner.run(
    "UPDATE clients SET closed_at = UTC_TIMESTAMP(3), moved_at = UTC_TIMESTAMP(3) WHERE id = 'tiers'",
  );
  await removeWithdrawn(place);
  expect(await media()).toEqual({});
});

test('C27: one legal entity in three spellings is one client', async () => {
  for (const [client, entity] of [
    ['essai', 'Éxemple Promotion SAS'],
    ['autre', 'EXEMPLE  PROMOTION, S.A.S.'],
    ['tiers', 'Exemple-Promotion'],
  ] as const) {
    await gateway.owner.run('UPDATE clients SET legal_entity = ? WHERE id = ?', [entity, client]);
    await instruct(client, 'statistics');
    await asked(client, 10);
  }
  expect(await issue()).toMatchObject({ cells: 0, clients: 3 });
});

test('C27: a month before any client has authorised statistics is not lost', async () => {
  await expect(issue()).rejects.toThrow(/can still be issued/);
  await instruct('essai', 'statistics', '2026-11-02');
  await expect(issue()).rejects.toThrow(/can still be issued/);
  await instruct('autre', 'statistics');
  expect(await issue()).toMatchObject({ month: '2026-10', cells: 0, clients: 1 });
  // Without a month it is the last one that is over in Paris, where it is December already.
  const database = { ...place.database, now: () => new Date('2026-11-30T23:30:00Z') };
  expect(await issueEdition({ ...place, database })).toMatchObject({ month: '2026-11' });
});

test('C28: the writer reads no lead, the reader nothing else, the gateway no statistics; wider accounts are refused', async () => {
  await instruct('essai', 'statistics');
  await issue();
  const reader = openDatabase({ url: urlOf('reader'), connections: 1 });
  const main = gateway.app.database.name;
  for (const account of [reader, writer])
    await expect(account.all(`SELECT 1 FROM \`${main}\`.leads`)).rejects.toMatchObject({ errno: 1142 });
  await expect(reader.run(`DELETE FROM cells`)).rejects.toMatchObject({ errno: 1142 });
  await expect(gateway.app.database.all(`SELECT 1 FROM \`${schema}\`.cells`)).rejects.toMatchObject({
    errno: 1142,
  });
  await reader.close();
  const columns = await gateway.owner.all<{ name: string }>(
    'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? GROUP BY COLUMN_NAME ORDER BY COLUMN_NAME',
    [schema],
  );
  expect(columns.map(({ name }) => name)).toEqual(['category', 'class', 'month', 'persons', 'report']);
  for (const right of ['SELECT', 'INSERT', 'DELETE']) {
    await gateway.owner.text(`GRANT ${right} ON \`${schema}\`.cells TO '${main}_g'@'%'`);
    await expect(issue('2026-09')).rejects.toThrow(/RELAIS_MYSQL_URL has rights on/);
    await gateway.owner.text(`REVOKE ${right} ON \`${schema}\`.cells FROM '${main}_g'@'%'`);
  }
  // A role that is not taken on can be taken on.
  const role = `${main}_role`;
  await gateway.owner.text(`CREATE ROLE '${role}'`);
  await gateway.owner.text(`GRANT SELECT ON \`${main}\`.leads TO '${role}'`);
  await gateway.owner.text(`GRANT '${role}' TO '${main}_writer'@'%'`);
  await expect(issue('2026-09')).rejects.toThrow(/RELAIS_MYSQL_STATISTICS_URL has rights on the role/);
  await gateway.owner.text(`DROP ROLE '${role}'`);
  for (const account of ['writer', 'reader'])
    await gateway.owner.text(`GRANT SELECT (id) ON \`${main}\`.clients TO '${main}_${account}'@'%'`);
  await expect(issue('2026-09')).rejects.toThrow(
    new RegExp(`RELAIS_MYSQL_STATISTICS_URL has rights on ${main}`),
  );
  const refused = await relais('statistics', 'export', '--to', folder);
  expect(refused.err).toContain('STATISTICS-001');
});

test('C27 C34: statistics outlive the leads, as CSV and as a page, read with the reader’s address alone', async () => {
  for (const client of ['essai', 'autre', 'tiers'] as const) {
    await instruct(client, 'statistics');
    await asked(client, 10);
  }
  expect((await relais('statistics', 'run', '--month', '2026-10')).out).toContain(
    '2026-10: 3 cells of 3 clients.',
  );
  for (const table of ['prospects', 'lead_projects', 'lead_origins'])
    await gateway.owner.run(`DELETE FROM ${table}`);
  const read = terminalOf({ RELAIS_ENV: 'development', RELAIS_MYSQL_STATISTICS_READ_URL: urlOf('reader') });
  expect(await read('statistics', 'export', '--to', folder)).toMatchObject({ code: 0 });
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  expect(text('canaux-medias.csv')).toBe(
    'Mois,Canal,Famille de médias,Candidats\n2026-10,Formulaire internet,Portails immobiliers,30\n',
  );
  expect(text('produits-departements.csv')).toBe(
    'Mois,Produit,Département,Candidats\n2026-10,"Appartement, 3 pièces, 200 à 250 k€",Rhône (69),30\n',
  );
  expect(text('leads-simultanes.csv')).toBe('Mois,Leads dans le mois,Candidats\n2026-10,Un lead,30\n');
  expect(text('statistiques.html')).toContain('Portails immobiliers');
  expect(text('statistiques.html')).not.toMatch(/essai|ESSAI|quart|<script|https?:/i);
});
