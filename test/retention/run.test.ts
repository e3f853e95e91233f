// C30 to C34: what is due goes, in steps, and nothing is left that leads back to it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { raiseAlerts, raiseBroken } from '../../src/store/alerts/alerts.ts';
import { recordInstruction, recordOperation } from '../../src/retention/register.ts';
import { createRetention, type Retention } from '../../src/retention/run.ts';
import { addressDigests } from '../../src/domain/opposition.ts';
import type { Database, Sql } from '../../src/store/database.ts';
import { silentLog } from '../../src/log.ts';
import { keepFormerAddresses } from '../../src/store/people/oppositions.ts';
import { runningRuns } from '../../src/store/retention/retention-items.ts';
import { keep, leftOf } from './kept.ts';

let gateway: Gateway;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-proofs-'));
  gateway = await openGateway({ files: webhookFiles(1), environment: { RELAIS_PHONE_PROOFS_DIR: folder } });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await recordOperation(gateway.app.database, {
    clientId: 'essai',
    code: 'OP-A',
    kind: 'one_off',
    endsOn: '2026-09-30',
    recordedBy: 'tester',
  });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const oneOff = { operation: 'OP-A', operation_kind: 'one_off' };
const phoneGrant = JSON.stringify([
  {
    purpose: 'marketing',
    channel: 'phone',
    state: 'granted',
    recordedAt: '2026-08-01T10:00:00Z',
    wordingVersion: 'tel-3',
    legalEntity: 'ESSAI PROMOTION SAS',
  },
]);

/** As on a day of our choice. */
const on = (
  today: string,
  place: { folder: string | undefined } = { folder },
  database = gateway.app.database,
): Retention =>
  createRetention({
    database,
    secrets: gateway.app.secrets,
    oppositionKey: gateway.app.oppositionKey,
    phoneProofs: { ...place, recipient: undefined },
    log: silentLog,
    today: () => today,
  });

async function run(today: string, place?: { folder: string | undefined }) {
  const retention = on(today, place);
  return retention.finish(await retention.begin('essai', 'tester'));
}

