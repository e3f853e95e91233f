// C44: what persons took back since a backup stays taken back after its restore, and who is restricted stays so; a later yes is valid.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { openApp, type App } from '../../src/app.ts';
import { applyLedger } from '../../src/backups/apply-ledger.ts';
import { leadDigest, ledgerParts, writeLedger, type LedgerLine } from '../../src/backups/ledger.ts';
import { loadConfig } from '../../src/config.ts';
import { currentConsent } from '../../src/domain/consent.ts';
import { silentLog } from '../../src/log.ts';
import { startPlanner } from '../../src/roles/planner.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { startWorker } from '../../src/roles/worker.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { insertIntakeRows, type IntakeValues } from '../../src/store/intake/intake.ts';
import { readConsents } from '../../src/store/leads/consents.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { freshDatabase, type FreshDatabase } from '../support/database.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let folder: string;
let environment: Readonly<Record<string, string>>;
let relais: Relais;
let made: FreshDatabase;
let there: { readonly app: App; readonly owner: Database; readonly relais: Relais };
const roles: Role[] = [];
const by = { actor: 'Sophie' };
const reason = 'ticket 1';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-taken-back-'));
  const identity = await generateIdentity();
  writeFileSync(join(folder, 'backup.key'), `${identity}\n`);
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  environment = environmentOf(gateway, {
    RELAIS_MYSQL_OWNER_URL: ownerUrlOf(gateway.app.database.name),
    RELAIS_BACKUP_DIR: join(folder, 'backups'),
    RELAIS_BACKUP_RECIPIENT: await identityToRecipient(identity),
    RELAIS_ERASURE_LEDGER_DIR: join(folder, 'ledger'),
  });
  relais = terminalOf(environment);
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(async () => {
  await Promise.all(roles.map((role) => role.stop()));
  await there.app.close();
  await there.owner.close();
  await gateway.close();
  await made.drop();
  await crm.close();
  rmSync(folder, { recursive: true, force: true });
});

function ownerUrlOf(name: string): string {
  const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const said = (state: string, recordedAt = ago(60)): string =>
  JSON.stringify([{ purpose: 'marketing', channel: 'email', state, recordedAt }]);
const yes = (reference: string, over: Partial<IntakeValues> = {}): IntakeValues =>
  strangerRow(reference, { consents: said('granted'), ...over });
const answer = (reference: string, row: string, state: string, at = ago(0)): IntakeValues => ({
  ...{ client_id: 'essai', kind: 'consent', reference, row_reference: row },
  consents: said(state, at),
});

/** Inserts rows and takes them in, whatever becomes of them. */
async function take(where: { owner: Database; app: App }, ...rows: readonly IntakeValues[]): Promise<void> {
  await insertIntakeRows(where.owner, rows);
  await gateway.until('taken in', async () => {
    await where.app.intake.acceptBatch(100);
    return (await where.owner.all("SELECT 1 FROM lead_intake WHERE status = 'new'")).length === 0;
  });
}
const restrict = async (reference: string): Promise<number> => {
  const { requests } = gateway.app;
  const { id } = await requests.open({
    clientId: 'essai',
    kind: 'restriction',
    references: [reference],
    ...by,
  });
  await requests.apply(id, { selection: { leads: 'all', rows: 'all' }, ...by });
  return id;
};
const lift = (id: number) => gateway.app.requests.lift(id, { ...by, evidence: 'letter' });
const withdrawByHand = (where: Relais, reference: string) =>
  where(
    ...['lead', 'withdraw', reference, '--client', 'essai', '--purpose', 'marketing'],
    ...['--channel', 'email', '--reason', reason],
  );

/** The state in force of each lead's opt-in; `-` where there is no answer. */
async function statesOf(owner: Database): Promise<Readonly<Record<string, string>>> {
  const leads = await owner.all<{ id: number; reference: string }>(
    'SELECT id, reference FROM leads ORDER BY id',
  );
  const consents = await readConsents(
    owner,
    leads.map(({ id }) => id),
  );
  return Object.fromEntries(
    leads.map(({ id, reference }) => [
      reference,
      currentConsent(consents.get(id) ?? [], 'marketing', 'email', new Date())?.state ?? '-',
    ]),
  );
}
const restrictedIn = async (owner: Database): Promise<readonly string[]> =>
  (
    await owner.all<{ reference: string }>(
      'SELECT reference FROM leads WHERE restricted_at IS NOT NULL ORDER BY reference',
    )
  ).map(({ reference }) => reference);
/** What the recipient got of a lead, as method and opt-in. */
const received = (reference: string): readonly string[] =>
  crm.received.flatMap(({ method, body }) => {
    const { ref, OPTIN } = JSON.parse(body.toString() || '{}') as Readonly<Record<string, string>>;
    return ref === reference ? [`${method ?? ''} ${OPTIN ?? ''}`] : [];
  });
const leadOf = (id: number): string => leadDigest(there.app.keys.seal.current(), id);
const idOf = async (reference: string): Promise<number> =>
  (await there.owner.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [reference]))[0]?.id ??
  0;
