// Chooses the mapping of a tool: the file on disk, the version in force, or one by its number.
// Invariant: a mapping with errors is reported with every problem, and never used.
import { connectors } from '../../connectors/index.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { checkSources } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources, Problem } from '../mapping/contract.ts';
import { loadDestination } from '../mapping/load.ts';
import { formatProblem } from '../mapping/document/problems.ts';
import type { MappingVersion } from '../support/reads/mapping-versions.ts';
import { wholeNumber } from './arguments.ts';
import { shownPath } from './mapping-check.ts';
import { say } from './terminal.ts';

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
