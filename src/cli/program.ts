// The terminal face of Relais: parses, runs one command, tells errors with their remedy. Never a stack, never a person's data.
import { Command, CommanderError } from 'commander';
import { catalogue, foreignCode, isRelaisError } from '../errors.ts';
import { deliveryCommands } from './deliveries.ts';
import { destinationCommands } from './destinations.ts';
import { journalCommands } from './journal.ts';
import { leadCommands } from './leads.ts';
import { mappingCommands } from './mappings.ts';
import { systemCommands } from './system.ts';
import { say } from './terminal.ts';

/** sysexits(3). */
const exits = { failure: 1, usage: 64, config: 78 } as const;

export function relaisProgram(): Command {
  const program = new Command('relais')
    .description(
      'Relais hands leads over to clients and proves it. `relais start` runs the gateway; the commands below look after it.',
    )
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)')
    .exitOverride();
  systemCommands(program);
  leadCommands(program);
  deliveryCommands(program);
  destinationCommands(program);
  mappingCommands(program);
  journalCommands(program);
  program
    .command('start [role]')
    .description('run the gateway: all, planner or worker (relais start --help)');
  for (const command of allOf(program)) command.exitOverride();
  return program;
}

function allOf(command: Command): readonly Command[] {
  return command.commands.flatMap((one) => [one, ...allOf(one)]);
}

export async function run(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `relais delivery list | head` closes the pipe: that is no failure.
    if (error.code === 'EPIPE') process.exit(0);
  });
  try {
    await relaisProgram().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = told(error);
  }
}

function told(error: unknown): number {
  if (error instanceof CommanderError)
    return error.exitCode === 0 || error.code === 'commander.helpDisplayed' ? 0 : exits.usage;
  if (isRelaisError(error)) {
    say(`${error.code} ${error.message}\n→ ${catalogue[error.code].remedy}`);
    return error.code.startsWith('CONFIG')
      ? exits.config
      : error.code.startsWith('USAGE')
        ? exits.usage
        : exits.failure;
  }
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'EACCES') say(`IMPORT-001 ${path ?? 'A file'} cannot be read (${code}).`);
  else say(`INTERNAL-001 ${foreignCode(error)}\n→ ${catalogue['INTERNAL-001'].remedy}`);
  return exits.failure;
}
