// Exit codes of every command, without any server: help is 0, not understood 64, configuration 78, not found 1.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { allOf, relaisProgram } from '../../src/cli/program.ts';
import { terminalOf } from './terminal.ts';

const relais = terminalOf({});
const pathOf = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...pathOf(command.parent), command.name()];
const all = allOf(relaisProgram());
const groups = all
  .filter((one) => one.commands.length > 0)
  .map((one) => [pathOf(one).join(' '), one] as const);
const leaves = all
  .filter((one) => one.commands.length === 0)
  .map((one) => [pathOf(one).join(' '), one] as const);
const home = process.cwd();
const elsewhere = mkdtempSync(join(tmpdir(), 'relais-exits-'));

// Away from the project: a sandbox that runs in it would answer for the missing configuration.
beforeAll(() => process.chdir(elsewhere));
afterAll(() => {
  process.chdir(home);
  rmSync(elsewhere, { recursive: true, force: true });
});

test('every command the operators are promised is there', () => {
  expect(leaves.map(([name]) => name).toSorted()).toEqual(
    [
      ...['audit export', 'audit verify', 'backup rotate', 'backup run', 'backup test'],
      ...['breach', 'register page', 'security check'],
      ...[
        'instance create',
        'instance move',
        'reader add',
        'reader end',
        'reader list',
        'restore load',
        'restore open',
      ],
      ...['statistics accounts', 'statistics export', 'statistics remove', 'statistics run'],
      ...['authorisation grant', 'authorisation list', 'authorisation revoke', 'cancel', 'config'],
      ...['alert list', 'completion', 'delivery resolve', 'keys rotate', 'keys status'],
      ...['bulk cancel', 'bulk list', 'bulk resume', 'bulk show'],
      ...['opposition add', 'opposition check', 'preset list', 'preset show', 'preset try'],
      ...[
        'client anomalies',
        'client check',
        'client close',
        'retention run',
        'request access',
        'request acknowledge',
        'request answer',
        'request apply',
        'request close',
        'request copy',
        'request declare-informed',
        'request extend',
        'request lift',
        'request list',
        'request open',
        'request show',
        'retention list',
        'account add',
        'account end',
        'account list',
        'account permissions',
        'account reset',
        'account roles',
      ],
      ...['api-key add', 'api-key end', 'api-key list', 'instruction list', 'instruction record'],
      ...['operation list', 'operation record', 'retention plan'],
      ...['lookups', 'person export'],
      ...['mail list', 'mail send', 'note list', 'note show'],
      ...['proof key', 'proof list', 'proof page', 'proof show', 'proof verify'],
      ...['redis adopt', 'redis show', 'task close', 'task list'],
      ...[
        'delivery archive',
        'delivery list',
        'delivery show',
        'destination backfill',
        'destination list',
        'destination resume',
        'destination discard-file',
        'destination release-file',
      ],
      ...['destination send-file', 'destination suspend', 'destination test', 'lead erase', 'lead find'],
      ...[
        'lead import',
        'lead refusals',
        'lead show',
        'lead replan',
        'lead retry',
        'lead withdraw',
        'log anchor',
        'log archive',
        'log verify',
        'log verify-archive',
      ],
      ...[
        'mapping check',
        'mapping coverage',
        'mapping diff',
        'mapping history',
        'mapping new',
        'mapping preview',
        'mapping publish',
        'mapping rollback',
        'mapping send',
        'mapping spec',
        'mapping test',
      ],
      ...['migrate', 'replay', 'start', 'status'],
    ].toSorted(),
  );
});

test.each([['', relaisProgram()] as const, ...groups, ...leaves])(
  'relais %s --help ends with 0',
  async (name, command) => {
    const ran = await relais(...name.split(' ').filter((word) => word !== ''), '--help');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/^Usage: relais/);
    expect(command.description().length).toBeGreaterThan(10);
  },
);

test.each(groups)(
  'relais %s alone shows its commands, each with a description, and ends with 64',
  async (name, group) => {
    const ran = await relais(...name.split(' '));
    expect(ran).toMatchObject({ code: 64, out: '' });
    for (const one of group.commands) {
      expect(one.description()).not.toBe('');
      expect(ran.err).toContain(one.name());
    }
    expect(await relais(...name.split(' '), 'nonsense')).toMatchObject({
      code: 64,
      err: expect.stringMatching(/^USAGE-001 unknown command 'nonsense'/) as string,
    });
  },
);

test.each(leaves)('relais %s with an option nobody knows ends with 64', async (name) => {
  const ran = await relais(...name.split(' '), '--nonsense', 'x');
  expect(ran).toMatchObject({ code: 64, out: '' });
  expect(ran.err).toMatch(/^USAGE-001 /);
});

