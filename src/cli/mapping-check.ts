// relais mapping check: lists every mistake of every file at once; chooses the file or version that another mapping command works on.
// Invariant: needs no database; the paths it prints can be opened; exit code 1 when there is an error.
import { Option } from 'commander';
import type { Command, Given } from './command.ts';
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Both } from '../../connectors/contract.ts';
import { connectors } from '../../connectors/index.ts';
import { RelaisError } from '../errors.ts';
import { checkAll } from '../mapping/tools/check-folder.ts';
import { checkSources } from '../mapping/check.ts';
import type { Problem, CompiledMapping, MappingSources } from '../mapping/contract.ts';
import { concerns, loadMappings, namesOf, reservedFolders, loadDestination } from '../mapping/load.ts';
import { formatProblem, formatProblemInFrench } from '../mapping/document/problems.ts';
import { didYouMean, suggest } from '../mapping/document/suggest.ts';
import { wholeNumber } from './arguments.ts';
import { mappingsFolder, out, say } from './terminal.ts';
import type { App } from '../app.ts';
import type { MappingVersion } from '../support/reads/mappings.ts';

type CheckOptions = Given<'dir json lang!'>;

interface Checked {
  readonly folder: string;
  readonly mappings: number;
  readonly problems: readonly Problem[];
}

export function checkCommand(mapping: Command): void {
  mapping
    .command('check [name]')
    .description('every mistake of every file at once; name: a path, a destination or a client')
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .option('--json', 'one JSON object a line; both languages in it')
    .addOption(new Option('--lang <lang>', 'language').choices(['en', 'fr']).default('en'))
    .examples(
      'Exit code 1 when there is an error; warnings do not count. Needs no database.',
      'relais mapping check',
      'relais mapping check horizon-crm --lang fr',
      'relais mapping check mappings/horizon/crm.yaml --json',
    )
    .action((name: string | undefined, options: CheckOptions) => {
      const { folder, mappings, problems } = checked(name, options.dir);
      for (const problem of problems) {
        const shown = { ...problem, file: shownPath(folder, problem.file) };
        const line = options.lang === 'fr' ? formatProblemInFrench(shown) : formatProblem(shown);
        out(options.json === true ? JSON.stringify(shown) : line);
      }
      const errors = problems.filter((row) => row.severity === 'error').length;
      const warnings = problems.length - errors;
      say(summary(mappings, errors, warnings)[options.lang === 'fr' ? 0 : 1]);
      if (errors > 0) process.exitCode = 1;
    });
}

function summary(mappings: number, errors: number, warnings: number): Both {
  const said = ([french, english]: Both, count: number): Both => [
    `${count} ${french}${count > 1 ? 's' : ''}`,
    `${count} ${english}${count === 1 ? '' : 's'}`,
  ];
  const warned = said(['avertissement', 'warning'], warnings);
  if (errors > 0) {
    const wrong = said(['erreur', 'error'], errors);
    return [`${wrong[0]}, ${warned[0]}.`, `${wrong[1]}, ${warned[1]}.`];
  }
  const sound = said(['format', 'mapping'], mappings);
  const besides: Both = warnings === 0 ? ['', ''] : [`, ${warned[0]}`, `, ${warned[1]}`];
  return [
    `Vérifié : ${sound[0]}, aucune erreur${besides[0]}.`,
    `${sound[1]} checked, no error${besides[1]}.`,
  ];
}

function checked(name: string | undefined, dir: string | undefined): Checked {
  if (name !== undefined && dir === undefined && existsSync(name)) {
    const { folder, inside } = placeOf(resolve(name));
    return within(folder, inside);
  }
  const folder = mappingsFolder(dir);
  if (name === undefined) return within(folder, '');
  const { destinations, clients, problems } = loadMappings(folder);
  const sources = destinations.find((destination) => destination.destinationId === name);
  if (sources !== undefined) {
    const result = checkSources(sources, { connectors });
    const unread = problems.filter((problem) => concerns(problem, sources));
    return { folder, mappings: 1, problems: [...unread, ...(result.ok ? result.warnings : result.problems)] };
  }
  if (clients.some((client) => client.clientId === name)) return within(folder, name);
  const inside = [name, `${name}.yaml`].find((path) => existsSync(join(folder, path)));
  if (inside === undefined)
    throw new RelaisError(
      'FIND-001',
      [
        `No mapping file, client or destination is called ${name} in ${folder}.${didYouMean(suggest(name, namesOf(destinations)))}`,
        ...problems.map((problem) => formatProblem({ ...problem, file: shownPath(folder, problem.file) })),
      ].join('\n'),
    );
  return within(folder, inside);
}

/** A path on disk belongs to the mappings folder above its client's folder; or it is that folder. */
function placeOf(path: string): { readonly folder: string; readonly inside: string } {
  const here = statSync(path).isDirectory() ? path : dirname(path);
  for (let at = here; dirname(at) !== at; at = dirname(at)) {
    if (existsSync(join(at, 'client.yaml')))
      return { folder: dirname(at), inside: relative(dirname(at), path) };
  }
  const kind = ['presets', 'schema'].find((folderName) => here.split(sep).includes(folderName));
  if (kind === undefined) return { folder: here, inside: here === path ? '' : basename(path) };
  const folder = here.slice(0, here.lastIndexOf(`${sep}${kind}`));
  return { folder, inside: relative(folder, path) };
}

