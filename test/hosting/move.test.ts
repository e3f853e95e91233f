// C36: a client moves to an installation of its own and back, while another client's leads go on: nothing lost, nothing twice.
import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openApp, type App } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { noteReturned } from '../../src/delivery/background/bounces.ts';
import { civilDate } from '../../src/domain/civil-date.ts';
import { silentLog } from '../../src/log.ts';
import { startPlanner } from '../../src/roles/planner.ts';
import { startWorker } from '../../src/roles/worker.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { insertIntakeRows } from '../../src/store/intake/intake.ts';
import { movedTables } from '../../src/store/hosting/moved-tables.ts';
import { heldRows } from '../../src/store/retention/closings.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, patient, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { instanceHome, type InstanceHome } from './made.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let home: InstanceHome;
let relais: Relais;
let shared: Record<string, string>;
/** References that the recipient refuses for now. */
const away = new Set<string>();
const accepted: { readonly client: string; readonly ref: string }[] = [];

const clients = ['essai', 'autre'] as const;
const files = (port: number): Readonly<Record<string, string>> => {
  // Whoever is refused waits for longer than this test takes.
  const one = Object.fromEntries(
    Object.entries(patient(webhookFiles(port))).map(([name, text]) => [
      name,
      text.replace('retry: [1s, 1s, 2s]\nmaxAge: 1h', 'retry: [5h, 5h]\nmaxAge: 1d'),
    ]),
  );
  return {
    ...one,
    ...Object.fromEntries(
      Object.entries(one).map(([name, text]) => [
        name.replace('essai', 'autre'),
        text.replaceAll('essai', 'autre').replaceAll('/leads', '/autre'),
      ]),
    ),
  };
};

const openReports = (): Promise<readonly object[]> =>
  gateway.owner.all(
    "SELECT client_id AS client FROM alerts WHERE kind = 'moved_reports' AND closed_at IS NULL",
  );

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = ({ method, url, body }, response) => {
    const { ref = '' } = (body.length === 0 ? {} : JSON.parse(String(body))) as { ref?: string };
    if (away.has(ref)) return void response.writeHead(503).end();
    if (method === 'POST') accepted.push({ client: url === '/leads' ? 'essai' : 'autre', ref });
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: `CRM-${ref}` }));
  };
  gateway = await openGateway({ files: files(crm.port) });
  const ownerUrl = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  ownerUrl.pathname = `/${gateway.app.database.name}`;
  shared = { ...environmentOf(gateway, { RELAIS_MYSQL_OWNER_URL: ownerUrl.href }) };
  home = await instanceHome(shared);
  relais = terminalOf(shared);
  for (const client of clients)
    await gateway.app.publishing.publish({ destinationId: `${client}-crm`, author: 'tester', note: 'first' });
});
afterAll(async () => {
  await gateway.close();
  await home.drop();
  await crm.close();
});

const of = (client: string, reference: string, over: Parameters<typeof strangerRow>[1] = {}) =>
  strangerRow(reference, { client_id: client, ...over });
/** How often the recipient accepted each reference as a new lead. */
const posted = (client: string): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { ref } of accepted.filter((one) => one.client === client)) counts[ref] = (counts[ref] ?? 0) + 1;
  return counts;
};
const delivered = async (app: Pick<App, 'database'>, reference: string): Promise<boolean> =>
  (
    await app.database.all(
      "SELECT 1 FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference = ? AND d.state = 'delivered'",
      [reference],
    )
  ).length === 1;
const instruct = (terminal: Relais) =>
  terminal(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
    ...['--document', 'annexe 4', '--covers', 'hosting'],
  );
const moveWith = (terminal: Relais, to: readonly string[], instruction: string) =>
  terminal(
    ...['instance', 'move', 'essai', ...to.flatMap((file) => ['--to', file]), '--instruction', instruction],
    ...['--delete-on', civilDate(gateway.app.database.now()), '--reason', 'annex 4', '--yes'],
  );
const envFiles = (): readonly string[] =>
  ['relais.env', 'owner.env'].map((name) => join(home.folder, 'etc', 'essai', name));

