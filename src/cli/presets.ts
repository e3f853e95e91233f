// relais preset list | show | try: lists the ready mappings for known CRMs, and tries one against its simulated CRM.
// Invariant: list and show read files only; a trial has servers of its own and touches nothing of an installation.
import type { Command, Given } from './command.ts';
import { RelaisError } from '../errors.ts';
import type { PresetFacts, RecordedAnswer } from '../../sandbox/trial/preset-folder.ts';
import { table, mappingsFolder, out, say, tableOf } from './terminal.ts';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendToSandbox } from './mapping-send.ts';
import { ofSandbox } from './sandbox.ts';

type FolderOptions = Given<'dir json'>;

/** Loaded when needed: nothing else of the terminal reads presets. */
const folders = () => ofSandbox(import('../../sandbox/trial/preset-folder.ts'));

/** True where a simulated CRM exists for it. */
async function isSimulated(preset: string): Promise<boolean> {
  const { simulatorOf } = await ofSandbox(import('../../sandbox/simulators/index.ts'));
  return simulatorOf(preset) !== undefined;
}

export function presetCommands(program: Command): void {
  const preset = program.command('preset').description('ready mappings for known CRMs, and their trials');
  const dir = ['--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings'] as const;
  preset
    .command('list')
    .description('every preset, for which versions, how far it was proved, and what of it can be tried here')
    .option(...dir)
    .option('--json', 'as JSON')
    .examples('', 'relais preset list')
    .action(list);
  preset
    .command('show <name>')
    .description('its page for the client (French), the answers it knows, the habits its trial plants')
    .option(...dir)
    .option('--json', 'as JSON, without the page')
    .examples('', 'relais preset show espocrm')
    .action(show);
  preset
    .command('try <name>')
    .description(
      'twenty invented leads through the whole gateway into the simulated CRM, and the comparison of records and log; of a preset without one, one lead to a recipient on this machine',
    )
    .option('--without <habit>', 'take the rule for one habit of that CRM out, to see it break')
    .option(
      '--keep',
      'then leave both running, for a client of your own: shows what to do, and each record that comes',
    )
    .examples(
      'Starts a database, a queue and a gateway of its own; exit code 1 when records and log differ. A file, a mail or a form needs none of them: exit code 1 when it was not taken.',
      'relais preset try espocrm',
      'relais preset try espocrm --without look-up',
      'relais preset try espocrm --keep',
      'relais preset try csv-excel',
    )
    .action(tryOne);
}

const proofWords = {
  documentation: 'documentation only',
  simulator: 'simulated CRM',
  system: 'real system',
} as const;

async function list({ dir, json }: FolderOptions): Promise<void> {
  const { presetNamesIn, readPreset } = await folders();
  const folder = mappingsFolder(dir);
  const presets = await Promise.all(
    presetNamesIn(folder).map(async (name) => ({
      ...readPreset(folder, name),
      trial: (await isSimulated(name)) ? ('twenty leads' as const) : ('one lead' as const),
    })),
  );
  if (json === true)
    return out(
      JSON.stringify(
        presets.map(({ name, title, versions, proof, proven, trial }) => ({
          name,
          title,
          versions,
          proof,
          proven,
          trial,
        })),
      ),
    );
  tableOf(presets, {
    name: ({ name }) => name,
    for: ({ title }) => title,
    versions: ({ versions }) => versions,
    'proved with': ({ proof }) => proofWords[proof],
    'preset try': ({ trial }) => trial,
  });
}

async function show(name: string, { dir, json }: FolderOptions): Promise<void> {
  const { readPreset, readPresetFile } = await folders();
  const folder = mappingsFolder(dir);
  const facts = readPreset(folder, name);
  if (json === true) return out(JSON.stringify(facts));
  out(readPresetFile(folder, name, 'README.fr.md').trimEnd());
  showAnswers(facts);
  if (!(await isSimulated(name)))
    out(`\nrelais preset try ${name} sends one lead by its example to a recipient on this machine.`);
  if (facts.habits.length === 0) return;
  out('\nHabits of that CRM (relais preset try NAME --without HABIT)');
  table(
    ['habit', 'says'],
    facts.habits.map((habit) => [habit.name, habit.says]),
  );
}

function showAnswers({ answers }: PresetFacts): void {
  if (answers.length === 0) return;
  out('\nAnswers it knows');
  tableOf(answers, {
    action: (known) =>
      known.call === undefined ? (known.on ?? 'create') : `${known.on ?? 'create'} ${known.call}`,
    status: (known) => String(known.answer.status),
    answer: (known) => bodyOf(known),
    outcome: (known) => [known.outcome, known.reason, known.reference].filter(Boolean).join(' '),
    'known from': (known) => known.from,
  });
}

const bodyOf = ({ answer: { body } }: RecordedAnswer): string =>
  body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);

async function tryOne(preset: string, { without, keep }: Given<'without keep'>): Promise<void> {
  const { readPreset } = await folders();
  readPreset(mappingsFolder(undefined), preset);
  if (!(await isSimulated(preset))) {
    if (without !== undefined || keep === true)
      throw new RelaisError(
        'USAGE-001',
        `No CRM is simulated for ${preset}: of it one lead is tried, without --keep and --without. Also possible: relais preset show ${preset}`,
      );
    return tryOneLead(preset);
  }
  const { tryInTerminal } = await ofSandbox(import('../../sandbox/trial/terminal.ts'));
  process.exitCode = await tryInTerminal({
    preset,
    keep: keep === true,
    ...(without === undefined ? {} : { without }),
  });
}

/**
 * Tries a preset without a simulated CRM (a file, a mail, a form): its example, one invented lead, and a recipient started on this machine.
 * Nothing is stored, no outside system is reached. @throws FIND-001 where it has no example
 */
async function tryOneLead(preset: string): Promise<void> {
  const { preparePresets, projectMappings } = await ofSandbox(import('../../sandbox/trial/mappings.ts'));
  const example = join(projectMappings, 'presets', preset, 'example');
  if (!existsSync(example))
    throw new RelaisError('FIND-001', `The preset ${preset} has no example, so nothing of it can be tried.`);
  const folder = mkdtempSync(join(tmpdir(), 'relais-preset-'));
  try {
    preparePresets(folder);
    cpSync(example, join(folder, 'client'), { recursive: true });
    say(`One invented lead by the example of ${preset}: no CRM is simulated for it.`);
    await sendToSandbox('client-crm', { sandbox: true, local: true, dir: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