/** Applies lines to the restored database as `restore load` does. */
function applyParts(parts: AsyncIterable<readonly LedgerLine[]>): ReturnType<typeof applyLedger> {
  const { database, secrets, snapshot, oppositionKey, keys } = there.app;
  const deps = { database, secrets, snapshot, oppositionKey, sealKeys: keys.seal, ...by, reason };
  return applyLedger(deps, parts, new Date('2026-01-01T00:00:00Z'));
}
async function apply(lines: readonly Partial<LedgerLine>[]): ReturnType<typeof applyLedger> {
  const key = there.app.keys.seal.current().id;
  return applyParts(Readable.from([lines.map((line) => ({ highest: {}, ...line, key }))]));
}
const linesText = (): string =>
  readdirSync(join(folder, 'ledger'))
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(folder, 'ledger', name), 'utf8'))
    .join('');

const told = [
  'HAND',
  'ROW',
  'ADDRESS',
  'REFUSES',
  'AGAIN',
  'TWICE',
  'SAME',
  'HELD',
  'LIFTED',
  'BEFORE',
  'LET',
];

test('a backup, then people take back what they said, by every door', async () => {
  const started = await gateway.start('planner', 'worker');
  await gateway.send(...told.map((reference) => yes(reference)));
  await gateway.until('delivered', () => told.every((one) => received(one).includes('POST OUI')));
  await gateway.until('ended', async () => (await gateway.states("d.state <> 'delivered'")).length === 0);
  for (const role of started) await role.stop();
  await take(gateway, yes('REFUSED', { channel: 'nonsense' }));
  // Withdrawn and granted again: the backup has both.
  await take(gateway, answer('TWICE', 'TWICE-no', 'withdrawn', ago(30)));
  await take(gateway, answer('TWICE', 'TWICE-yes', 'granted', ago(20)));
  const before = await restrict('BEFORE');
  const let_ = await restrict('LET');
  await lift(let_);
  expect(await relais('backup', 'run')).toMatchObject({ code: 0, err: '' });

  // Twice: its two lines have both answers.
  for (let time = 1; time <= 2; time += 1)
    expect(await withdrawByHand(relais, 'HAND')).toMatchObject({ code: 0 });
  await take(gateway, answer('ROW', 'ROW-no', 'withdrawn', ago(10)));
  await take(gateway, answer('REFUSES', 'REFUSES-no', 'refused', ago(10)));
  await gateway.app.rights.object({
    ...{ clientId: 'essai', addresses: { email: 'address@courriel.example' }, reason, ...by },
    optIns: [{ purpose: 'marketing', channel: 'email' }],
  });
  await take(gateway, answer('AGAIN', 'AGAIN-no', 'withdrawn', ago(10)));
  await take(gateway, answer('AGAIN', 'AGAIN-yes', 'granted', ago(5)));
  // A lead since the backup, of a person who has one in it.
  await take(gateway, yes('SINCE', { email: 'same@courriel.example', mobile: '+33639989999' }));
  await take(gateway, answer('SINCE', 'SINCE-no', 'withdrawn', ago(10)));
  const { requests } = gateway.app;
  const { id } = await requests.open({
    ...{ clientId: 'essai', kind: 'withdrawal', email: 'refused@courriel.example', ...by },
    optIns: { purposes: ['marketing'], channels: ['email'] },
  });
  await requests.apply(id, { selection: { leads: 'all', rows: 'all' }, ...by });
  await restrict('HELD');
  await lift(await restrict('LIFTED'));
  await lift(before);
  expect(await statesOf(gateway.owner)).toMatchObject({
    ...{ HAND: 'withdrawn', ROW: 'withdrawn', ADDRESS: 'withdrawn', REFUSES: 'refused', SAME: 'withdrawn' },
    ...{ SINCE: 'withdrawn', AGAIN: 'granted', TWICE: 'granted' },
  });
  const { database, keys, oppositionKey } = gateway.app;
  const place = { database, sealKeys: keys.seal, oppositionKey, folder: join(folder, 'ledger') };
  while (await writeLedger(place));
  expect(linesText()).not.toMatch(/HAND|ROW|courriel|\+33|relais-cli/);
});

