// The systemd units: that of one client's installation is the other, with its own settings and folder.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const linesOf = (name: string): readonly string[] =>
  readFileSync(join(root, 'systemd', name), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'));

test('C36: an installation for one client runs confined as the shared one, with its own settings and folder', () => {
  const shared = linesOf('relais.service');
  const own = linesOf('relais@.service');
  expect(own.filter((line) => !shared.includes(line))).toEqual([
    'Description=Relais lead gateway of %i',
    'EnvironmentFile=/etc/relais/instances/%i/relais.env',
    'ReadWritePaths=-/var/lib/relais/instances/%i',
  ]);
  expect(own).toHaveLength(shared.length);
  expect(own).toContain('ProtectSystem=strict');
});

test('the program they start is the one of the packages, which npm 9.2 puts into no node_modules/.bin', () => {
  const start = linesOf('relais.service').find((line) => line.startsWith('ExecStart=')) ?? '';
  const command = /^ExecStart=\/bin\/sh -c '(exec .*) start all'$/.exec(start)?.[1] ?? '';
  expect(command).toContain(' bin/relais.mjs');
  expect(command).not.toContain('.bin/node');
  const node = spawnSync('/bin/sh', ['-c', command.replace('bin/relais.mjs', '--version')], { cwd: root });
  expect(String(node.stdout)).toMatch(/^v24\./);
});

test('units, image and `npm start` give the gateway one heap of the C library, and few young objects', () => {
  const heaps = ['MALLOC_ARENA_MAX=1', 'NODE_OPTIONS=--max-semi-space-size=16'];
  for (const name of ['systemd/relais.service', 'systemd/relais@.service', 'Dockerfile', 'package.json'])
    for (const one of heaps) expect(readFileSync(join(root, name), 'utf8')).toContain(one);
  expect(readFileSync(join(root, 'docker-compose.yml'), 'utf8')).toMatch(
    /NODE_OPTIONS: .*--max-semi-space-size=16$/m,
  );
});
