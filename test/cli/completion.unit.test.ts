// The completion script, run by a real bash: commands, options and closed lists of values.
import { execFileSync } from 'node:child_process';
import { scriptOf } from '../../src/cli/completion.ts';
import { allOf, relaisProgram } from '../../src/cli/program.ts';

const script = scriptOf('bash', relaisProgram());

function completed(...words: readonly string[]): readonly string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const program = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _relais; printf '%s\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['--norc', '-c', program], { encoding: 'utf8' }).trim().split('\n');
}

test.each([
  [['relais', 'dest'], ['destination']],
  [
    ['relais', 'task', ''],
    ['list', 'close', '--help'],
  ],
  [
    ['relais', 'destination', 's'],
    ['suspend', 'send-file'],
  ],
  [['relais', 'delivery', 'list', '--st'], ['--state']],
  [['relais', 'delivery', 'list', '--json', '--state', 'wi'], ['withheld']],
  [
    ['relais', 'delivery', 'show', '4711', '--lang', ''],
    ['fr', 'en'],
  ],
  [
    ['relais', 'completion', ''],
    ['bash', 'zsh', '--help'],
  ],
])('%j', (words, expected) => expect(completed(...words)).toEqual(expected));

test('every command and every option of it is known', () => {
  for (const command of allOf(relaisProgram()))
    for (const { long } of command.options) expect(script).toContain(long);
});

test('zsh reads the same', () =>
  expect(scriptOf('zsh', relaisProgram())).toMatch(/^#compdef relais\n.*bashcompinit/));
