// relais completion bash | zsh: prints a shell's completion of commands, options and closed lists of values.
// Invariant: made from the argument parser's own commands, so that it is complete.
import { Argument, type Command as AnyCommand } from 'commander';
import type { Command } from './command.ts';
import { out } from './terminal.ts';

const shells = ['bash', 'zsh'] as const;
type Shell = (typeof shells)[number];

export function completionCommands(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .examples(
      'Put it where your shell looks, once after each upgrade.',
      'relais completion bash > /etc/bash_completion.d/relais',
      'relais completion zsh > "${fpath[1]}/_relais"',
    )
    .action((shell: Shell) => out(scriptOf(shell, program)));
}

interface Words {
  /** `lead find`; empty for the program itself. */
  readonly path: string;
  readonly words: readonly string[];
  /** Values of an option that has a closed list of them. */
  readonly values: readonly { readonly option: string; readonly choices: readonly string[] }[];
}

export function scriptOf(shell: Shell, program: AnyCommand): string {
  const all = wordsOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(all);
    case 'zsh':
      // zsh reads bash's functions through bashcompinit.
      return `#compdef relais\nautoload -U +X bashcompinit && bashcompinit\n${bash(all)}`;
  }
}

function wordsOf(command: AnyCommand, path: string): readonly Words[] {
  const options = command.options.filter((option) => typeof option.long === 'string');
  const own: Words = {
    path,
    words: [
      ...command.commands.map((child) => child.name()),
      ...command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
      ...options.map((option) => option.long ?? ''),
      '--help',
    ],
    values: options.flatMap((option) =>
      option.argChoices === undefined ? [] : [{ option: option.long ?? '', choices: option.argChoices }],
    ),
  };
  return [
    own,
    ...command.commands.flatMap((child) =>
      wordsOf(child, path === '' ? child.name() : `${path} ${child.name()}`),
    ),
  ];
}

function bash(all: readonly Words[]): string {
  const lines = all.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`);
  const values = all.flatMap(({ path, values: some }) =>
    some.map(({ option, choices }) => `    '${path} ${option}') words='${choices.join(' ')}' ;;`),
  );
  return `# Completion of relais, made by \`relais completion\`.
_relais() {
  local path='' words='' current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" i word
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case " ${all.map((words) => words.path.replaceAll(' ', '/')).join(' ')} " in
      *" \${path:+\${path// //}/}$word "*) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $before" in
${values.join('\n')}
  esac
  if [ -z "$words" ]; then
    case "$path" in
${lines.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _relais relais`;
}
