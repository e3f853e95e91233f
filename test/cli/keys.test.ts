// The two keys: recognised before anything starts, changed beside the traffic, whatever is interrupted on the way.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openApp, type App } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { startProcess } from '../trip/process.ts';
import { environmentOf, terminalOf } from './terminal.ts';

let gateway: Gateway;
const apps: App[] = [];

async function openInstallation(): Promise<void> {
  gateway = await openGateway({ files: webhookFiles(9) });
  await run({}, 'mapping', 'publish', 'essai-crm', '--note', 'first');
}
async function closeInstallation(): Promise<void> {
  for (const app of apps.splice(0)) await app.close();
  await gateway.close();
}
/** Each test of the group has an installation of its own. */
function eachAnew(): void {
  beforeEach(openInstallation);
  afterEach(closeInstallation);
}

const base64 = (key: Buffer): string => key.toString('base64');
const fresh = (): string => base64(randomBytes(32));
type Over = Readonly<Record<string, string>>;
/** The environment of a process that was given the new master key beside the old one. */
const withNewMaster = (key: string): Over => ({
  RELAIS_MASTER_KEY: key,
  RELAIS_MASTER_KEY_PREVIOUS: base64(gateway.config.masterKey),
});
const withNewSeal = (key: string): Over => ({
  RELAIS_SEAL_KEY: key,
  RELAIS_SEAL_KEY_PREVIOUS: base64(gateway.config.sealKey),
});
const run = (over: Over, ...argv: readonly string[]) => terminalOf(environmentOf(gateway, over))(...argv);
const open = async (over: Over = {}): Promise<App> => {
  const app = await openApp(loadConfig({ ...environmentOf(gateway, over) }), { log: silentLog });
  apps.push(app);
  return app;
};
const collected = new Date('2026-10-01T10:00:00Z');
const row = (number: number) => leadRow(`LG-${number}`, { collected_at: collected });
async function leads(app: App, from: number, count: number): Promise<void> {
  await gateway.send(...Array.from({ length: count }, (_, index) => row(from + index)));
  while ((await app.intake.acceptBatch(10)).taken > 0);
}
const leadIds = async (): Promise<readonly number[]> =>
  (await gateway.owner.all<{ id: number }>('SELECT id FROM leads ORDER BY id')).map((row) => row.id);
/** Every secret opens in this process, and is the same as before. */
async function readableIn(app: App): Promise<readonly string[]> {
  const ids = await leadIds();
  expect(ids.length).toBeGreaterThan(0);
  const secrets = await app.secrets.read(app.database, ids);
  expect(secrets.size).toBe(ids.length);
  return [...secrets.values()].map((secret) => secret.toString('hex'));
}

describe('a wrong key starts nothing', () => {
  // Nothing of it changes.
  beforeAll(openInstallation);
  afterAll(closeInstallation);
  const wrong = {
    master: { RELAIS_MASTER_KEY: fresh() },
    seal: { RELAIS_SEAL_KEY: fresh() },
  };
  test.each(
    (['all', 'planner', 'worker'] as const).flatMap((role) => [
      { role, purpose: 'master' as const },
      { role, purpose: 'seal' as const },
    ]),
  )('relais start $role with a wrong $purpose key ends with KEY-002 and never becomes ready', async (one) => {
    const started = startProcess(gateway, one.role, wrong[one.purpose]);
    await expect(started.exit).resolves.toBe(78);
    expect(started.output()).toContain(`KEY-002 RELAIS_${one.purpose.toUpperCase()}_KEY is not the key`);
    expect(started.output()).not.toContain('process.started');
  });
  test.each([
    ['status'],
    ['log', 'verify'],
    ['log', 'anchor'],
    ['lead', 'find', '--reference', 'LG-1', '--reason', 'ticket 1'],
    ['delivery', 'list'],
    ['mapping', 'publish', 'essai-crm', '--note', 'first'],
    ['keys', 'status'],
    ['keys', 'rotate', 'seal'],
    ['log', 'archive', '--before', '2026-01', '--to', '/tmp/nowhere'],
  ])('relais %s %s does nothing under a wrong key', async (...argv) => {
    const before = await gateway.owner.all('SELECT id FROM handovers');
    for (const over of [wrong.master, wrong.seal]) {
      const ran = await run(
        { ...over, RELAIS_MYSQL_OWNER_URL: gateway.config.mysql.gatewayUrl },
        ...argv.filter((word) => word !== ''),
      );
      expect(ran.err).toMatch(/^KEY-002 RELAIS_(MASTER|SEAL)_KEY is not the key of this database/m);
      expect(ran).toMatchObject({ code: 78, out: '' });
    }
    expect(await gateway.owner.all('SELECT id FROM handovers')).toEqual(before);
  });
});