/** @param inside a client's folder or a file of it; '': everything */
function within(folder: string, inside: string): Checked {
  const { problems, results, clients } = checkAll(folder, { connectors });
  const name = inside.split(sep).join('/');
  const mine = (file: string): boolean => name === '' || file === name || file.startsWith(`${name}/`);
  // The mappings that use a preset or a map check it; their problems may be in any shared file.
  const uses = (file: string): boolean => mine(file) && /\.(ya?ml|json|xsd)$/.test(file);
  const looked = results.filter(({ sources }) => Object.keys(sources.files).some(uses));
  const ofUsers = looked.flatMap((result) =>
    mine(result.sources.main)
      ? result.problems
      : result.problems.filter(({ file }) => isShared(insideOf(file))),
  );
  const found = new Map(
    [...problems.filter((problem) => mine(insideOf(problem.file))), ...ofUsers].map((problem) => [
      JSON.stringify(problem),
      problem,
    ]),
  );
  const nothing =
    looked.length === 0 && found.size === 0 && !clients.some(({ id }) => mine(`${id}/client.yaml`));
  if (nothing)
    throw new RelaisError(
      'FIND-001',
      name === ''
        ? `There is no client and no mapping in ${folder}: nothing was checked.`
        : `${name} in ${folder} is no mapping and no mapping uses it: nothing was checked.`,
    );
  return { folder, mappings: looked.length, problems: [...found.values()] };
}

const isShared = (file: string): boolean => reservedFolders.includes(file.slice(0, file.indexOf('/')));

/** Problems name files from the parent of the mappings folder, whatever that folder's name. */
const insideOf = (file: string): string => file.replace(/^mappings\//, '');

/** A path that can be opened from here; a sample may lie outside of the folder. */
export function shownPath(folder: string, file: string): string {
  const path = resolve(folder, insideOf(file));
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

// Chooses the mapping of a tool: the file on disk, the version in force, or one by its number.
// Invariant: a mapping with errors is reported with every problem, and never used.

export interface Chosen {
  /** `v3 (in force)`, `file`. */
  readonly label: string;
  readonly sources: MappingSources;
  readonly mapping: CompiledMapping;
  /** Absent for the file. */
  readonly version?: MappingVersion;
}

/** `file`, `published`, or the number of a version. */
export type Which = 'file' | 'published' | number;

export function whichOf(text: string): Which {
  return text === 'file' || text === 'published' ? text : wholeNumber(text.replace(/^v/, ''));
}

export const listed = (folder: string, problems: readonly Problem[]): string =>
  problems.map((problem) => formatProblem({ ...problem, file: shownPath(folder, problem.file) })).join('\n');

/**
 * The file of a destination on disk. A failing test is reported and does not stop the tool: a preview helps most then.
 * @throws MAPPING-001 with every error of the mapping itself
 */
export function chosenFile(folder: string, destinationId: string): Chosen {
  const sources = loadDestination(folder, destinationId);
  const checked = checkSources(sources, { connectors });
  if (checked.ok) return { label: 'file', sources, mapping: checked.mapping };
  const mapping = compiled(folder, sources, `The mapping of ${destinationId}`);
  const failing = checked.problems.filter(({ severity }) => severity === 'error');
  say(`Tests of the file fail; it cannot be published like this:\n${listed(folder, failing)}\n`);
  return { label: 'file', sources, mapping };
}

/** The same for documents to sign: a file with failing tests is no promise. @throws MAPPING-001 */
export function soundFile(folder: string, destinationId: string): Chosen {
  const sources = loadDestination(folder, destinationId);
  const checked = checkSources(sources, { connectors });
  if (checked.ok) return { label: 'file', sources, mapping: checked.mapping };
  throw refused(folder, `The mapping of ${destinationId}`, checked.problems);
}

function compiled(folder: string, sources: MappingSources, what: string): CompiledMapping {
  const checked = checkSources(sources, { connectors, tests: false });
  if (checked.ok) return checked.mapping;
  throw refused(folder, what, checked.problems);
}

function refused(folder: string, what: string, problems: readonly Problem[]): RelaisError {
  const errors = problems.filter(({ severity }) => severity === 'error');
  return new RelaisError('MAPPING-001', `${what} has errors:\n${listed(folder, errors)}`);
}

/** @throws FIND-001 when there is no such version */
export async function chosenVersion(
  app: App,
  folder: string,
  destinationId: string,
  which: Exclude<Which, 'file'>,
): Promise<Chosen> {
  const versions = await app.publishing.history(destinationId);
  const version = versions.find(({ inForce, version: number }) =>
    which === 'published' ? inForce : number === which,
  );
  if (version === undefined)
    throw new RelaisError(
      'FIND-001',
      which === 'published'
        ? `Destination ${destinationId} has no version in force.`
        : `Destination ${destinationId} has no version ${which}.`,
    );
  const sources = JSON.parse(version.sources) as MappingSources;
  return {
    label: `v${version.version}${version.inForce ? ' (in force)' : ''}`,
    sources,
    version,
    mapping: compiled(folder, sources, `Version ${version.version} of ${destinationId}`),
  };
}
