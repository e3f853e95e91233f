// An installation without the sandbox, such as the container's: its commands say what is missing.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'relais-without-'));
beforeAll(() => {
  for (const name of ['src', 'connectors', 'mappings', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a command that needs it names it, with what to do', () => {
  const words = ['mapping', 'send', 'horizon-crm', '--sandbox', '--local'];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/index.ts', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(
    /^SERVICE-002 .*folder sandbox\/.*in a checkout, after npm ci\. Or declare.*\n→ Install what the message names/,
  );
});

test('no command loads the sandbox but by that door', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8').replaceAll(/import type [^;]*;/g, ''));
  const all = files.flatMap((text) => [...text.matchAll(/(\w+\(\s*)?import\('(?:\.\.\/)+sandbox\//g)]);
  expect(all.length).toBeGreaterThanOrEqual(6);
  expect(all.filter(([, door]) => door?.trim() !== 'ofSandbox(')).toEqual([]);
  expect(files.filter((text) => /from '(?:\.\.\/)+sandbox\//.test(text))).toEqual([]);
});