describe('an installation from before there were check values', () => {
  eachAnew();
  /** What an older version left: no key is known, nothing is signed, seals name no key. */
  async function older(): Promise<void> {
    await leads(gateway.app, 1, 3);
    await gateway.owner.run('DELETE FROM installation_keys');
    await gateway.owner.run('DELETE FROM wrapped_keys');
    await gateway.owner.run("UPDATE handovers_unsealed SET key_id = '', mac = ''");
    await gateway.owner.run(`UPDATE ${gateway.config.keysSchema}.lead_secrets SET key_id = ''`);
  }
  test('takes its keys at the first start when they prove right, and seals what was never signed', async () => {
    await older();
    const app = await open();
    await expect(app.sealer.verify()).resolves.toMatchObject({ ok: true, unsealed: 0, seals: 1 });
    await readableIn(app);
    // From here on nothing without a signature is sealed, not even after the check values are gone again.
    await leads(app, 4, 1);
    await run({}, 'lead', 'find', '--reference', 'LG-1', '--reason', 'ticket 1');
    await app.sealer.seal(100);
    await gateway.owner.run(
      "INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(6), 'departed', 'essai')",
    );
    const [forged] = await gateway.owner.all<{ id: number }>('SELECT MAX(id) AS id FROM handovers');
    await gateway.owner.run("INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, '', '')", [
      forged?.id ?? 0,
    ]);
    await gateway.owner.run('DELETE FROM installation_keys');
    const again = await open();
    await again.sealer.seal(100);
    await expect(again.sealer.verify()).resolves.toMatchObject({
      problem: { kind: 'entry_forged', entry: forged?.id },
    });
  });
  test('does not take a wrong key', async () => {
    await older();
    await expect(open({ RELAIS_MASTER_KEY: fresh() })).rejects.toMatchObject({ code: 'KEY-002' });
    expect(await gateway.owner.all('SELECT 1 FROM installation_keys')).toEqual([]);
    // A sealing key can only be told where something was sealed.
    await open();
    await gateway.owner.run('DELETE FROM installation_keys');
    await expect(open({ RELAIS_SEAL_KEY: fresh() })).rejects.toMatchObject({ code: 'KEY-002' });
  });
});

