// Reads a mappings folder into the sources of its destinations.
// Invariant: the check of a destination sees exactly the files that publication freezes: its own client and the presets; a
// file that cannot be read is reported, never skipped.
import { basename, join } from 'node:path';
import { isDirectory, namesIn, readTexts, topBlock, topOf, topText } from './document/files.ts';
import type { MappingSources, Problem } from './contract.ts';
import { isPresetFile, presetFile } from './document/merge.ts';
import { formatProblem, formatProblemInFrench } from './document/problems.ts';
import { didYouMean, suggest } from './document/suggest.ts';
import { isOfSystem, RelaisError, type BothSentences } from '../errors.ts';

export interface LoadedClient {
  readonly clientId: string;
  /** Text of client.yaml; undefined when the folder has none. */
  readonly text?: string;
}

export interface LoadedFolder {
  readonly folder: string;
  readonly clients: readonly LoadedClient[];
  readonly destinations: readonly MappingSources[];
  /** Maps for all clients and of single clients, used or not. */
  readonly maps: Readonly<Record<string, string>>;
  /** Existing files that cannot be used: too large, no UTF-8, no file. */
  readonly problems: readonly Problem[];
}

/** Names in the mappings folder that no client may have. */
export const reservedFolders: readonly string[] = ['presets', 'schema', 'maps'];

/**
 * Reads everything under a mappings folder.
 * @param only the sources of no other destination are read
 * @throws FIND-001 where the folder does not exist, MAPPING-001 where it cannot be read
 */
export function loadMappings(folder: string, only?: string): LoadedFolder {
  let names: readonly string[];
  try {
    names = namesIn(folder);
  } catch (error) {
    // A client folder that does not exist has no mappings; one that cannot be read is an error, since its mappings are unknown.
    if (isOfSystem(error) && error.code !== 'ENOENT')
      throw new RelaisError('MAPPING-001', [
        `Le dossier des formats ${folder} ne peut pas être lu (${error.code}).`,
        `The mappings folder ${folder} cannot be read (${error.code}).`,
      ]);
    throw new RelaisError('FIND-001', [
      `Le dossier des formats ${folder} n’existe pas.`,
      `The mappings folder ${folder} does not exist.`,
    ]);
  }
  const problems: Problem[] = [];
  const filesUnder = (name: string): Readonly<Record<string, string>> => {
    const read = readTexts(folder, name);
    problems.push(...read.problems);
    return read.files;
  };
  const presets = Object.fromEntries(
    Object.entries(filesUnder('presets')).filter(([name]) => isPresetFile(name)),
  );
  const commonMaps = filesUnder('maps');
  const maps: Record<string, string> = { ...commonMaps };
  const clients: LoadedClient[] = [];
  const destinations: MappingSources[] = [];
  for (const clientId of names) {
    if (reservedFolders.includes(clientId) || !isDirectory(join(folder, clientId))) continue;
    const own = filesUnder(clientId);
    const text = own[`${clientId}/client.yaml`];
    clients.push({ clientId, text });
    for (const name of Object.keys(own)) if (isSharedMap(name)) maps[name] = own[name] ?? '';
    for (const name of Object.keys(own).filter(isMapping)) {
      const content = own[name] ?? '';
      const destinationId = destinationIn(content) ?? idByFile(clientId, name);
      if (only !== undefined && destinationId !== only) continue;
      const files = filesOf(name, own, { presets, commonMaps });
      destinations.push({ clientId, destinationId, main: name, files });
    }
  }
  return { folder, clients, destinations, maps, problems };
}

const idByFile = (clientId: string, name: string): string =>
  `${clientId}-${basename(name).replace(/\.ya?ml$/, '')}`;

/**
 * The files of one mapping, in a fixed order in which a version is frozen. Another destination's mapping is left out: its
 * change must not change this version.
 */
function filesOf(
  main: string,
  own: Readonly<Record<string, string>>,
  common: Readonly<Record<'presets' | 'commonMaps', Readonly<Record<string, string>>>>,
): Readonly<Record<string, string>> {
  const content = own[main] ?? '';
  const used = extendedBy(content, common.presets);
  return {
    ...used,
    ...mapsUsed([content, ...Object.values(used)], common.commonMaps),
    ...Object.fromEntries(Object.entries(own).filter(([name]) => name === main || !isMapping(name))),
  };
}

/** A mapping as typed by a person, to be checked with the files on disk that it names. */
export interface TypedMapping {
  readonly clientId: string;
  /** Its file, `horizon/crm.yaml`, which need not exist on disk. */
  readonly main: string;
  readonly text: string;
  /** Text of client.yaml; undefined: the file on disk. */
  readonly clientText?: string | undefined;
}

/**
 * The sources of a mapping as if its text were saved in its file. Writes nothing; the folder may have no such client.
 * @throws FIND-001 where the client's name cannot be that of a folder
 */