test('C44: restored, they are withdrawn and restricted again', async () => {
  made = await freshDatabase();
  const [name = ''] = readdirSync(join(folder, 'backups'));
  const at = {
    ...environment,
    ...{ RELAIS_MYSQL_URL: made.ownerUrl, RELAIS_MYSQL_OWNER_URL: made.ownerUrl },
    RELAIS_REDIS_PREFIX: made.name,
  };
  const terminal = terminalOf(at);
  const loaded = await terminal(
    ...['restore', 'load', join(folder, 'backups', name), '--identity', join(folder, 'backup.key')],
    // A word of it may be the name of one of thousands.
    ...['--ledger', join(folder, 'ledger'), '--reason', `disk of ${String(strangerRow('HAND').last_name)}`],
  );
  expect(loaded).toMatchObject({ code: 0 });
  expect(loaded.out).toMatch(/; 6 leads with a withdrawal or refusal again, 1 restricted\./);
  const owner = openDatabase({ url: made.ownerUrl, connections: 2 });
  const app = await openApp(loadConfig(at), { log: silentLog, restoring: true });
  there = { app, owner, relais: terminal };
  expect(await statesOf(owner)).toEqual({
    ...{ HAND: 'withdrawn', ROW: 'withdrawn', ADDRESS: 'withdrawn', REFUSES: 'refused', SAME: 'withdrawn' },
    // The yes that came since the backup is lost with it, and the no before it is not.
    ...{ AGAIN: 'withdrawn', TWICE: 'granted', HELD: 'granted', LIFTED: 'granted', BEFORE: 'granted' },
    LET: 'granted',
  });
  // The request for BEFORE is in the backup: whoever lifted it lifts it again.
  expect(await restrictedIn(owner)).toEqual(['BEFORE', 'HELD']);
  const events = await readConsents(owner, [await idOf('HAND')]);
  expect([...events.values()].flat().map(({ state }) => state)).toEqual([
    'granted',
    'withdrawn',
    'withdrawn',
  ]);
  expect(await owner.all("SELECT consents FROM lead_intake WHERE reference = 'REFUSED'")).toEqual([
    { consents: null },
  ]);
});

test('applied again, the ledger changes nothing', async () => {
  const { app, owner } = there;
  const everything = async (): Promise<readonly unknown[]> => [
    await owner.all('SELECT id, revision, consent_revision, restricted_at FROM leads ORDER BY id'),
    await owner.all('SELECT * FROM consents ORDER BY id'),
    await owner.all('SELECT * FROM oppositions ORDER BY digest, purpose, channel'),
    await owner.all('SELECT MAX(id) FROM handovers'),
  ];
  const before = await everything();
  const parts = ledgerParts(join(folder, 'ledger'), app.keys.seal);
  expect(await applyParts(parts)).toEqual({ erased: 0, gone: 0, rows: 0, withdrawn: 0, restricted: 0 });
  expect(await everything()).toEqual(before);
});

test('opened, the recipients get each withdrawal and no old yes', async () => {
  expect(await there.relais('restore', 'open', '--reason', 'looked at, ticket 90')).toMatchObject({
    code: 0,
  });
  await there.app.close();
  const app = await openApp(there.app.config, { log: silentLog });
  there = { ...there, app };
  crm.received.length = 0;
  // The sender repeats the lead that came in since the backup, and the yes that its person gave last.
  await take(there, yes('SINCE', { email: 'same@courriel.example', mobile: '+33639989999' }));
  await take(there, answer('AGAIN', 'AGAIN-yes', 'granted', ago(5)));
  expect(await statesOf(there.owner)).toMatchObject({ SINCE: 'withdrawn', AGAIN: 'granted' });
  roles.push(await startPlanner(app), await startWorker(app));
  await gateway.until('told', () =>
    ['HAND', 'ROW', 'ADDRESS', 'SAME'].every((one) => received(one).includes('PUT RETRAIT')),
  );
  await gateway.until('refused', () => received('REFUSES').includes('PUT NON'));
  await gateway.until('all ended', async () => {
    const open = await there.owner.all(
      "SELECT 1 FROM lead_changes UNION ALL SELECT 1 FROM deliveries WHERE state NOT IN ('delivered', 'failed', 'cancelled', 'withheld')",
    );
    return open.length === 0;
  });
  for (const one of ['HAND', 'ROW', 'ADDRESS', 'REFUSES', 'SAME', 'SINCE'])
    expect([one, received(one).filter((line) => line.endsWith('OUI'))]).toEqual([one, []]);
});

test('a line of the version before tells no answer: all are taken back; one of a version to come is read over', async () => {
  for (const role of roles.splice(0)) await role.stop();
  const { owner } = there;
  const [held, let_] = [await idOf('HELD'), await idOf('LET')];
  const line = { client: 'essai', at: new Date().toISOString() };
  const acts = [
    { ...line, act: 'withdrawn', lead: leadOf(held) },
    { ...line, act: 'of a version to come', lead: leadOf(let_) },
  ] as const;
  expect(await apply(acts as readonly Partial<LedgerLine>[])).toMatchObject({ withdrawn: 1 });
  expect(await apply(acts as readonly Partial<LedgerLine>[])).toMatchObject({ withdrawn: 0 });
  expect(await statesOf(owner)).toMatchObject({ HELD: 'withdrawn', LET: 'granted' });
});

test('a lead that is deleted again leaves its withdrawals on the opposition list', async () => {
  const { owner } = there;
  await owner.run('DELETE FROM oppositions');
  const at = new Date().toISOString();
  expect(
    await apply([{ client: 'essai', at, act: 'gone', lead: leadOf(await idOf('REFUSES')) }]),
  ).toMatchObject({ gone: 1 });
  expect(await owner.all('SELECT 1 FROM oppositions')).toEqual([]);
  expect(await apply([{ client: 'essai', at, act: 'gone', lead: leadOf(await idOf('HELD')) }])).toMatchObject(
    {
      gone: 1,
    },
  );
  expect(await owner.all('SELECT DISTINCT purpose, channel FROM oppositions')).not.toEqual([]);
});
