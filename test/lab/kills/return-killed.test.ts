// C55: a return whose process is killed in the middle: nothing half stands under its name, and the same again completes it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { openDatabase } from '../../../src/store/database.ts';
import { environmentOf, terminalOf } from '../../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../../trip/gateway.ts';

const root = join(__dirname, '../../..');
let gateway: Gateway;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-return-'));
  gateway = await openGateway({ files: webhookFiles(1) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'n' });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const stateOf = async (): Promise<string | undefined> =>
  (await gateway.owner.all<{ state: string }>('SELECT state FROM client_closings'))[0]?.state;

test('C55: killed while it writes, nothing is returned and nothing can be deleted; the same again is whole', async () => {
  const leads = 150;
  await gateway.send(...Array.from({ length: leads }, (_, index) => strangerRow(`K-${index}`)));
  while ((await gateway.app.intake.acceptBatch(500)).taken > 0);
  const relais = terminalOf(environmentOf(gateway));
  await relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
    ...['--document', 'lettre de fin de contrat', '--covers', 'contract_end'],
  );
  const closed = await relais(
    ...['client', 'close', 'essai', '--instruction', '1', '--delete-on', '2199-01-31'],
    ...['--reason', 'end of contract', '--yes'],
  );
  expect(closed).toMatchObject({ code: 0 });
  const identity = await generateIdentity();
  const giveBack = [
    ...['client', 'close', 'essai', '--to', join(folder, 'out')],
    ...['--recipient', await identityToRecipient(identity)],
  ];
  const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  url.pathname = `/${gateway.app.database.name}`;
  const locker = openDatabase({ url: url.href, connections: 1 });
  // However fast it is, it stands still before its first lead.
  await locker.text('LOCK TABLES notices WRITE');
  const command = spawn(process.execPath, [join(root, 'src/cli/index.ts'), ...giveBack], {
    env: { PATH: process.env['PATH'] ?? '', ...environmentOf(gateway) },
    stdio: 'ignore',
  });
  const ended = once(command, 'exit') as Promise<[number | null, string | null]>;
  try {
    await gateway.until('its files are open', () => readdirSync(folder).length > 0);
    command.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
  } finally {
    await locker.close();
  }
  expect(existsSync(join(folder, 'out'))).toBe(false);
  expect(await stateOf()).toBe('closed');
  const refused = await relais('client', 'close', 'essai', '--delete', '--yes');
  expect(refused.err).toMatch(/CLIENT-001 .*nothing was returned/);

  expect(await relais(...giveBack)).toMatchObject({ code: 0 });
  expect(await stateOf()).toBe('returned');
  // What the first left behind is gone.
  expect(readdirSync(folder)).toEqual(['out']);
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const text = await decrypter.decrypt(readFileSync(join(folder, 'out', 'donnees.json.age')), 'text');
  expect((JSON.parse(text) as { leads: unknown[] }).leads).toHaveLength(leads);
});