/** Rows that stay, and why. */
const leftTables: Readonly<Record<string, string>> = {
  handovers: 'the log stays where it was written, and is cited',
  handovers_unsealed: 'the log',
  seals: 'the log',
  counted_seals: 'the log',
  day_seals: 'the log',
  log_archives: 'the log',
  log_archived_ranges: 'the log',
  log_verifications: 'the log',
  event_cursors: 'the log',
  lead_changes: 'planned before anything is moved',
  alerts: 'about this installation; tasks follow from deliveries',
  client_mails: 'sent from here',
  client_closings: 'the move itself',
  proofs: 'signed here, and checked with the key of this place',
  proof_documents: 'proofs',
  proof_leads: 'proofs',
  retention_runs: 'history of this place',
  retention_items: 'retention_runs',
  erasures_unwritten: 'the ledger of this place',
  ledger_writers: 'the ledger of this place',
  access_credentials: 'asked for anew',
  test_leads: 'of this place',
  batch_parts: 'a file under way ends before the move',
  bulk_runs: 'of this place',
  bulk_items: 'bulk_runs',
  takings: 'of processes',
  processes: 'of processes',
  accounts: 'accounts of the console belong to an installation',
  account_identities: 'accounts',
  recovery_codes: 'accounts',
  sessions: 'accounts',
  sign_in_tries: 'accounts',
  saved_views: 'accounts',
  staff_names: 'accounts',
  api_keys: 'accounts',
  idempotency_keys: 'api_keys',
  destination_hours: 'counts of this place',
  statistics_editions: 'counts of this place',
  statistics_parts: 'counts of this place',
  installation_lives: 'of this place',
  installation_keys: 'of this place',
  wrapped_keys: 'of this place; the key of digests is taken over',
  backups: 'of this place',
  backup_tests: 'of this place',
  restores: 'of this place',
  numbers_given: 'of this place',
  instances: 'of this place',
  dedication: 'of this place',
  database_readers: 'of this place',
  schema_migrations: 'of this place',
  schema_migration_steps: 'of this place',
};

test('every table of the schema moves, or stays for a reason', async () => {
  const rows = await gateway.owner.all<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
    [gateway.app.database.name],
  );
  const known = [...movedTables.map(({ table }) => table), ...Object.keys(leftTables)];
  expect(known.toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
});