/** Every table and column that names a lead or a delivery. */
async function traces(): Promise<readonly string[]> {
  const columns = await gateway.owner.all<{ name: string; col: string; place: string }>(
    `SELECT TABLE_NAME AS name, COLUMN_NAME AS col, TABLE_SCHEMA AS place FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA IN (?, ?) AND (COLUMN_NAME LIKE '%lead_id' OR COLUMN_NAME LIKE '%delivery_id') AND TABLE_NAME <> 'handovers'`,
    [gateway.app.database.name, `${gateway.app.database.name}_keys`],
  );
  expect(columns.length).toBeGreaterThan(15);
  const found: string[] = [];
  for (const { name, col, place } of columns) {
    const rows = await gateway.owner.all(
      `SELECT 1 FROM \`${place}\`.\`${name}\` WHERE \`${col}\` > 0 LIMIT 1`,
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

test('C30: leads of an ended operation are deleted on their day, and not before', async () => {
  await keep(gateway, {
    'A-1': { collected: '2026-08-01', over: oneOff },
    'A-2': { collected: '2026-08-02', over: oneOff },
  });
  for (const clientId of ['essai', 'autre'])
    await raiseBroken(gateway.app.database, {
      clientId,
      destinationId: '',
      step: 'RETENTION',
      code: 'TYPE_ERROR',
    });
  expect(await run('2026-11-29')).toMatchObject({ state: 'done', found: 0 });
  expect(await leftOf(gateway)).toEqual(['A-1', 'A-2']);
  // Planned and not sent: cancelled with it, once the planner has been.
  expect(await run('2026-11-30')).toMatchObject({ found: 2, purged: 2, kept: 0 });
  expect(await leftOf(gateway)).toEqual([]);
  // Their changes are still to be planned: the shells wait for that.
  const [planner] = await gateway.start('planner');
  await gateway.until('all gone', async () => {
    await gateway.owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
    return (
      (await gateway.owner.all('SELECT 1 FROM leads UNION ALL SELECT 1 FROM erasures_unwritten')).length === 0
    );
  });
  // It goes by the real calendar, and the days of these tests are made up.
  await planner?.stop();
  expect(await traces()).toEqual([]);
  const entries = await gateway.owner.all<{ entry: string; reason: string }>(
    "SELECT entry, reason FROM handovers WHERE entry IN ('purged', 'erased', 'retention_run') ORDER BY id",
  );
  await gateway.until(
    'run ended',
    async () =>
      (await gateway.owner.all("SELECT 1 FROM retention_runs WHERE state = 'running'")).length === 0,
  );
  expect(
    await gateway.owner.all(
      "SELECT client_id AS client, closed_at IS NULL AS isOpen FROM alerts WHERE reason LIKE 'RETENTION:%' ORDER BY id",
    ),
  ).toEqual([
    { client: 'essai', isOpen: 0 },
    { client: 'autre', isOpen: 1 },
  ]);
  expect(entries.filter(({ entry }) => entry === 'purged')).toHaveLength(2);
  expect(entries.filter(({ entry }) => entry === 'erased')).toEqual([]);
});

test('C30: refused rows of an operation go with its leads, on their day and not before', async () => {
  await keep(gateway, { 'RO-1': { collected: '2026-08-01', over: oneOff } });
  await gateway.send(
    strangerRow('RO-2', { ...oneOff, channel: 'nonsense' }),
    strangerRow('RO-3', { channel: 'nonsense' }),
  );
  await gateway.app.intake.acceptBatch(10);
  // It came while the operation went on.
  await gateway.owner.run(
    "UPDATE lead_intake SET operation = 'OP-A', status = 'refused' WHERE reference = 'RO-2'",
  );
  const refused = async (): Promise<readonly string[]> =>
    (
      await gateway.owner.all<{ reference: string }>(
        "SELECT reference FROM lead_intake WHERE status = 'refused' AND reference LIKE 'RO-%' ORDER BY reference",
      )
    ).map(({ reference }) => reference);
  await run('2026-11-29');
  expect(await refused()).toEqual(['RO-2', 'RO-3']);
  await run('2026-11-30');
  expect(await refused()).toEqual(['RO-3']);
});

test('C30: the client is handed its proofs of phone consent first; without a place for them nothing is deleted', async () => {
  await keep(gateway, {
    'P-1': { collected: '2026-08-01', over: { ...oneOff, consents: phoneGrant, last_name: '=Formule' } },
    'P-2': { collected: '2026-08-01', over: oneOff },
  });
  await raiseAlerts(gateway.app.database, [
    { kind: 'proofs_not_handed_over', clientId: 'autre', reason: 'EACCES' },
  ]);
  expect(await run('2026-12-01', { folder: undefined })).toMatchObject({ state: 'running', purged: 1 });
  expect(await leftOf(gateway)).toEqual(['P-1']);
  expect(
    await gateway.owner.all("SELECT reason FROM alerts WHERE kind = 'proofs_not_handed_over' ORDER BY id"),
  ).toEqual([{ reason: 'EACCES' }, { reason: 'NO_FOLDER' }]);
  await gateway.owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
  await on('2026-12-01').step();
  expect(await leftOf(gateway)).toEqual([]);
  const [csv = '', json = ''] = readdirSync(join(folder, 'essai')).sort();
  expect(csv).toMatch(/^preuves-2026-12-01-\d+-1\.csv$/);
  expect(readFileSync(join(folder, 'essai', csv), 'utf8')).toContain("'=Formule");
  expect(JSON.parse(readFileSync(join(folder, 'essai', json), 'utf8'))).toMatchObject([
    {
      reference: 'P-1',
      reponse: 'granted',
      version_du_texte: 'tel-3',
      entite_juridique: 'ESSAI PROMOTION SAS',
    },
  ]);
  const logged = await gateway.owner.all<{ file: string; reason: string }>(
    "SELECT file_name AS file, reason FROM handovers WHERE entry = 'proofs_handed_over'",
  );
  expect(logged.map(({ file, reason }) => [file, reason])).toEqual([
    [`essai/${csv}`, 'leads:1 consents:1'],
    [`essai/${json}`, 'leads:1 consents:1'],
  ]);
});

test('C30: a person who goes takes the refused rows under a former address along', async () => {
  await keep(gateway, { 'FA-1': { collected: '2026-08-01', over: oneOff } });
  const [lead] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'FA-1'");
  const digests = addressDigests(gateway.app.oppositionKey, 'essai', { email: 'ancienne@courriel.example' });
  await keepFormerAddresses(
    gateway.owner,
    digests.map((digest) => ({ leadId: lead?.id ?? 0, clientId: 'essai', digest })),
  );
  for (const email of ['ancienne@courriel.example', 'autre@courriel.example'])
    await gateway.owner.run(
      `INSERT INTO lead_intake (client_id, reference, email, status, refusal, settled_at)
       VALUES ('essai', ?, ?, 'refused', '[]', UTC_TIMESTAMP(3))`,
      [`FA-${email}`, email],
    );
  await run('2026-11-30');
  expect(
    await gateway.owner.all(
      "SELECT email FROM lead_intake WHERE reference LIKE 'FA-%' AND status = 'refused'",
    ),
  ).toEqual([{ email: 'autre@courriel.example' }]);
});

test('C30: the refused rows of all persons of a step are read once; those of a person with another lead stay', async () => {
  const [gone, stays] = ['+33639980071', '+33639980072'];
  const leaving = { collected: '2026-08-01', over: { ...oneOff, email: null } };
  const withPhone = (mobile: string) => ({ ...leaving, over: { ...leaving.over, mobile } });
  await keep(gateway, {
    ...{ 'RR-1': withPhone(gone), 'RR-2': withPhone(gone), 'RR-3': withPhone(stays) },
    'RR-4': { collected: '2023-12-15', over: { email: null, mobile: stays } },
  });
  for (const mobile of [gone, stays])
    await gateway.owner.run(
      `INSERT INTO lead_intake (client_id, reference, mobile, status, refusal, settled_at)
       VALUES ('essai', ?, ?, 'refused', '[]', UTC_TIMESTAMP(3))`,
      [`RR-${mobile}`, mobile],
    );
  const { database } = gateway.app;
  let readings = 0;
  const counted = (tx: Sql): Sql => ({
    ...tx,
    all: (sql, values) => {
      readings += Number(/AS bytes FROM lead_intake/.test(sql));
      return tx.all(sql, values);
    },
  });
  const transaction: Database['transaction'] = (work, options) =>
    database.transaction((tx) => work(counted(tx)), options);
  const retention = on('2026-11-30', { folder }, { ...database, transaction });
  await retention.finish(await retention.begin('essai', 'tester'));
  expect(await leftOf(gateway)).toEqual(['RR-4']);
  expect(readings).toBe(1);
  expect(
    await gateway.owner.all(
      "SELECT mobile FROM lead_intake WHERE reference LIKE 'RR-+%' AND status = 'refused'",
    ),
  ).toEqual([{ mobile: stays }]);
  await run('2027-01-01');
  expect(await leftOf(gateway)).toEqual([]);
});

test('C30: a refused row of a person with another lead stays, whichever of the leads that go shares its address', async () => {
  const leaving = { collected: '2026-08-01', over: { ...oneOff, email: null, mobile: null } };
  const withOver = (over: object) => ({ ...leaving, over: { ...leaving.over, ...over } });
  const [chain, former] = ['+33639980081', '+33639980082'];
  await keep(gateway, {
    'RP-1': withOver({ mobile: chain }),
    'RP-2': withOver({ mobile: chain, email: 'rp@courriel.example' }),
    'RP-3': { collected: '2023-12-15', over: { email: 'rp@courriel.example', mobile: null } },
    'RP-4': withOver({ mobile: '+33639980083' }),
    'RP-5': withOver({ mobile: former, email: 'rp@courriel.example' }),
  });
  const [had] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'RP-4'");
  await keepFormerAddresses(
    gateway.owner,
    addressDigests(gateway.app.oppositionKey, 'essai', { mobile: former }).map((digest) => ({
      ...{ leadId: had?.id ?? 0, clientId: 'essai', digest },
    })),
  );
  const refused = (): Promise<readonly unknown[]> =>
    gateway.owner.all("SELECT mobile FROM lead_intake WHERE reference LIKE 'RP-+%' ORDER BY id");
  for (const mobile of [chain, former])
    await gateway.owner.run(
      `INSERT INTO lead_intake (client_id, reference, mobile, status, refusal, settled_at)
       VALUES ('essai', ?, ?, 'refused', '[]', UTC_TIMESTAMP(3))`,
      [`RP-${mobile}`, mobile],
    );
  await run('2026-11-30');
  expect(await leftOf(gateway)).toEqual(['RP-3']);
  expect(await refused()).toEqual([{ mobile: chain }, { mobile: former }]);
  await run('2027-01-01');
});

test('C21: a refused row that an open request covers stays when a lead with its address goes', async () => {
  const mobile = '+33639980092';
  await keep(gateway, { 'RO-9': { collected: '2026-08-01', over: { ...oneOff, email: null, mobile } } });
  await gateway.owner.run(
    `INSERT INTO lead_intake (client_id, reference, mobile, status, refusal, settled_at)
     VALUES ('essai', 'RO-ROW', ?, 'refused', '[]', UTC_TIMESTAMP(3))`,
    [mobile],
  );
  const asked = { clientId: 'essai', kind: 'erasure', references: ['RO-ROW'], identity: 'seen' } as const;
  const { id } = await gateway.app.requests.open({ ...asked, actor: 'tester' });
  await run('2026-11-30');
  expect(await leftOf(gateway)).toEqual([]);
  expect(await gateway.owner.all("SELECT 1 FROM lead_intake WHERE reference = 'RO-ROW'")).toHaveLength(1);
  const done = await gateway.app.requests.apply(id, {
    selection: { leads: [], rows: 'all' },
    actor: 'tester',
  });
  expect(done.rows).toBe(1);
  expect(await gateway.owner.all("SELECT 1 FROM lead_intake WHERE reference = 'RO-ROW'")).toEqual([]);
});

test('C21: a refused row under a restriction of its own stays when a lead with its address goes', async () => {
  const mobile = '+33639980091';
  const over = { ...oneOff, email: null, mobile };
  await keep(gateway, { 'RW-1': { collected: '2026-08-01', over } });
  await gateway.owner.run(
    `INSERT INTO lead_intake (client_id, reference, mobile, status, refusal, settled_at)
     VALUES ('essai', 'RW-ROW', ?, 'refused', '[]', UTC_TIMESTAMP(3))`,
    [mobile],
  );
  const asked = { clientId: 'essai', kind: 'restriction', references: ['RW-ROW'] } as const;
  const { id } = await gateway.app.requests.open({ ...asked, actor: 'tester' });
  await gateway.app.requests.apply(id, { selection: { leads: 'all', rows: 'all' }, actor: 'tester' });
  await run('2026-11-30');
  expect(await leftOf(gateway)).toEqual([]);
  expect(await gateway.owner.all("SELECT 1 FROM lead_intake WHERE reference = 'RW-ROW'")).toHaveLength(1);
});

test('C53: who has waived the proofs in writing is handed none', async () => {
  await keep(gateway, { 'W-1': { collected: '2026-08-01', over: { ...oneOff, consents: phoneGrant } } });
  const common = {
    clientId: 'essai',
    givenOn: '2026-11-02',
    givenBy: 'Mme Exemple',
    document: 'courrier',
    recordedBy: 'tester',
  };
  await recordInstruction(gateway.app.database, { ...common, covers: ['proofs'], operation: 'OP-Z' });
  await run('2026-12-01', { folder: undefined });
  expect(await leftOf(gateway)).toEqual(['W-1']);
  await recordInstruction(gateway.app.database, { ...common, covers: ['proofs'], operation: 'OP-A' });
  await gateway.owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
  await on('2026-12-01', { folder: undefined }).step();
  expect(await leftOf(gateway)).toEqual([]);
});

test('C33: who comes back before the day is kept, and the run says so', async () => {
  await keep(gateway, { 'B-1': { collected: '2023-03-15', over: { mobile: '+33639984444' } } });
  const retention = on('2026-03-15');
  const id = await retention.begin('essai', 'tester');
  await keep(gateway, { 'B-2': { collected: '2026-03-01', over: { mobile: '+33639984444' } } });
  expect(await retention.finish(id)).toMatchObject({ found: 1, kept: 1, anonymised: 0, state: 'done' });
  expect(await leftOf(gateway)).toEqual(['B-1', 'B-2']);
  expect(await run('2028-01-01')).toMatchObject({ anonymised: 1 });
  expect(await leftOf(gateway)).toEqual(['B-2']);
  expect(await run('2029-03-01')).toMatchObject({ anonymised: 1 });
});

test('C21: what is restricted is not deleted, however old; lifted, it goes', async () => {
  await keep(gateway, {
    'L-1': { collected: '2026-08-01', over: oneOff },
    'L-2': { collected: '2026-08-01', over: oneOff },
  });
  const { requests } = gateway.app;
  const by = { actor: 'tester' };
  const { id } = await requests.open({ clientId: 'essai', kind: 'restriction', references: ['L-1'], ...by });
  await requests.apply(id, { selection: { leads: ['L-1'], rows: 'all' }, ...by });
  const { id: runId } = (await run('2027-06-01')) ?? { id: 0 };
  expect(await leftOf(gateway)).toEqual(['L-1']);
  expect(
    await gateway.owner.all('SELECT waits_for AS reason FROM retention_items WHERE run_id = ?', [runId]),
  ).toContainEqual({ reason: 'restricted' });
  // Nothing of it has its turn: no step looks into it.
  const inTurn = async (): Promise<boolean> =>
    (await runningRuns(gateway.app.database)).some((one) => one.id === runId);
  expect(await inTurn()).toBe(false);
  await requests.lift(id, { ...by, evidence: 'letter of 2026-12-10' });
  expect(await inTurn()).toBe(true);
  await on('2027-06-01').step();
  expect(await leftOf(gateway)).toEqual([]);
});

test('C21: what a request speaks of is not deleted before it is answered; that nobody closed it yet keeps nothing', async () => {
  await keep(gateway, { 'L-9': { collected: '2026-08-01', over: oneOff } });
  const { requests } = gateway.app;
  const by = { actor: 'tester' };
  const { id } = await requests.open({ clientId: 'essai', kind: 'access', references: ['L-9'], ...by });
  const { id: runId } = (await run('2027-06-01')) ?? { id: 0 };
  expect(await leftOf(gateway)).toEqual(['L-9']);
  expect(
    await gateway.owner.all('SELECT waits_for AS reason FROM retention_items WHERE run_id = ?', [runId]),
  ).toContainEqual({ reason: 'right_open' });
  await requests.answered(id, { ...by, evidence: 'letter of 2026-12-10', identity: 'card seen' });
  await gateway.owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
  await on('2027-06-01').step();
  expect(await leftOf(gateway)).toEqual([]);
});
