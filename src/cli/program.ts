// The terminal face of Relais: parses arguments, runs one command, prints errors with their remedy.
// Invariant: never a stack, never a person's data; the exit code gives the kind of failure.
// A file here is named after its commands: a group in the plural (`leads`), one command of it as `lead-find`; parts that several
// commands share after their input or output (`table`, `json`, `delivery-filter`). The work of a command is in src/support.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CommanderError } from 'commander';
import { Command } from './command.ts';
import { foreignCode, isRelaisError, RelaisError, remedyOf } from '../errors.ts';
import { programVersion } from '../config/version.ts';
import { accountCommands, apiKeyCommands } from './accounts.ts';
import { alertCommands, statusCommands } from './status.ts';
import { auditCommands, journalCommands } from './log-commands.ts';
import { authorisationCommands } from './authorisations.ts';
import { backupCommands } from './backups.ts';
import { breachCommands } from './breach.ts';
import { bulkCommands } from './bulk.ts';
import { cancelCommands, replayCommands, resolveCommand } from './delivery-acts.ts';
import { clientMailCommands, noteCommands } from './notes.ts';
import { clientCommands } from './clients.ts';
import { completionCommands } from './completion.ts';
import { deliveryCommands } from './deliveries.ts';
import { destinationCommands } from './destinations.ts';
import { instanceCommands } from './instances.ts';
import { keyCommands, securityCommands } from './keys.ts';
import { leadCommands } from './leads.ts';
import { lookUpCommands, oppositionCommands, personCommands } from './persons.ts';
import { mappingCommands } from './mappings.ts';
import { presetCommands } from './presets.ts';
import { proofCommands } from './proofs.ts';
import { registerCommands } from './register.ts';
import { requestCommands } from './requests.ts';
import { restoreCommands } from './restore.ts';
import { retentionCommands } from './retention.ts';
import { statisticsCommands } from './statistics.ts';
import { redisCommands, systemCommands } from './system.ts';
import { taskCommands } from './tasks.ts';
import { beginCommand, say } from './terminal.ts';

/** sysexits(3). */
const exits = { failure: 1, usage: 64, unavailable: 69, config: 78 } as const;
/** A service out of reach: the same command may pass later. */
const outOfReach: readonly string[] = ['DB-001', 'DB-004', 'REDIS-002', 'SERVICE-001'];

/** Errors of writing only. */
const unwritable: readonly string[] = ['EROFS', 'ENOSPC', 'EDQUOT', 'EFBIG'];

export function relaisProgram(): Command {
  const program = new Command('relais').description(
    'Relais hands leads over to clients and proves it. `relais start` runs the gateway; the commands below look after it.',
  );
  program.examples(
    'Exit codes: 0 done, 1 failed or not found, 64 not understood, 69 a service is out of reach, 78 configuration.',
    'relais status',
    'relais delivery list --state failed --since 2h',
    'relais delivery show 4711',
  );
  // Positional: `mapping spec --version 2` means its own option.
  program.enablePositionalOptions().version(programVersion(), '--version', 'print the version');
  statusCommands(program);
  systemCommands(program);
  leadCommands(program);
  clientCommands(program);
  oppositionCommands(program);
  registerCommands(program);
  retentionCommands(program);
  requestCommands(program);
  resolveCommand(deliveryCommands(program));
  replayCommands(program);
  cancelCommands(program);
  bulkCommands(program);
  taskCommands(program);
  alertCommands(program);
  clientMailCommands(program);
  noteCommands(program);
  destinationCommands(program);
  authorisationCommands(program);
  accountCommands(program);
  apiKeyCommands(program);
  mappingCommands(program);
  presetCommands(program);
  journalCommands(program);
  officerCommands(program);
  completionCommands(program);
  operatorCommands(program);
  program
    .command('start [role]')
    .description('run the gateway: all, planner or worker (by `relais start`, until SIGTERM)')
    .examples('', 'relais start', 'relais start worker')
    .action(() => {
      throw new RelaisError('USAGE-001', 'The gateway is started by bin/relais.mjs, not from here.');
    });
  for (const command of [program, ...allOf(program)])
    command
      .exitOverride()
      .showSuggestionAfterError()
      .showHelpAfterError('(add --help for the options)')
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'USAGE-001 ')) });
  return program;
}

function operatorCommands(program: Command): void {
  redisCommands(program);
  keyCommands(program);
  securityCommands(program);
  backupCommands(program);
  restoreCommands(program);
  instanceCommands(program);
}

function officerCommands(program: Command): void {
  proofCommands(program);
  auditCommands(program);
  breachCommands(program);
  personCommands(program);
  lookUpCommands(program);
  statisticsCommands(program);
}

export function allOf(command: Pick<Command, 'commands'>): readonly Command['commands'][number][] {
  return command.commands.flatMap((child) => [child, ...allOf(child)]);
}

export async function run(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listeners('error').includes(closed)) continue;
    stream.on('error', closed);
  }
  beginCommand();
  try {
    await relaisProgram().parseAsync(argv.map(copied), { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

/** A name copied from a mail or a table has blanks or the end of its line around it; a file may really be called so. */
const copied = (word: string): string =>
  existsSync(word) ? word : word.trim().replace(/^(--[a-z-]+=)\s+/, '$1');

/** For a folder with missing parents on a read-only disk Node reports ENOENT: making the first parent alone gives the cause. */
function codeOf({ code, path, syscall }: NodeJS.ErrnoException): string | undefined {
  if (code !== 'ENOENT' || syscall !== 'mkdir' || path === undefined) return code;
  let first = resolve(path);
  while (!existsSync(dirname(first))) first = dirname(first);
  try {
    mkdirSync(first);
    rmdirSync(first);
    return code;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** `relais delivery list | head` closes the pipe: that is no failure. */
function closed(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : exits.failure);
}

function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exits.usage;
  if (isRelaisError(error)) {
    say(`${error.code} ${error.message}\n→ ${remedyOf(error.code)}`);
    if (outOfReach.includes(error.code)) return exits.unavailable;
    if (/^(CONFIG|KEY)-/.test(error.code)) return exits.config;
    return error.code.startsWith('USAGE') ? exits.usage : exits.failure;
  }
  const { path } = error as NodeJS.ErrnoException;
  const code = codeOf(error as NodeJS.ErrnoException);
  if (path !== undefined && (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')) {
    say(`FIND-001 ${path} cannot be read (${code}).\n→ ${remedyOf('FIND-001')}`);
  } else if (code !== undefined && unwritable.includes(code))
    say(`FILE-001 ${path ?? 'A file'} cannot be written (${code}).\n→ ${remedyOf('FILE-001')}`);
  else say(`INTERNAL-001 ${foreignCode(error)}\n→ ${remedyOf('INTERNAL-001')}`);
  return exits.failure;
}
