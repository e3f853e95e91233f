// Reads a mappings folder into the sources of its destinations. The only file of the engine that touches the disk.
// Invariant: what a destination's check sees is exactly what would be frozen at publication: its own client and the presets.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseDocument } from 'yaml';
import type { MappingSources } from './contract.ts';
import { RelaisError } from '../errors.ts';

export interface LoadedClient {
  readonly clientId: string;
  /** Text of client.yaml; undefined when the folder has none. */
  readonly text?: string;
}

export interface LoadedFolder {
  readonly folder: string;
  readonly clients: readonly LoadedClient[];
  readonly destinations: readonly MappingSources[];
  /** Maps of the house and of clients, used or not. */
  readonly maps: Readonly<Record<string, string>>;
}

/** Folders beside the clients'. */
export const reservedFolders: readonly string[] = ['presets', 'schema', 'maps'];
const maxFileBytes = 2_000_000;

/**
 * Reads everything under a mappings folder.
 * @param only the sources of no other destination are put together
 */
export function loadMappings(folder: string, only?: string): LoadedFolder {
  let names: readonly string[];
  try {
    names = entries(folder);
  } catch {
    throw new RelaisError('FIND-001', `The mappings folder ${folder} cannot be read.`);
  }
  const presets = filesUnder(folder, 'presets');
  const houseMaps = filesUnder(folder, 'maps');
  const maps: Record<string, string> = { ...houseMaps };
  const clients: LoadedClient[] = [];
  const destinations: MappingSources[] = [];
  for (const clientId of names) {
    if (reservedFolders.includes(clientId) || !statSync(join(folder, clientId)).isDirectory()) continue;
    const own = filesUnder(folder, clientId);
    const text = own[`${clientId}/client.yaml`];
    clients.push({ clientId, ...(text === undefined ? {} : { text }) });
    const shared = Object.entries(own).filter(([name]) => !isMapping(name));
    let before = 0;
    for (const [name, content] of Object.entries(own)) {
      if (isSharedMap(name)) maps[name] = content;
      if (!isMapping(name)) {
        before += 1;
        continue;
      }
      const destinationId = destinationIn(content) ?? `${clientId}-${basename(name).replace(/\.ya?ml$/, '')}`;
      if (only !== undefined && destinationId !== only) continue;
      // Another destination's mapping is no part of this one: its change must not change this version. Nor must the
      // order of its files, in which a version is frozen.
      const mine = [...shared.slice(0, before), [name, content] as const, ...shared.slice(before)];
      const used = extendedBy(content, presets);
      const files = {
        ...used,
        ...mapsUsed([content, ...Object.values(used)], houseMaps),
        ...Object.fromEntries(mine),
      };
      destinations.push({
        clientId,
        destinationId,
        main: name,
        files,
      });
    }
  }
  return { folder, clients, destinations, maps };
}

/** The sources of one destination, by its id. */
export function loadDestination(folder: string, destinationId: string): MappingSources {
  const found = loadMappings(folder, destinationId).destinations.find(
    (one) => one.destinationId === destinationId,
  );
  if (found === undefined)
    throw new RelaisError('FIND-001', `No mapping under ${folder} has the destination ${destinationId}.`);
  return found;
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
    const file = name.endsWith('.yaml') ? name : `${name}.yaml`;
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

function topBlock(content: string, key: string): object {
  const top = topOf(content);
  const value = typeof top === 'object' && top !== null ? (top as Record<string, unknown>)[key] : undefined;
  return typeof value === 'object' && value !== null ? value : {};
}

function topOf(content: string): unknown {
  try {
    return parseDocument(content, { logLevel: 'silent', uniqueKeys: false }).toJS() as unknown;
  } catch {
    return undefined;
  }
}

/** A text at the top of a file that may be broken: the check tells the mistakes. */
function topText(content: string, key: string): string | undefined {
  // Nearly every file says it on one plain line: parsing it all for that would double the time of a check.
  const lines = content.match(new RegExp(`^${key}:.*$`, 'gm')) ?? [];
  const plain = lines.length === 1 ? /^\w+: +([A-Za-z][\w/.-]*) *(?: #.*)?\r?$/.exec(lines[0]) : null;
  if (plain !== null && !/^(true|false|null|yes|no|on|off)$/i.test(plain[1] ?? '')) return plain[1];
  if (lines.length === 0 && !/^[{"'?&!]/m.test(content)) return undefined;
  try {
    const document = parseDocument(content, { logLevel: 'silent', uniqueKeys: false });
    const value: unknown = document.get(key);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // `get` of a file whose top is no block.
    return undefined;
  }
}

const entries = (path: string): readonly string[] =>
  readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .toSorted();

function filesUnder(folder: string, name: string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  const visit = (relative: string): void => {
    const path = join(folder, relative);
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return;
    if (facts.isDirectory()) for (const inner of entries(path)) visit(`${relative}/${inner}`);
    else if (facts.size <= maxFileBytes) files[relative] = readFileSync(path, 'utf8');
  };
  visit(name);
  return files;
}