const reason = ['--reason', 'ticket 1'];
const commands: readonly (readonly [argv: readonly string[], takesReason: boolean])[] = [
  [['status'], false],
  [['config'], false],
  [['migrate'], false],
  [['lead', 'find', '--reference', 'X'], false],
  [['lead', 'show', 'X', '--client', 'x'], false],
  [['lead', 'refusals'], false],
  [['lead', 'import', 'x.csv'], false],
  [['lead', 'withdraw', 'X', '--client', 'x'], true],
  [['lead', 'replan', '--client', 'x'], true],
  [['lead', 'retry', '12'], true],
  [['lead', 'erase', 'X', '--client', 'x', '--identity', 'seen', '--yes'], true],
  [['delivery', 'list'], false],
  [['delivery', 'show', '1'], false],
  [['replay', '1'], true],
  [['cancel', '1'], true],
  [['destination', 'list'], false],
  [['destination', 'suspend', 'x'], true],
  [['destination', 'resume', 'x'], true],
  [['destination', 'release-file', 'x'], true],
  [['destination', 'discard-file', 'x'], true],
  [['destination', 'test', 'x'], false],
  [['destination', 'backfill', 'x', '--since', '1d'], true],
  [['destination', 'send-file', 'x'], true],
  [['authorisation', 'list'], false],
  [['authorisation', 'grant', 'x', '--recipient', 'X', '--document', 'contract 1'], false],
  [['authorisation', 'revoke', '1'], true],
  [['mapping', 'rollback', 'x', '1'], true],
  [['mapping', 'history', 'x'], false],
  [['mapping', 'publish', 'x', '--note', 'ticket 1'], false],
  [['audit', 'export', '--client', 'x', '--from', '2026-01-01', '--until', '2026-01-31', '--to', '.'], true],
  [['log', 'verify'], false],
  [['log', 'anchor'], false],
];

test.each(commands)(
  '%j without configuration ends with 78 and names what is missing',
  async (argv, takesReason) => {
    const ran = await relais(...argv, ...(takesReason ? reason : []));
    expect(ran).toMatchObject({ code: 78, out: '' });
    expect(ran.err).toMatch(/^CONFIG-001 [^]*RELAIS_MYSQL_URL[^]*\n→ Correct every variable/);
  },
);

test.each(commands.filter(([, takesReason]) => takesReason))(
  '%j asks for its reason before anything else, and refuses one that names a person',
  async (argv) => {
    const none = await relais(...argv);
    expect(none).toMatchObject({
      code: 64,
      out: '',
      err: expect.stringMatching(/^USAGE-002 Say why/) as string,
    });
    for (const named of ['zoe.lefevre@courriel.example wants it', 'called from 06 39 98 01 23']) {
      const ran = await relais(...argv, '--reason', named);
      expect(ran).toMatchObject({
        code: 64,
        out: '',
        err: expect.stringMatching(/^USAGE-001 --reason/) as string,
      });
      expect(ran.err).not.toMatch(/zoe|39 98/);
    }
  },
);

test('a note or an author that names a person is refused too', async () => {
  const publish = ['mapping', 'publish', 'x'];
  for (const more of [
    ['--note', 'asked by dpo@essai.example'],
    ['--note', 'asked by Essai', '--author', 'anne@essai.example'],
  ])
    expect(await relais(...publish, ...more)).toMatchObject({ code: 64, out: '' });
});

test.each([
  [['start'], 64, 'started by bin/relais.mjs'],
  [
    ['backup', 'test', '--identity', 'x', '--server', '/usr/sbin/mysqld'],
    64,
    'mysql://user:password@host:port',
  ],
  [['backup', 'test', '--identity', 'x', '--server', 'db:3306'], 64, 'mysql://user:password@host:port'],
  [['start', 'worker'], 64, 'started by bin/relais.mjs'],
  [['mapping', 'rollback', 'x', 'first', ...reason], 64, '"first" is not a whole number'],
  [['mapping', 'publish', 'x', '--all', '--note', 'ticket 1'], 64, 'Name one destination, or say --all'],
  [['authorisation', 'revoke', '3x', ...reason], 64, '"3x" is not a whole number'],
  [
    ['authorisation', 'grant', 'x', '--recipient', 'X', '--document', 'c', '--until', 'soon'],
    64,
    'is not a date',
  ],
  [['destination', 'backfill', 'x', ...reason], 64, '--since'],
  [['lead', 'withdraw', 'X', '--client', 'x', '--purpose', 'fun', ...reason], 64, '"fun" is not a purpose'],
  [['lead', 'show', 'X'], 64, '--client'],
  [['log', 'verify', '--anchor', '12:short'], 64, 'An anchor looks like'],
  [
    ['log', 'verify', '--anchor-file', '/nowhere/anchor'],
    1,
    'FIND-001 /nowhere/anchor cannot be read (ENOENT)',
  ],
  [['mapping', 'check', 'nowhere', '--dir', '/nowhere'], 1, 'FIND-001'],
] as const)('%j ends with %i', async (argv, code, message) => {
  const ran = await relais(...argv);
  expect(ran).toMatchObject({ code, out: '' });
  expect(ran.err).toContain(message);
  expect(ran.err).not.toMatch(/\n\s+at /);
});
