// relais instruction record | list, operation record | list, register page: records a client's written instructions, and its operations.
// Invariant: a record that keeps data longer than the charter cites an instruction (C35, C53).
import { writeFileSync } from 'node:fs';
import { Option } from 'commander';
import type { Command, Given } from './command.ts';
import type { Delay } from '../domain/civil-date.ts';
import { coveredMatters, type Covered } from '../domain/instructions.ts';
import { RelaisError } from '../errors.ts';
import {
  delayText,
  listInstructions,
  listOperations,
  longYears,
  recordInstruction,
  recordOperation,
} from '../retention/register.ts';
import { knownInScope } from '../support/named-text.ts';
import { wholeCentre } from '../support/place.ts';
import { processingRegister } from '../support/processing-register.ts';
import {
  collect,
  impersonal,
  known,
  reasonOf,
  wholeNumber,
  askedByOf,
  noteWords,
  askedByOption,
} from './arguments.ts';
import { afterWithdrawal } from './statistics.ts';
import { outJson, tableOf, out, say, withApp } from './terminal.ts';

export function registerCommands(program: Command): void {
  instructionCommands(program);
  operationCommands(program);
  processingCommands(program);
}

function processingCommands(program: Command): void {
  const register = program
    .command('register')
    .description('the register of processing (article 30), sub-processors and places of data');
  register
    .command('page')
    .description('check RELAIS_REGISTER_FILE and write it as a French page that prints')
    .option('--client <client>', 'with this client alone as controller')
    .option('--to <file>', 'where to write it; default: standard output')
    .examples(
      'docs/registre.yaml is an example of the file. Every audit pack holds a copy of the page.',
      'relais register page --to registre.html',
    )
    .gateway(async (app, { client, to }: Given<'client to'>) => {
      const page = await processingRegister(app, client);
      if (to === undefined) return out(page.trimEnd());
      writeFileSync(to, page, { mode: 0o640 });
      out(to);
    });
}

type InstructionOptions = Given<'client! date! from document covers! operation'>;

function instructionCommands(program: Command): void {
  const instruction = program
    .command('instruction')
    .description('the register of what a client asked for in writing (C53)');
  instruction
    .command('record')
    .description('record a written instruction; it is given the next number of its client')
    .requiredOption('--client <client>', 'client who gave it')
    .requiredOption('--date <date>', 'its date: 2026-11-20')
    .option('--from <person>', 'who of the client gave it; mandatory')
    .option('--document <text>', 'letter, mail or annex where it can be read; mandatory')
    .requiredOption('--covers <matter>', `${coveredMatters.join(', ')}; may be repeated`, collect)
    .option('--operation <code>', 'of one operation only; default: of all')
    .examples(
      'proofs: the client waives the proofs of phone consent that it is handed before a deletion.\nstatistics: it authorises them from that date on; statistics_end: it withdraws that.',
      'relais instruction record --client horizon --date 2026-11-20 --from "M. Exemple, DPO" --document "annexe 3" --covers retention',
    )
    .action((options: InstructionOptions) => recordGiven(options));
  instruction
    .command('list')
    .description('instructions, newest first')
    .option('--client <client>', 'of one client')
    .json()
    .examples('', 'relais instruction list --client horizon')
    .action((options: Given<'client json'>) => showInstructions(options));
}

async function recordGiven(options: InstructionOptions): Promise<void> {
  const covers = [
    ...new Set(options.covers.map((matter) => known<Covered>(matter, coveredMatters, 'matter'))),
  ];
  const instruction = {
    clientId: options.client,
    givenOn: options.date,
    givenBy: reasonOf(options.from, '--from'),
    document: reasonOf(options.document, '--document'),
    covers,
    operation: codeOf(options.operation ?? ''),
  };
  await withApp(async (app) => {
    const number = await recordInstruction(app.database, { ...instruction, recordedBy: app.config.actor });
    out(`Instruction ${number} of ${options.client} is recorded: cite it with --instruction ${number}.`);
    out(`A note of it is written: relais note list ${options.client}`);
    if (covers.includes('statistics_end')) await afterWithdrawal(app);
  });
}

