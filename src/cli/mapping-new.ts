// relais mapping new: drafts a mapping from a client's sample: a JSON body, an XML file, a CSV header.
// Invariant: never overwrites a file; guessed parts are marked and missing ones listed.
import type { Command, Given } from './command.ts';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { RelaisError } from '../errors.ts';
import { checkSources, checkClientText } from '../mapping/check.ts';
import type { Problem } from '../mapping/contract.ts';
import { reservedFolders } from '../mapping/load.ts';
import { createProblems, formatProblem } from '../mapping/document/problems.ts';
import { alternatives } from '../mapping/skeleton/recipient.ts';
import { makeSkeleton, type Skeleton } from '../mapping/skeleton/skeleton.ts';
import { bytesOf, isReadable, textOfFile } from './arguments.ts';
import { shownPath } from './mapping-check.ts';
import { tableOf, mappingsFolder, out, say, strong } from './terminal.ts';

const kinds = Object.values(connectors);

type NewOptions = Given<'to name company answer dir json'>;

export function newCommand(mapping: Command): void {
  mapping
    .command('new <client> <sample>')
    .description("draft a mapping from the client's own sample: JSON, XML, form or CSV")
    .option('--to <address>', `${alternatives(kinds, 'or')}; default: a placeholder`)
    .option(
      '--name <name>',
      'name of the file and end of the destination; default: after how it is sent (crm, file, mail)',
    )
    .option('--company <name>', 'the client as people read it; default: made from its code')
    .option('--answer <file>', "the client's example of an answer to a lead that was accepted (JSON)")
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .option('--json', 'what was written, guessed and left open, as JSON')
    .examples(
      'sample: a file, or a CSV header line between quotes. Writes <client>/client.yaml if missing and the mapping; never over a file.\nEvery guess is marked in the file, what could not be guessed is listed.',
      'relais mapping new jardins sample.json --to https://crm.jardins.example/leads',
      'relais mapping new jardins sample.json --answer answer.json --company "Les Jardins"',
      'relais mapping new jardins "NOM;PRENOM;TEL;OPTIN" --to sftp://sftp.jardins.example/in',
    )
    .action((client: string, sample: string, options: NewOptions) => draft(client, sample, options));
}

function draft(client: string, sample: string, options: NewOptions): void {
  for (const [what, text] of [
    ['client', client],
    ['--name', options.name ?? 'crm'],
  ] as const)
    if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(text))
      throw new RelaisError('USAGE-001', `${what} "${text}" needs small letters, digits and - only.`);
  if (reservedFolders.includes(client))
    throw new RelaisError('USAGE-001', `"${client}" is no client: that folder holds ${client}.`);
  const folder = mappingsFolder(options.dir);
  const clientFile = join(folder, client, 'client.yaml');
  const known = existsSync(clientFile) ? textOfFile(clientFile) : undefined;
  const facts = known === undefined ? undefined : checkClientText(client, known, createProblems());
  const made = drafted({
    clientId: client,
    company: options.company ?? facts?.name ?? title(client),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.to === undefined ? {} : { to: options.to }),
    ...sampleOf(sample),
    ...(options.answer === undefined ? {} : { answer: textOfFile(options.answer) }),
    ...(facts === undefined ? {} : { categories: facts.categories }),
  });
  if (typeof made === 'string') throw new RelaisError('USAGE-001', `Nothing was written: ${made}`);
  write(folder, made);
  const problems = problemsOf(client, made, known);
  if (options.json === true)
    return out(
      JSON.stringify({ ...made, files: Object.keys(made.files).map((name) => join(folder, name)), problems }),
    );
  show(folder, made, problems);
}

/** A sample is foreign: nested too deep for its reader, it is refused like any other. */
function drafted(input: Parameters<typeof makeSkeleton>[0]): ReturnType<typeof makeSkeleton> {
  try {
    return makeSkeleton(input, kinds);
  } catch (error) {
    if (error instanceof RangeError) return 'the sample is nested too deep.';
    throw error;
  }
}

const title = (client: string): string =>
  client
    .split('-')
    .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join(' ');

function sampleOf(sample: string): { readonly sample: Uint8Array; readonly sampleName: string } {
  if (isReadable(sample)) return { sample: bytesOf(sample), sampleName: basename(sample) };
  // A header line is longer than a file name and separates names.
  if (/[;,|\t]|!#/.test(sample)) return { sample: Buffer.from(sample), sampleName: 'a CSV header' };
  throw new RelaisError('FIND-001', `${sample} is no file, and no CSV header line either.`);
}

function write(folder: string, { files }: Skeleton): void {
  const paths = Object.keys(files).map((name) => join(folder, name));
  const taken = paths.find((path) => existsSync(path));
  if (taken !== undefined)
    throw new RelaisError('USAGE-001', `${taken} exists: nothing was written. Choose another --name.`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    // `wx`: not even a file made this very moment is overwritten.
    writeFileSync(join(folder, name), text, { flag: 'wx' });
  }
}

function problemsOf(client: string, made: Skeleton, known: string | undefined): readonly Problem[] {
  const main = Object.keys(made.files).find((name) => !name.endsWith('/client.yaml')) ?? '';
  const files = { ...(known === undefined ? {} : { [`${client}/client.yaml`]: known }), ...made.files };
  const result = checkSources(
    { clientId: client, destinationId: made.destinationId, main, files },
    { connectors },
  );
  return result.ok ? result.warnings : result.problems;
}

function show(folder: string, made: Skeleton, problems: readonly Problem[]): void {
  for (const name of Object.keys(made.files)) out(`written: ${shownPath(folder, name)}`);
  out(strong('\nOpt-in'));
  if (made.optIn.length === 0) out('  none with a value in the sample: the mapping waits for it');
  for (const { target, why } of made.optIn) out(`  ${target}: ${why}`);
  out(strong('\nGuessed'));
  if (made.guessed.length === 0) out('  nothing');
  else
    tableOf(made.guessed, { field: ({ target }) => target, from: ({ from }) => from, '': ({ why }) => why });
  out(strong('\nTo fill in'));
  for (const question of made.open) out(`  ${question}`);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length > 0) {
    out(strong('\nThe check still refuses'));
    for (const error of errors) out(`  ${formatProblem({ ...error, file: shownPath(folder, error.file) })}`);
  }
  say(
    `\nCompare every line marked "guess:" with what the client says, delete the marks, then:\n  relais mapping check ${made.destinationId}\n  relais mapping preview ${made.destinationId}\n  relais mapping send ${made.destinationId} --sandbox\n  relais mapping publish ${made.destinationId} --note "first version"`,
  );
}