test('C36: to its own installation and back, under traffic of another client', async () => {
  await gateway.start('planner', 'worker');
  away.add('M-3');
  await gateway.send(
    of('essai', 'M-1'),
    of('essai', 'M-2'),
    of('essai', 'M-3'),
    of('essai', 'M-4', { consents: null }),
    of('essai', 'M-5', { mobile: '06-none' }),
  );
  await gateway.until('two delivered, one waits, one is withheld', async () => {
    const states = (await gateway.states("l.client_id = 'essai'")).map(
      ({ reference, state }) => `${reference} ${state}`,
    );
    return states.toSorted().join() === 'M-1 delivered,M-2 delivered,M-3 waiting,M-4 withheld';
  });
  expect(
    await relais(
      'opposition',
      'add',
      '--client',
      'essai',
      '--email',
      'm-9@courriel.example',
      '--reason',
      'r 1',
    ),
  ).toMatchObject({ code: 0 });
  await home.create('essai');
  await instruct(relais);

  let sent = 0;
  let isMoving = true;
  const traffic = (async () => {
    while (isMoving && sent < 200) await gateway.send(of('autre', `A-${(sent += 1)}`));
  })();
  const ran = await moveWith(relais, envFiles(), '1').finally(() => (isMoving = false));
  await traffic;
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toContain('with 4 leads and 0 rows');

  // A system that still sends here, and an act here: the row waits, the act is refused.
  await gateway.send(of('essai', 'M-6'));
  await gateway.until(
    'held',
    async () =>
      (await gateway.owner.all("SELECT 1 FROM lead_intake WHERE reference = 'M-6' AND status = 'moved'"))
        .length === 1,
  );
  expect(
    await gateway.owner.all('SELECT kind, client_id AS client FROM alerts WHERE closed_at IS NULL'),
  ).toContainEqual({ kind: 'moved_rows', client: 'essai' });
  const [left] = await gateway.states("l.client_id = 'essai'");
  const [reported] = await readDeliveries(gateway.app.database, [left?.id ?? 0]);
  if (reported === undefined) throw new Error('no delivery');
  const bounce = { tag: { run: 1, attempt: 1 }, failures: [{ target: '', code: '5.1.1' }], targets: [] };
  expect(await noteReturned(gateway.app.database, reported, bounce)).toBe('later');
  expect(await openReports()).toEqual([{ client: 'essai' }]);
  expect(await relais('lead', 'withdraw', 'M-1', '--client', 'essai', '--reason', 'r 2')).toMatchObject({
    code: 1,
    err: expect.stringContaining('INSTANCE-001') as string,
  });
  const again = await moveWith(relais, envFiles(), '1');
  expect(again).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringContaining('and 1 rows that waited') as string,
  });
  expect(
    await gateway.owner.all("SELECT 1 FROM alerts WHERE kind = 'moved_rows' AND closed_at IS NULL"),
  ).toEqual([]);

  const own = home.environment('essai');
  mkdirSync(join(home.folder, 'etc', 'essai', 'mappings', 'presets'), { recursive: true });
  const app = await openApp(loadConfig(own), { log: silentLog });
  const roles = [await startPlanner(app), await startWorker(app)];
  const terminal = terminalOf(own);
  try {
    away.clear();
    await app.database.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
    await gateway.until(
      'what waited has left, from its new place',
      async () => (await delivered(app, 'M-3')) && (await delivered(app, 'M-6')),
    );
    // The same row again is known, an opposed address too, and a withdrawal finds the record at the recipient.
    await insertIntakeRows(app.database, [of('essai', 'M-9')]);
    await gateway.until(
      'the opposed one came in',
      async () =>
        (
          await app.database.all(
            "SELECT 1 FROM consents c JOIN leads l ON l.id = c.lead_id WHERE l.reference = 'M-9' AND c.state = 'withdrawn'",
          )
        ).length > 0,
    );
    expect(await terminal('lead', 'withdraw', 'M-1', '--client', 'essai', '--reason', 'r 3')).toMatchObject({
      code: 0,
    });
    await gateway.until('told by its reference', () =>
      crm.received.some(({ method, url }) => method === 'PUT' && url === '/leads/CRM-M-1'),
    );
    await gateway.until('M-9 is delivered', () => delivered(app, 'M-9'));
    expect(posted('essai')).toEqual({ 'M-1': 1, 'M-2': 1, 'M-3': 1, 'M-6': 1, 'M-9': 1 });
    expect(await app.sealer.verify()).toMatchObject({ ok: true });
    expect(await gateway.app.sealer.verify()).toMatchObject({ ok: true });

    // The former place deletes on the agreed day, which is today.
    expect(await relais('client', 'close', 'essai', '--delete', '--yes')).toMatchObject({ code: 0, err: '' });
    await gateway.until('deleted here', async () =>
      Object.values(await heldRows(gateway.app.database, 'essai')).every((rows) => rows === 0),
    );
    // No report finds a delivery here any more.
    await gateway.until('the task is over', async () => (await openReports()).length === 0);

    // And back.
    for (const role of roles) await role.stop();
    const sharedFile = join(home.folder, 'shared.env');
    writeFileSync(
      sharedFile,
      Object.entries(shared)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const back = await moveWith(terminal, [sharedFile], '1');
    expect(back).toMatchObject({ code: 0, err: '', out: expect.stringContaining('with 6 leads') as string });
    await gateway.send(of('essai', 'M-10'));
    await gateway.until('taken in and delivered as before', () => delivered(gateway.app, 'M-10'));
    expect(await relais('lead', 'withdraw', 'M-2', '--client', 'essai', '--reason', 'r 4')).toMatchObject({
      code: 0,
      err: '',
    });
    await gateway.until('told by its reference', () =>
      crm.received.some(({ method, url }) => method === 'PUT' && url === '/leads/CRM-M-2'),
    );
    expect(posted('essai')).toEqual({ 'M-1': 1, 'M-2': 1, 'M-3': 1, 'M-6': 1, 'M-9': 1, 'M-10': 1 });
    await gateway.until('all of the other client', async () => {
      const states = await gateway.states("l.client_id = 'autre' AND d.state = 'delivered'");
      return states.length === sent;
    });
    expect(Object.values(posted('autre')).every((count) => count === 1)).toBe(true);
    expect(await gateway.app.sealer.verify()).toMatchObject({ ok: true });
    // The range of ids is used up: another installation has another number.
    expect(await moveWith(relais, envFiles(), '1')).toMatchObject({ code: 1 });
  } finally {
    for (const role of roles) await role.stop();
    await app.close();
  }
});
