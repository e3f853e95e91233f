// relais mapping test and coverage: each test of a file with what came of it; what a mapping leaves out.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { terminalOf } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'relais-test-'));
const relais = terminalOf({ RELAIS_MAPPINGS_DIR: folder });
const main = join(folder, 'horizon', 'crm.yaml');
let whole = '';
beforeAll(() => {
  cpSync(join(import.meta.dirname, '..', '..', 'mappings'), folder, { recursive: true });
  whole = readFileSync(main, 'utf8');
});
afterEach(() => writeFileSync(main, whole));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every test of every file is told, and all of ours pass', async () => {
  const ran = await relais('mapping', 'test');
  expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(/^\d+ passed, 0 failed\.\n$/) as string });
  expect(ran.out).toContain('horizon-crm\n  ✓ samples/durand\n  ✓ samples/sans-opt-in → opt_in_missing\n');
  expect(ran.out).toContain('  ✓ answer 201 → accepted\n');
});

test('one that fails is told at its line, the others still run, exit code 1', async () => {
  writeFileSync(main, whole.replace('contact.nom: DURAND', 'contact.nom: Durand'));
  const ran = await relais('mapping', 'test', 'horizon-crm');
  expect([ran.code, ran.err]).toEqual([1, '6 passed, 1 failed.\n']);
  expect(ran.out).toMatch(/ {2}✕ samples\/durand\n {4}\S+crm\.yaml:\d+:\d+ {2}MAP-801 /);
  const lines = (await relais('mapping', 'test', 'horizon', '--json')).out.trim().split('\n');
  const tests = lines.map((line) => JSON.parse(line) as { ok: boolean; test: string });
  expect(tests.filter((one) => !one.ok).map((one) => one.test)).toEqual(['samples/durand']);
});

test('a mapping with errors runs no test and fails', async () => {
  writeFileSync(main, whole.replace('identity.lastName', 'identity.lastNam'));
  const ran = await relais('mapping', 'test', 'horizon-crm');
  expect([ran.code, ran.err]).toEqual([1, '0 passed, 1 failed.\n']);
  expect(ran.out).toContain('MAP-201');
  expect((await relais('mapping', 'test', 'nowhere')).err).toMatch(/^FIND-001 /);
});

test('coverage without a database: fields never sent, maps, opt-in', async () => {
  const { out, code } = await relais('mapping', 'coverage', 'horizon-crm');
  expect(code).toBe(0);
  expect(out).toMatch(/identity\.address\.line1 +identity\n/);
  expect(out).toMatch(/financial\.rent +financial +not in the contract\n/);
  expect(out).toMatch(/marketing +phone +RGPD_TEL +-\n/);
  const data = JSON.parse((await relais('mapping', 'coverage', 'horizon-crm', '--json')).out) as {
    leads: number;
  };
  expect(data.leads).toBe(0);
});

describe('spec', () => {
  test('prints the document of the file, marked as not published', async () => {
    const { out, code } = await relais('mapping', 'spec', 'horizon-crm');
    expect(code).toBe(0);
    expect(out).toMatch(/^# Transmission des leads à Horizon Promotion\n/);
    expect(out).toContain('| Version | projet, non publié |');
    expect(out).toContain(
      '| `RGPD_TEL` | texte | prospection par téléphone | `OUI` | `NON` | `NON` | `NON` |',
    );
  });

  test('as a page in a file, never over another', async () => {
    const page = join(folder, 'horizon.html');
    const command = [
      'mapping',
      'spec',
      'horizon-crm',
      '--format',
      'html',
      '--out',
      page,
      '--centre',
      'Appels & Cie',
    ];
    expect(await relais(...command)).toMatchObject({ code: 0, out: '' });
    expect(readFileSync(page, 'utf8')).toContain('<h3>Pour Appels &amp; Cie</h3>');
    expect(await relais(...command)).toMatchObject({
      code: 64,
      err: expect.stringContaining('exists') as string,
    });
  });
});
