// relais audit export | verify: the pack as a file of the terminal, and its exit codes.
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let gateway: Gateway;
let relais: Relais;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-audit-cli-'));
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
  await relais('mapping', 'publish', 'essai-crm', '--note', 'first');
  await gateway.app.sealer.seal(100);
  writeFileSync(join(folder, 'keys.pem'), (await relais('proof', 'key')).out);
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const period = ['--from', '2026-01-01', '--until', '2099-12-31'];
const make = (...more: readonly string[]) =>
  relais('audit', 'export', '--client', 'essai', '--to', folder, ...period, ...more);
const name = 'relais-audit-essai-2026-01-01-2099-12-31.zip';
const key = (): readonly string[] => ['--key', join(folder, 'keys.pem')];

test('a pack is made under a name that says whose and when, for its owner alone, and never over another one', async () => {
  expect(await make()).toMatchObject({ code: 64, out: '' });
  expect((await make('--reason', 'appel au 06 39 98 00 01')).code).toBe(64);
  expect(
    (
      await relais(
        'audit',
        'export',
        '--client',
        'essai',
        '--to',
        folder,
        '--from',
        'hier',
        '--until',
        '2026-01-01',
        '--reason',
        'audit 7',
      )
    ).code,
  ).toBe(64);
  expect(await actionsOf(gateway, 'exported')).toEqual([]);
  const ran = await make('--reason', 'audit 7');
  expect(ran).toMatchObject({ code: 0, out: `${join(folder, name)}\n` });
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).toSorted()).toEqual(['keys.pem', name]);
  expect((await actionsOf(gateway, 'exported')).map(({ purpose, client }) => [purpose, client])).toEqual([
    ['audit 7', 'essai'],
  ]);
  expect(await make('--reason', 'audit 8')).toMatchObject({
    code: 64,
    err: expect.stringContaining('exists') as string,
  });
  expect((await actionsOf(gateway, 'exported')).length).toBe(1);
});

test('it is checked without database and configuration; --seals asks for the sealing key', async () => {
  const path = join(folder, name);
  const alone = terminalOf({});
  const ran = await alone('audit', 'verify', path, ...key());
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.out).toMatch(
    /^The pack verifies: client essai, 2026-01-01 to 2099-12-31, \d+ files, [1-9]\d* entries under 1 seals/,
  );
  expect(ran.err).toContain('--seals');
  const json = JSON.parse((await alone('audit', 'verify', path, '--json', ...key())).out) as object;
  expect(json).toMatchObject({ ok: true, client: 'essai', seals: 1 });
  expect((await relais('audit', 'verify', path, '--seals', ...key())).code).toBe(0);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('LISEZ-MOI') + 40] = (bytes[bytes.indexOf('LISEZ-MOI') + 40] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const broken = await alone('audit', 'verify', path, ...key());
  expect(broken).toMatchObject({ code: 1, out: '' });
  expect(broken.err).toMatch(/^AUDIT-001 relais-audit-essai.*\n→ /);
  expect((await alone('audit', 'verify', join(folder, 'nowhere.zip'), ...key())).err).toMatch(
    /^FIND-001 .*nowhere\.zip/,
  );
});