async function showInstructions(options: Given<'client json'>): Promise<void> {
  await withApp(async ({ database }) => {
    await knownInScope(database, wholeCentre, options);
    const rows = await listInstructions(database, options.client);
    if (options.json === true) return outJson(rows);
    tableOf(rows, {
      client: (row) => row.clientId,
      number: (row) => String(row.number),
      date: (row) => row.givenOn,
      from: (row) => row.givenBy,
      document: (row) => row.document,
      covers: (row) => row.covers.join(', '),
      operation: (row) => row.operation || 'all',
    });
    if (rows.length === 0) say('None.');
  });
}

type OperationOptions = Given<'client! kind! ends instruction askedBy'> & { readonly delay?: Delay };

function operationCommands(program: Command): void {
  const operation = program
    .command('operation')
    .description('operations of a client: kind, last day and delay, from which retention follows');
  operation
    .command('record [code]')
    .description(
      'record an operation, or what has changed of it; without a code: of requests of no operation',
    )
    .requiredOption('--client <client>', 'client it belongs to')
    .addOption(
      new Option('--kind <kind>', 'one_off or recurring')
        .choices(['one_off', 'recurring'])
        .default('one_off'),
    )
    .option('--ends <date>', 'its last day: 2026-12-31')
    .option('--delay <delay>', 'kept so long after the end, or after the last sign: 3m, 45d', delayOf)
    .option('--instruction <number>', 'the written instruction that asks for it', wholeNumber)
    .option(...askedByOption)
    .examples(
      'Without a delay: two months after the end (C30); three years after the last sign, five calendar years at most (C32, C33).',
      'relais operation record PORTES-OUVERTES-26 --client horizon --ends 2026-12-31',
      'relais operation record PORTES-OUVERTES-26 --client horizon --ends 2026-12-31 --delay 15d --instruction 4',
    )
    .action((code: string | undefined, options: OperationOptions) => recordOf(codeOf(code ?? ''), options));
  operation
    .command('list')
    .description('operations on record')
    .option('--client <client>', 'of one client')
    .json()
    .examples('', 'relais operation list --client horizon')
    .action((options: Given<'client json'>) => showOperations(options));
}

async function recordOf(code: string, options: OperationOptions): Promise<void> {
  const { client, ends, delay, instruction } = options;
  const kind = options.kind as 'one_off' | 'recurring';
  const askedBy = askedByOf(options.askedBy);
  await withApp(async (app) => {
    const { long, note } = await recordOperation(app.database, {
      clientId: client,
      code,
      kind,
      recordedBy: app.config.actor,
      askedBy,
      endsOn: ends,
      delay,
      instruction,
    });
    out(`Recorded. Dates of deletion: relais retention plan --client ${client}`);
    if (note !== undefined) out(await noteWords(app.database, client, note));
    if (kind === 'one_off' && ends === undefined)
      say('Without an end nothing says when its leads go; until then they go as recurring ones do.');
    if (long)
      say(`Warning: that is longer than ${longYears} years after the last sign. The charter asks for less.`);
  });
}

async function showOperations(options: Given<'client json'>): Promise<void> {
  await withApp(async ({ database }) => {
    await knownInScope(database, wholeCentre, options);
    const rows = await listOperations(database, options.client);
    if (options.json === true) return outJson(rows);
    tableOf(rows, {
      client: (row) => row.clientId,
      operation: (row) => row.code || '(none)',
      kind: (row) => row.kind,
      ends: (row) => row.endsOn ?? '-',
      delay: (row) => (row.delay === undefined ? '-' : delayText(row.delay)),
      instruction: (row) => (row.instruction === 0 ? '-' : String(row.instruction)),
    });
    if (rows.length === 0) say('None.');
  });
}

/** As the lead contract writes it. */
function codeOf(code: string): string {
  if (!/^[A-Za-z0-9._-]{0,64}$/.test(code))
    throw new RelaisError(
      'USAGE-001',
      'The code of an operation has letters, digits and . _ - only, 64 at most.',
    );
  return impersonal(code, 'the code');
}

function delayOf(text: string): Delay {
  const read = /^(\d{1,4})([dm])$/.exec(text);
  const count = Number(read?.[1]);
  if (read === null || count > (read[2] === 'm' ? 240 : 3_650))
    throw new RelaisError(
      'USAGE-001',
      `"${text}" is not a delay: 3m for months (240 at most), 45d for days (3650).`,
    );
  return { count, unit: read[2] === 'm' ? 'month' : 'day' };
}
