// C36: a move that was broken off goes on after what happened meanwhile: nobody who left here is there, nobody comes back, nothing stays.
import { keysOf, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { civilDate } from '../../src/domain/civil-date.ts';
import { moveClient, type Move, type Moved } from '../../src/hosting/move.ts';
import { silentLog } from '../../src/log.ts';
import { createSign } from '../../src/privacy/macs.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { heldRows } from '../../src/store/retention/closings.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { instanceHome, type InstanceHome } from './made.ts';

let gateway: Gateway;
let home: InstanceHome;
let relais: Relais;
let there: Database;
let move: Move;

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  const ownerUrl = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  ownerUrl.pathname = `/${gateway.app.database.name}`;
  const shared = environmentOf(gateway, { RELAIS_MYSQL_OWNER_URL: ownerUrl.href });
  home = await instanceHome(shared);
  relais = terminalOf(shared);
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const [planner] = await gateway.start('planner');
  await gateway.send(...['R-1', 'R-2', 'R-3'].map((name) => strangerRow(name)));
  await gateway.until('planned', async () => (await gateway.states()).length === 3);
  await planner?.stop();
  expect(await home.create('essai')).toMatchObject({ code: 0 });
  await relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
    ...['--document', 'annexe 4', '--covers', 'hosting'],
  );
  const target = loadConfig(home.environment('essai'));
  const keys = keysOf(target);
  there = openDatabase({ url: target.mysql.ownerUrl ?? '', connections: 2, sign: createSign(keys.seal) });
  move = {
    from: { database: gateway.app.database, keysSchema: gateway.config.keysSchema, keys: gateway.app.keys },
    to: { database: there, keysSchema: target.keysSchema, keys },
    clientId: 'essai',
    instruction: 1,
    deleteOn: civilDate(gateway.app.database.now()),
    reason: 'annex 4',
    actor: 'tester',
    waitMs: 10_000,
    progress: () => undefined,
  };
});
afterAll(async () => {
  await there.close();
  await gateway.close();
  await home.drop();
});

const killedAt = (table: string): Promise<Moved> =>
  moveClient({
    ...move,
    progress: (name) => {
      if (name === table) throw new Error('killed');
    },
  });
const idOf = async (reference: string): Promise<number> =>
  (await gateway.owner.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [reference]))[0]?.id ??
  0;
const personsThere = async (): Promise<readonly string[]> =>
  (
    await there.all<{ reference: string }>(
      'SELECT l.reference FROM prospects p JOIN leads l ON l.id = p.lead_id WHERE p.email IS NOT NULL ORDER BY l.reference',
    )
  ).map(({ reference }) => reference);
const secretsThere = async (id: number): Promise<number> =>
  (await there.all(`SELECT 1 FROM \`${move.to.keysSchema}\`.lead_secrets WHERE lead_id = ?`, [id])).length;

test('C36: a person whom retention deletes here, between two tries, is deleted there too', async () => {
  await expect(killedAt('oppositions')).rejects.toThrow('killed');
  expect(await personsThere()).toEqual(['R-1', 'R-2', 'R-3']);
  const [gone, blank] = [await idOf('R-1'), await idOf('R-2')];
  // R-1 has gone wholly; of R-2 the row of the lead is left.
  await gateway.owner.run('UPDATE leads SET collected_at = ? WHERE id IN (?, ?)', [
    new Date('2015-06-01T10:00:00Z'),
    gone,
    blank,
  ]);
  await gateway.owner.run("UPDATE deliveries SET state = 'delivered' WHERE lead_id = ?", [gone]);
  await gateway.owner.run("UPDATE deliveries SET state = 'pending' WHERE lead_id = ?", [blank]);
  const run = await gateway.app.retention.begin('essai', 'tester');
  await gateway.app.retention.finish(run);
  // The third is under a restriction, and has an erasure that no recipient could be told of.
  const held = await idOf('R-3');
  await gateway.owner.run('UPDATE leads SET restricted_at = UTC_TIMESTAMP(3) WHERE id = ?', [held]);
  await gateway.owner.run(
    "UPDATE deliveries SET action = 'erase', state = 'failed', reason = 'manual' WHERE lead_id = ?",
    [held],
  );
  await moveClient(move);
  expect(await personsThere()).toEqual(['R-3']);
  expect([await secretsThere(gone), await secretsThere(held)]).toEqual([0, 1]);
});

test('C36: a row that was carried before a kill is not taken in a second time', async () => {
  await gateway.owner.run(
    "INSERT INTO lead_intake (client_id, reference, kind, status) SELECT client_id, 'R-4', 'lead', 'moved' FROM leads WHERE reference = 'R-3'",
  );
  const broken = {
    ...move.from.database,
    transaction: () => Promise.reject(new Error('killed')),
  } as unknown as Database;
  await expect(moveClient({ ...move, from: { ...move.from, database: broken } })).rejects.toThrow('killed');
  await there.run("UPDATE lead_intake SET status = 'accepted' WHERE reference = 'R-4' AND status = 'new'");
  expect(await moveClient(move)).toMatchObject({ waiting: 1 });
  expect(await there.all("SELECT status FROM lead_intake WHERE reference = 'R-4'")).toEqual([
    { status: 'accepted' },
  ]);
});

test('C36 C55: the former place deletes a lead under a restriction too, and one with an open right: they go on elsewhere', async () => {
  expect(await relais('client', 'close', 'essai', '--delete', '--yes')).toMatchObject({ code: 0 });
  await gateway.start('planner');
  await gateway.until('deleted here', async () =>
    Object.values(await heldRows(gateway.app.database, 'essai')).every((rows) => rows === 0),
  );
  expect(await personsThere()).toEqual(['R-3']);
  const app = await openApp(loadConfig(home.environment('essai')), { log: silentLog });
  expect(await app.sealer.verify()).toMatchObject({ ok: true });
  await app.close();
});
