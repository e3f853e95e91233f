// C36: a move that is killed after any step and repeated loses nothing and sends nothing twice, there and back.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { keysOf, openApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import { civilDate } from '../../../src/domain/civil-date.ts';
import { moveClient, type Moved, type MoveSide } from '../../../src/hosting/move.ts';
import { silentLog } from '../../../src/log.ts';
import { createSign } from '../../../src/privacy/macs.ts';
import { startPlanner } from '../../../src/roles/planner.ts';
import { startWorker } from '../../../src/roles/worker.ts';
import { openDatabase, type Database, type Sql } from '../../../src/store/database.ts';
import { insertIntakeRows } from '../../../src/store/intake/intake.ts';
import { findClosing, heldRows } from '../../../src/store/retention/closings.ts';
import { environmentOf, terminalOf, type Relais } from '../../cli/terminal.ts';
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { openGateway, patient, strangerRow, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { instanceHome, type InstanceHome } from '../../hosting/made.ts';

class Killed extends Error {}

let crm: HttpRecipient;
let gateway: Gateway;
let home: InstanceHome;
let shared: Record<string, string>;
let isAway = true;
const posted: Record<string, number> = {};

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = ({ method, body }, response) => {
    const { ref = '' } = (body.length === 0 ? {} : JSON.parse(String(body))) as { ref?: string };
    if (isAway && ref === 'K-WAITS') return void response.writeHead(503).end();
    if (method === 'POST') posted[ref] = (posted[ref] ?? 0) + 1;
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: `C-${ref}` }));
  };
  const files = Object.entries(patient(webhookFiles(crm.port))).map(([name, text]) => [
    name,
    // A refused one waits for longer than this test takes.
    text.replace('retry: [1s, 1s, 2s]\nmaxAge: 1h', 'retry: [5h, 5h]\nmaxAge: 1d'),
  ]);
  gateway = await openGateway({ files: Object.fromEntries(files) as Record<string, string> });
  const ownerUrl = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  ownerUrl.pathname = `/${gateway.app.database.name}`;
  shared = { ...environmentOf(gateway, { RELAIS_MYSQL_OWNER_URL: ownerUrl.href }) };
  home = await instanceHome(shared);
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(async () => {
  await gateway.close();
  await home.drop();
  await crm.close();
});

interface OwnSide extends MoveSide {
  readonly close: () => Promise<void>;
}

/** An installation under its owner's account, as `relais instance move` opens the one of `--to`. */
function ownSide(environment: Readonly<Record<string, string>>): OwnSide {
  const config = loadConfig(environment);
  const keys = keysOf(config);
  const database = openDatabase({
    ...{ url: config.mysql.ownerUrl ?? '', connections: 2, sign: createSign(keys.seal) },
  });
  return { database, keys, keysSchema: config.keysSchema, close: () => database.close() };
}

/** The same database, which calls `step` after each write that is committed. */
const stepping = (database: Database, step: () => void): Database => ({
  ...database,
  run: async (...asked) => {
    const done = await database.run(...asked);
    step();
    return done;
  },
  transaction: async <T>(work: (tx: Sql) => Promise<T>, options?: { undoIf: (done: T) => boolean }) => {
    const done = await database.transaction(work, options);
    step();
    return done;
  },
});

/**
 * Moves; the first try is killed after its first write, the next after its second, and from the beginning in each state of the closing.
 * @param meanwhile once the list of oppositions has been copied
 */