export function withTypedText(folder: string, typed: TypedMapping): MappingSources {
  const { clientId, main, text, clientText } = typed;
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(clientId) || reservedFolders.includes(clientId))
    throw new RelaisError('FIND-001', [
      'Ce ne peut pas être le nom d’un client.',
      'This cannot be the name of a client.',
    ]);
  const read = (name: string): Readonly<Record<string, string>> =>
    isDirectory(join(folder, name)) ? readTexts(folder, name).files : {};
  const presets = Object.fromEntries(Object.entries(read('presets')).filter(([name]) => isPresetFile(name)));
  const own = {
    ...read(clientId),
    [main]: text,
    ...(clientText === undefined ? {} : { [`${clientId}/client.yaml`]: clientText }),
  };
  const destinationId = destinationIn(text) ?? idByFile(clientId, main);
  return {
    clientId,
    destinationId,
    main,
    files: filesOf(main, own, { presets, commonMaps: read('maps') }),
  };
}

function noMapping(folder: string, destinationId: string, unread: readonly Problem[]): BothSentences {
  const [french, english]: BothSentences =
    unread.length === 0
      ? ['', '']
      : [
          ['', 'Ces fichiers n’ont pas pu être lus :', ...unread.map(formatProblemInFrench)].join('\n'),
          ['', 'These files could not be read:', ...unread.map(formatProblem)].join('\n'),
        ];
  return [
    `Aucun format sous ${folder} n’a la destination ${destinationId}.${french}`,
    `No mapping under ${folder} has the destination ${destinationId}.${nearest(folder, destinationId)}${english}`,
  ];
}

export function loadDestination(folder: string, destinationId: string): MappingSources {
  const { destinations, problems } = loadMappings(folder, destinationId);
  const found = destinations.find((destination) => destination.destinationId === destinationId);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (found === undefined) {
    const unread = errors.filter(({ file }) => isMapping(file.replace(/^mappings\//, '')));
    throw new RelaisError('FIND-001', noMapping(folder, destinationId, unread));
  }
  const own = errors.filter((error) => concerns(error, found));
  if (own.length > 0)
    throw new RelaisError('MAPPING-001', [
      `Des fichiers de ${destinationId} ne peuvent pas être lus :\n${own.map(formatProblemInFrench).join('\n')}`,
      `Files of ${destinationId} cannot be read:\n${own.map(formatProblem).join('\n')}`,
    ]);
  return found;
}

/** Names that the command line accepts for a mapping. */
export const namesOf = (destinations: readonly MappingSources[]): readonly string[] => [
  ...new Set(destinations.flatMap((destination) => [destination.destinationId, destination.clientId])),
];

/** A typing error in the name, or the client's name in place of its destination's. */
function nearest(folder: string, wanted: string): string {
  const all = loadMappings(folder).destinations;
  const own = all.find((destination) => destination.clientId === wanted)?.destinationId;
  return didYouMean(
    own ??
      suggest(
        wanted,
        all.map((destination) => destination.destinationId),
      ),
  );
}

/** True when the unreadable file may belong to this destination. */
export function concerns(problem: Problem, { clientId, main }: MappingSources): boolean {
  const name = problem.file.replace(/^mappings\//, '');
  return name.startsWith(`${clientId}/`) && (!isMapping(name) || name === main);
}

const isMapping = (name: string): boolean =>
  /^[^/]+\/[^/]+\.ya?ml$/.test(name) && basename(name) !== 'client.yaml';

const isSharedMap = (name: string): boolean => /^[^/]+\/maps\/[^/]+\.ya?ml$/.test(name);

const destinationIn = (content: string): string | undefined => topText(content, 'destination');

/** The presets a file extends, and those they extend; all of them when one is missing, so that the check can suggest. */
function extendedBy(
  content: string,
  presets: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const used: Record<string, string> = {};
  for (let name = topText(content, 'extends'); name !== undefined;) {
    const file = presetFile(name, presets);
    const text = presets[file];
    if (text === undefined) return presets;
    if (Object.hasOwn(used, file)) break;
    used[file] = text;
    name = topText(text, 'extends');
  }
  return used;
}

/** The shared maps the files name; all of them when one name is unknown, so that the check can suggest. */
function mapsUsed(
  contents: readonly string[],
  shared: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (Object.keys(shared).length === 0) return {};
  const names = new Set(contents.flatMap(mapNames));
  const used = Object.entries(shared).filter(([file]) => names.has(mapName(file)));
  const own = new Set(contents.flatMap((content) => Object.keys(topBlock(content, 'maps'))));
  const unknown = [...names].some((name) => !own.has(name) && !used.some(([file]) => mapName(file) === name));
  return unknown ? shared : Object.fromEntries(used);
}

const mapName = (file: string): string => basename(file).replace(/\.ya?ml$/, '');

/** Every `map: NAME` of a file. */
function mapNames(content: string): readonly string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'map' && typeof inner === 'string') found.push(inner);
      else walk(inner);
    }
  };
  walk(topOf(content));
  return found;
}
