// `-` as a file on the command line, and a folder that cannot be written: no server is needed for either.
import { spawnSync } from 'node:child_process';
import fs, { createReadStream, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { terminalOf, type Ran } from './terminal.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'relais.mjs');
const environment = {
  PATH: process.env['PATH'] ?? '',
  RELAIS_ENV: 'development',
  RELAIS_MYSQL_URL: 'mysql://relais:x@127.0.0.1:1/relais',
  RELAIS_REDIS_URL: 'redis://127.0.0.1:1',
  RELAIS_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
  RELAIS_SEAL_KEY: Buffer.alloc(32, 2).toString('base64'),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-named-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const relais = (input: string, ...words: readonly string[]) =>
  spawnSync(process.execPath, [program, ...words], {
    input,
    cwd: folder,
    env: { ...environment, TMPDIR: folder },
    encoding: 'utf8',
  });

const good = 'horizon;CSV-1;web_form;2026-01-05T10:15:00+01:00;Martin;a.martin@courriel.example';
const header = 'client_id;reference;channel;collected_at;last_name;email';

test('`lead import -` reads standard input whole; rejected rows alone go to standard output, and nothing is left behind', () => {
  const ran = relais(
    `${header}\n${good}\n${good.replace('web_form', 'fax')}\n`,
    'lead',
    'import',
    '-',
    '--dry-run',
  );
  expect(ran.stderr).toContain('csv, utf-8');
  expect(ran.stderr).toContain('1 good, 1 rejected of 2');
  expect(ran.stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(ran.stdout).toContain(';fax;');
  expect(ran.status).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

/** The same in this process, which is quicker. */
async function inHere(input: string, ...words: readonly string[]): Promise<Ran> {
  const file = join(folder, 'input');
  writeFileSync(file, input);
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {};
  Object.defineProperty(process, 'stdin', {
    configurable: true,
    value: createReadStream(file, { fd: openSync(file, 'r') }),
  });
  try {
    return await terminalOf(environment)(...words);
  } finally {
    Object.defineProperty(process, 'stdin', stdin);
    rmSync(file);
  }
}

test('with --rejects they go to that file, and the summary to standard output', async () => {
  const to = join(folder, 'bad.csv');
  const input = `${header}\n${good.replace('web_form', 'fax')}\n`;
  const ran = await inHere(input, 'lead', 'import', '-', '--dry-run', '--rejects', to);
  expect(ran.out).toContain(to);
  expect(readdirSync(folder)).toEqual(['bad.csv']);
});

test.each([
  [['mapping', 'new', 'essai', '-', '--to', 'https://crm.essai.example/leads'], '{"nom": "Martin"}', 0],
  [['log', 'verify', '--anchor-file', '-'], 'no anchor', 64],
  [['log', 'verify', '--anchor', '-'], 'no anchor', 64],
  [['log', 'verify-archive', '-'], 'no archive', 1],
  [['proof', 'verify', '-', '--key', program], 'no proof', 1],
  [['audit', 'verify', '-', '--key', program], 'no pack', 1],
] as const)('%j reads standard input', async (words, input, code) => {
  const ran = await inHere(input, ...words, ...(words[0] === 'mapping' ? ['--dir', folder] : []));
  expect(`${ran.out}${ran.err}`).not.toMatch(/ENOENT|FIND-001|INTERNAL/);
  expect(ran.code).toBe(code);
});

test('a folder on a read-only disk is not said to be absent, as Node has it', async () => {
  const spies = [
    jest.spyOn(fs, 'mkdirSync').mockImplementation((path, options) => {
      const code = options === undefined ? 'EROFS' : 'ENOENT';
      throw Object.assign(new Error(code), { code, path, syscall: 'mkdir' });
    }),
  ];
  try {
    const ran = await terminalOf({})(
      ...['mapping', 'new', 'essai', 'nom;email', '--to', 'https://crm.essai.example/leads', '--dir', folder],
    );
    expect(ran.err).toContain(`FILE-001 ${join(folder, 'essai')} cannot be written (EROFS).`);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
});

test.each(['EROFS', 'ENOSPC'])('a folder that cannot be written is said by its name: %s', async (code) => {
  const error = Object.assign(new Error(code), { code, path: '/app/mappings/essai' });
  const refuses = jest.spyOn(fs, 'mkdirSync').mockImplementation(() => {
    throw error;
  });
  try {
    const ran = await terminalOf({})(
      ...['mapping', 'new', 'essai', 'nom;email', '--to', 'https://crm.essai.example/leads', '--dir', folder],
    );
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(`FILE-001 /app/mappings/essai cannot be written (${code}).`);
  } finally {
    refuses.mockRestore();
  }
});
