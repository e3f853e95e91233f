// README and docs: links lead somewhere, commands and options exist, tables say what the code says.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { relaisProgram } from '../../src/cli/program.ts';
import { variables } from '../../src/config.ts';
import { passwordFileOf } from '../../src/config/reader.ts';
import { catalogue } from '../../src/errors.ts';
import { readOptions } from '../../sandbox/demo/options.ts';
import { deliveryStates } from '../../src/domain/delivery.ts';
import { alertKinds } from '../../src/domain/alert-kinds.ts';
import { logEvents } from '../../src/log.ts';

const root = join(import.meta.dirname, '../..');
const names = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const pages = new Map(names.map((name) => [name, readFileSync(join(root, name), 'utf8')]));
const pageOf = (name: string): string => pages.get(name) ?? '';
const readme = pageOf('README.md');

/** As the forge makes them: lower case, punctuation gone, blanks become hyphens. */
const anchorsOf = (text: string): readonly string[] =>
  [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

test.each(names)('%s: every relative link leads to a file, and to a heading of it', (name) => {
  const broken = [...pageOf(name).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? join(root, name) : join(root, dirname(name), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
    });
  expect(broken).toEqual([]);
});

/** Words of every `relais ...` on a page: in shell blocks and between backticks. */
function commandsOn(text: string): readonly string[] {
  const lines = [...text.matchAll(/^ *```(?:sh|console)\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) =>
    block.split('\n'),
  );
  const inline = [
    ...text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`((?:npx )?relais [^`]+)`/g),
  ].map(([, one = '']) => one.replaceAll('\n', ' '));
  return [...lines, ...inline]
    .map((line) => line.replace(/\s#.*$/, '').trim())
    .filter((line) => /^(npx )?relais\b/.test(line))
    .map((line) => line.replace(/^(npx )?relais\s*/, ''));
}

/** What is wrong with a command line, or undefined: each word a command as deep as commands go, each option known there. */
function wrongWith(line: string): string | undefined {
  let at: Command = relaisProgram();
  const words = line.split(/\s+/).filter((word) => word !== '' && word !== '...');
  const path: string[] = [];
  for (const word of words) {
    if (word.startsWith('-') || at.commands.length === 0) break;
    // `destination list | suspend | resume` names several at one depth.
    const next = at.commands.find((one) => one.name() === word);
    if (next === undefined) return `${word} is no command of "relais ${path.join(' ')}"`;
    at = next;
    path.push(word);
  }
  const known = ['--help', ...at.options.flatMap((one) => [one.long ?? '', one.short ?? ''])];
  const unknown = [...line.replaceAll(/"[^"]*"/g, '').matchAll(/(?<=^|\s)(--[a-z-]+)/g)]
    .map(([, option = '']) => option)
    .filter((option) => !known.includes(option));
  return unknown.length === 0 ? undefined : `${unknown.join(' ')} is no option of "relais ${path.join(' ')}"`;
}

test('a command that does not exist would be seen', () => {
  expect(wrongWith('lead show X --client a')).toBeUndefined();
  expect(wrongWith('lead vanish')).toContain('vanish is no command');
  expect(wrongWith('lead show X --colour')).toContain('--colour is no option');
  expect(commandsOn('text `relais log\nverify`, and\n```sh\nnpx relais status # now\nls\n```\n')).toEqual([
    'status',
    'log verify',
  ]);
});

test.each(names)('%s: every relais command and option named exists', (name) => {
  const wrong = commandsOn(pageOf(name)).flatMap((line) => {
    const problem = wrongWith(line);
    return problem === undefined ? [] : [`${line}: ${problem}`];
  });
  expect(wrong).toEqual([]);
});

test('every command that the program names in its sentences exists', () => {
  const wrong = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(join(root, 'src', name), 'utf8').matchAll(/(?<![\w/.-])relais ([a-z-]+ [a-z-]+)/g),
    ])
    .map(([, words = '']) => words)
    .filter((words) => relaisProgram().commands.some((one) => one.name() === words.split(' ')[0]))
    .filter((words) => wrongWith(words) !== undefined);
  expect(wrong).toEqual([]);
});

test('README and guides show every group of commands that support, integrators and the officer use', () => {
  const guides = ['accounts', 'first-client', 'configuration', 'operations', 'rights', 'client'].map(
    (name) => `docs/${name}.md`,
  );
  const shown = [readme, ...guides.map(pageOf)].flatMap(commandsOn);
  for (const command of relaisProgram().commands.filter((one) => one.name() !== 'help'))
    expect([command.name(), shown.some((line) => line.split(' ')[0] === command.name())]).toEqual([
      command.name(),
      true,
    ]);
});

test.each(names)('%s: every npm script named exists', (name) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const used = [...pageOf(name).matchAll(/npm (?:run ([a-z:]+)|(test|start)\b)/g)].map(
    ([, script, short]) => script ?? short ?? '',
  );
  expect(used.filter((script) => scripts[script] === undefined)).toEqual([]);
});

test('the options of the demo named in the README exist', () => {
  for (const [, words = ''] of readme.matchAll(/npm run demo -- (--[^`#\n]+)/g))
    expect(() => readOptions(words.trim().split(/ +/))).not.toThrow();
});

test('the list of variables is that of the code, in its order', () => {
  const entries = pageOf('docs/configuration.md')
    .split('\n')
    .filter((line) => line.startsWith('- `RELAIS_'));
  expect(entries).toEqual(
    variables.map(
      (one) => `- \`${one.name}\`: ${one.meaning}${one.fallback ? ` [\`${one.fallback}\`]` : ''}`,
    ),
  );
});

test('every variable, state, alert and log event named on a page exists', () => {
  for (const text of pages.values()) {
    const known = variables.flatMap(({ name }) => [name, `${name}_FILE`, passwordFileOf(name)]);
    const named = [...text.matchAll(/\bRELAIS_[A-Z_]+[A-Z]\b/g)].map(([name]) => name);
    expect(named.filter((name) => !known.includes(name) && !name.startsWith('RELAIS_SECRET'))).toEqual([]);
  }
  for (const state of deliveryStates) expect(pageOf('docs/design.md')).toContain(`\`${state}\``);
  const operations = pageOf('docs/operations.md');
  const alerts = operations.slice(operations.indexOf('| alert |'), operations.indexOf('## Runbook'));
  expect([...alerts.matchAll(/^\| `([a-z_]+)`/gm)].map(([, kind]) => kind)).toEqual(alertKinds);
  const events = [
    ...operations.matchAll(/`((?:process|dispatch|delivery|alert|loop|store|service|intake)\.[a-z_]+)`/g),
  ];
  expect(events.length).toBeGreaterThan(3);
  for (const [, event = ''] of events) expect(logEvents as readonly string[]).toContain(event);
});

test('the runbook has a first step for every family of error codes, and for every alert', () => {
  const operations = pageOf('docs/operations.md');
  const section = operations.slice(
    operations.indexOf('### An error code'),
    operations.indexOf('### A lead is missing'),
  );
  const named = [...section.matchAll(/^\| ((?:`[A-Z]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([A-Z]+)`/g)].map(([, family = '']) => family),
  );
  const families = [...new Set(Object.keys(catalogue).map((code) => code.split('-')[0] ?? ''))];
  expect(named.toSorted((a, b) => a.localeCompare(b))).toEqual(
    families.toSorted((a, b) => a.localeCompare(b)),
  );
  const alerts = operations.slice(operations.indexOf('| alert |'), operations.indexOf('## Runbook'));
  for (const row of alerts.split('\n').filter((line) => line.startsWith('| `')))
    expect(row.split(' | ')[2]?.replace(/ \|$/, '').trim()).toMatch(/\w{6}/);
});

test('every folder of the map exists, and every folder of src is on it', () => {
  const map = [...`${readme}\n${pageOf('docs/house.md')}`.matchAll(/^\| `([a-z/-]+\/)` \|/gm)].map(
    ([, folder = '']) => folder,
  );
  expect(map.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  const inSource = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((one) => one.isDirectory())
    .map((one) => `src/${one.name}/`);
  expect(inSource.filter((folder) => !map.includes(folder))).toEqual([]);
});

test('every file of ours named between backticks exists', () => {
  for (const [name, text] of pages) {
    const missing = [...text.matchAll(/`((?:src|connectors|bin|test|docs)\/[\w./-]+\.[a-z]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(root, path)));
    expect([name, missing]).toEqual([name, []]);
  }
});