async function movedThroughKills(
  from: MoveSide,
  to: MoveSide,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<Moved & { readonly kills: number }> {
  let [state, after, isCopied] = ['', 0, false];
  for (let kills = 0; ; kills += 1) {
    const now = (await findClosing(from.database, 'essai'))?.state ?? 'open';
    [state, after] = [now, now === state ? after + 1 : 1];
    const there = await to.database.all('SELECT 1 FROM oppositions');
    if (!isCopied && there.length > 0) {
      isCopied = true;
      await meanwhile();
    }
    let left = after;
    const step = (): void => {
      left -= 1;
      if (left === 0) throw new Killed();
    };
    try {
      const moved = await moveClient({
        from: { ...from, database: stepping(from.database, step) },
        to: { ...to, database: stepping(to.database, step) },
        ...{ clientId: 'essai', instruction: 1, deleteOn: civilDate(from.database.now()) },
        ...{ reason: 'annexe 4', actor: 'tester', waitMs: 0, progress: () => undefined },
      });
      return { ...moved, kills };
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
}

/** Rows by table, without those of the intake, which wait. */
async function heldOf({ database }: Pick<MoveSide, 'database'>): Promise<Readonly<Record<string, number>>> {
  const { lead_intake: _, ...rows } = await heldRows(database, 'essai');
  return rows;
}

async function isDelivered(database: Database, ...references: readonly string[]): Promise<boolean> {
  const rows = await database.all<{ reference: string }>(
    "SELECT l.reference FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.state = 'delivered'",
  );
  return references.every((one) => rows.some(({ reference }) => reference === one));
}

const instruct = (relais: Relais) =>
  relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
    ...['--document', 'annexe 4', '--covers', 'hosting'],
  );

test('C36: killed after every step, there and back: nothing is lost, nothing is sent twice', async () => {
  const relais = terminalOf(shared);
  const first = [await startPlanner(gateway.app), await startWorker(gateway.app)];
  await gateway.send(
    strangerRow('K-DONE'),
    strangerRow('K-WAITS'),
    strangerRow('K-HELD', { consents: null }),
    strangerRow('K-ROW', { mobile: '06-none' }),
  );
  await gateway.until('delivered, waiting, withheld', async () => {
    const states = (await gateway.states()).map(({ reference, state }) => `${reference} ${state}`);
    return states.toSorted().join() === 'K-DONE delivered,K-HELD withheld,K-WAITS waiting';
  });
  for (const role of first) await role.stop();
  for (const name of ['k-8', 'k-9'])
    await relais(
      ...['opposition', 'add', '--client', 'essai', '--email', `${name}@courriel.example`],
      ...['--purpose', 'marketing', '--channel', 'email', '--reason', 'ticket 12'],
    );
  await home.create('essai');
  await instruct(relais);
  const own = home.environment('essai');
  mkdirSync(join(home.folder, 'etc', 'essai', 'mappings', 'presets'), { recursive: true });

  // A system that goes on sending here: its rows are carried over once.
  await gateway.send(strangerRow('K-LATE'));
  const there = ownSide(own);
  const from: MoveSide = { ...gateway.app, keysSchema: gateway.config.keysSchema };
  // What ends by itself meanwhile does not come back there.
  const moved = await movedThroughKills(from, there, async () => {
    await gateway.owner.run('DELETE FROM oppositions ORDER BY digest LIMIT 1');
  });
  expect(moved).toMatchObject({ leads: 3 });
  expect(moved.kills).toBeGreaterThan(15);
  const held = await heldOf(there);
  expect(held).toEqual(await heldOf(gateway.app));
  expect(held).toMatchObject({ oppositions: 1 });
  await there.close();

  isAway = false;
  const app = await openApp(loadConfig(own), { log: silentLog });
  const terminal = terminalOf(own);
  try {
    await app.database.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
    const second = [await startPlanner(app), await startWorker(app)];
    await gateway.until('all has left from there', () => isDelivered(app.database, 'K-WAITS', 'K-LATE'));
    for (const role of second) await role.stop();
    expect(await app.sealer.verify()).toMatchObject({ ok: true });

    expect(await relais('client', 'close', 'essai', '--delete', '--yes')).toMatchObject({ code: 0, err: '' });
    const third = [await startPlanner(gateway.app)];
    await gateway.until('deleted here', async () =>
      Object.values(await heldRows(gateway.app.database, 'essai')).every((rows) => rows === 0),
    );
    for (const role of third) await role.stop();

    const leads = await heldOf(app);
    await insertIntakeRows(app.database, [strangerRow('K-BACK')]);
    const here = ownSide(shared);
    const back = await movedThroughKills({ ...app, keysSchema: app.config.keysSchema }, here);
    expect(back).toMatchObject({ leads: 4 });
    expect(back.kills).toBeGreaterThan(15);
    expect(await heldOf(here)).toEqual(leads);
    await here.close();
    await gateway.start('planner', 'worker');
    await gateway.until('taken in and delivered as before', () =>
      isDelivered(gateway.app.database, 'K-BACK'),
    );
    expect(posted).toEqual({ 'K-DONE': 1, 'K-WAITS': 1, 'K-LATE': 1, 'K-BACK': 1 });
    expect(await gateway.app.sealer.verify()).toMatchObject({ ok: true });
    expect(
      await gateway.owner.all("SELECT 1 FROM alerts WHERE kind = 'moved_rows' AND closed_at IS NULL"),
    ).toEqual([]);
    expect(await terminal('log', 'verify')).toMatchObject({ code: 0 });
  } finally {
    await app.close();
  }
});