describe('the master key is changed', () => {
  eachAnew();
  test('and the command is killed in the middle of it: both processes read all, run again it ends', async () => {
    await leads(gateway.app, 1, 4);
    const before = await readableIn(gateway.app);
    // Two thousand secrets more, so that there is a middle.
    const { createLeadSecrets } = await import('../../src/store/secrets.ts');
    const secrets = createLeadSecrets({
      masterKeys: gateway.app.keys.master,
      keysSchema: gateway.config.keysSchema,
    });
    await secrets.create(
      gateway.owner,
      Array.from({ length: 2_000 }, (_, index) => 10_000 + index),
    );
    const over = withNewMaster(fresh());
    const child = spawn(process.execPath, ['src/cli/index.ts', 'keys', 'rotate', 'master'], {
      env: { PATH: process.env['PATH'] ?? '', ...environmentOf(gateway, over) },
      stdio: 'ignore',
    });
    const gone = new Promise((done) => child.on('exit', done));
    const table = `${gateway.config.keysSchema}.lead_secrets`;
    const old = gateway.app.keys.master.current().id;
    const under = async (id: string): Promise<number> =>
      (await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE key_id = ?`, [id]))[0]
        ?.n ?? 0;
    // It has begun; the wait for the other processes keeps it from its end.
    await gateway.until('some written anew', async () => (await under(old)) < 2_004);
    child.kill('SIGKILL');
    await gone;
    const app = await open(over);
    // A process that has not looked yet writes on under the old key.
    await secrets.create(gateway.owner, [20_000]);
    expect(await readableIn(app)).toEqual(before);
    const { RELAIS_MASTER_KEY_PREVIOUS: _, ...alone } = over;
    await expect(open(alone)).rejects.toMatchObject({ code: 'KEY-003' });
    expect((await run(over, 'keys', 'rotate', 'master', '--wait', '0')).code).toBe(0);
    expect(await under(old)).toBe(0);
    expect(await readableIn(await open(alone))).toEqual(before);
  });

  test('beside the traffic: all stays readable, and afterwards the old one is needed by nothing', async () => {
    await leads(gateway.app, 1, 4);
    const before = await readableIn(gateway.app);
    const over = withNewMaster(fresh());
    // Given both keys, a process goes on writing with the old one until the new one is brought in.
    const both = await open(over);
    await leads(both, 5, 1);
    expect((await readableIn(gateway.app)).slice(0, 4)).toEqual(before);
    const ran = await run(over, 'keys', 'rotate', 'master', '--wait', '0');
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toContain('5 secrets of leads and 0 files written anew');
    const { RELAIS_MASTER_KEY_PREVIOUS: _, ...alone } = over;
    const later = await open(alone);
    expect((await readableIn(later)).slice(0, 4)).toEqual(before);
    // A row already taken in is known again: its digest outlives the key.
    await gateway.send(row(1));
    await later.intake.acceptBatch(10);
    expect(await leadIds()).toHaveLength(5);
    expect(await gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'refused'")).toEqual([]);
    await expect(open()).rejects.toMatchObject({ code: 'KEY-002' });
    expect((await run(alone, 'keys', 'status')).out).toMatch(/retired .*no .*nothing/);
  });

  test('and interrupted half-way: all is readable with both keys, without the old one nothing starts, run again it ends', async () => {
    await leads(gateway.app, 1, 4);
    const before = await readableIn(gateway.app);
    const over = withNewMaster(fresh());
    const { RELAIS_MASTER_KEY_PREVIOUS: _, ...alone } = over;
    // What a killed command leaves: the new key is registered, and two of four secrets stand under it.
    await run(over, 'keys', 'rotate', 'master', '--wait', '0');
    const [newest] = await gateway.owner.all<{ id: string }>(
      "SELECT key_id AS id FROM installation_keys WHERE purpose = 'master' AND generation = 2",
    );
    const old = gateway.app.keys.master.current();
    await gateway.owner.run("UPDATE installation_keys SET retired_at = NULL WHERE purpose = 'master'");
    const { sealBytes } = await import('../../src/domain/keyed.ts');
    for (const [index, id] of (await leadIds()).slice(2).entries())
      await gateway.owner.run(
        `UPDATE ${gateway.config.keysSchema}.lead_secrets SET wrapped = ?, key_id = ? WHERE lead_id = ?`,
        [sealBytes(old.bytes, Buffer.from(before[index + 2] ?? '', 'hex')), old.id, id],
      );
    const app = await open(over);
    expect(await readableIn(app)).toEqual(before);
    expect(app.keys.master.current().id).toBe(newest?.id);
    await expect(open(alone)).rejects.toMatchObject({ code: 'KEY-003' });
    expect((await run(over, 'keys', 'status')).out).toContain('2 secrets of leads');
    const ran = await run(over, 'keys', 'rotate', 'master', '--wait', '0');
    expect(ran.out).toContain('2 secrets of leads and 0 files written anew');
    expect(await readableIn(await open(alone))).toEqual(before);
  });

  test('the bytes of a file that is not accepted yet are written anew with it', async () => {
    const { keepBytes, readBytes } = await import('../../src/store/files/kept-bytes.ts');
    await gateway.owner.run(
      "INSERT INTO batches (client_id, destination_id, slot_at, state, due_at) VALUES ('essai', 'essai-fichier', UTC_TIMESTAMP(3), 'open', UTC_TIMESTAMP(3))",
    );
    const bytes = Buffer.from('ref;nom\n1;Lefèvre\n');
    const facts = {
      fileName: 'a.csv',
      mediaType: 'text/csv',
      extension: 'csv',
      rows: 1,
      mappingVersionId: 1,
    };
    await gateway.app.database.transaction((tx) =>
      keepBytes(tx, gateway.app.keys.master, { id: 1, writtenAt: new Date(), ...facts }, bytes),
    );
    const over = withNewMaster(fresh());
    expect((await run(over, 'keys', 'rotate', 'master', '--wait', '0')).out).toContain(
      '1 files written anew',
    );
    const { RELAIS_MASTER_KEY_PREVIOUS: _, ...alone } = over;
    const later = await open(alone);
    await expect(readBytes(later.database, later.keys.master, 1)).resolves.toEqual(bytes);
  });
});

describe('a running process was not given the new key', () => {
  eachAnew();
  test.each(['master', 'seal'] as const)('rotate %s names it and changes nothing', async (purpose) => {
    const key = fresh();
    const over = purpose === 'master' ? withNewMaster(key) : withNewSeal(key);
    const started = [startProcess(gateway, 'worker'), startProcess(gateway, 'planner', over)];
    const living = (): Promise<readonly { name: string }[]> =>
      gateway.owner.all("SELECT name FROM processes WHERE role IN ('planner', 'worker') ORDER BY role DESC");
    try {
      await gateway.until('both alive', async () => (await living()).length === 2);
      const [worker, planner] = await living();
      const known = await gateway.owner.all('SELECT * FROM installation_keys');
      const refused = await run(over, 'keys', 'rotate', purpose, '--wait', '0');
      expect(refused.err).toMatch(/^KEY-004 /m);
      expect(refused.err).toContain(`worker ${worker?.name}`);
      expect(refused.err).not.toContain(planner?.name);
      expect(refused).toMatchObject({ code: 78, out: '' });
      expect(await gateway.owner.all('SELECT * FROM installation_keys')).toEqual(known);
      started[0]?.child.kill('SIGTERM');
      await started[0]?.exit;
      expect(await run(over, 'keys', 'rotate', purpose, '--wait', '0')).toMatchObject({ code: 0 });
    } finally {
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.all(started.map(({ exit }) => exit));
    }
  });
});

describe('the sealing key is changed', () => {
  eachAnew();
  test('a chain that crosses the change verifies, with entries signed by both at the same time', async () => {
    await gateway.app.sealer.seal(100);
    const over = withNewSeal(fresh());
    const both = await open(over);
    const old = gateway.app;
    expect((await run(over, 'keys', 'rotate', 'seal')).code).toBe(0);
    // One process has looked and signs with the new key, the other still signs with the old one.
    both.keys.seal.writeWith(both.keys.seal.keys[0]?.id ?? '');
    for (const app of [old, both, old, both])
      await app.database.transaction(async (tx) => {
        const { appendHandovers } = await import('../../src/store/log/handovers.ts');
        await appendHandovers(tx, [{ entry: 'suspended', clientId: 'essai', actor: 'Sophie' }]);
      });
    // The old one seals what it can prove; what the new one signed waits for who knows that key.
    await old.sealer.seal(100);
    await both.sealer.seal(100);
    await old.sealer.seal(100);
    await expect(both.sealer.verify()).resolves.toMatchObject({ ok: true, unsealed: 0 });
    const { RELAIS_SEAL_KEY_PREVIOUS: _, ...alone } = over;
    const ran = await run(alone, 'log', 'verify');
    expect(ran.err).toContain('made with a key that is not configured here (key_missing, seal 1)');
    expect((await run(over, 'log', 'verify')).out).toMatch(/^The log verifies/);
    expect((await run(over, 'keys', 'status')).out).toMatch(/seal .*earlier .*seals 1 to \d+/);
    expect(
      await gateway.owner.all("SELECT 1 FROM handovers WHERE entry = 'key_changed' AND reason LIKE 'seal:%'"),
    ).toHaveLength(1);
  });
});
