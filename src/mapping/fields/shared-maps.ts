// Adds the maps that several files have in common: `mappings/maps/NAME.yaml`, or `mappings/<client>/maps/NAME.yaml` for a client.
// Invariant: the nearest map replaces the other whole; a mistake is reported in the map's own file.
import { isRecord, readDocument } from '../document/yaml.ts';
import { compileMap } from './maps.ts';
import type { createProblems, Path, Tree } from '../document/problems.ts';

type Problems = Pick<ReturnType<typeof createProblems>, 'add' | 'reportIn'>;

/** The mapping with the shared maps its own `maps:` does not define. */
export function withSharedMaps(
  own: Tree,
  files: Readonly<Record<string, string>>,
  clientId: string,
  problems: Problems,
): Tree {
  if (!isRecord(own.value)) return own;
  const defined = isRecord(own.value['maps']) ? own.value['maps'] : {};
  const shared = new Map<string, Tree>();
  for (const folder of [`${clientId}/maps/`, 'maps/']) {
    for (const [file, text] of Object.entries(files)) {
      const name = nameIn(folder, file);
      if (name === undefined || shared.has(name) || Object.hasOwn(defined, name)) continue;
      shared.set(name, checkSharedMap(file, text, problems));
    }
  }
  if (shared.size === 0) return own;
  const added = Object.fromEntries([...shared].map(([name, tree]) => [name, tree.value]));
  const treeOf = (path: Path): Tree | undefined =>
    path[0] === 'maps' && typeof path[1] === 'string' && !Object.hasOwn(defined, path[1])
      ? shared.get(path[1])
      : undefined;
  return {
    value: { ...own.value, maps: { ...defined, ...added } },
    place: (path, what) => treeOf(path)?.place(path.slice(2), what) ?? own.place(path, what),
  };
}

/** Reads one map and reports its mistakes. */
export function checkSharedMap(file: string, text: string, problems: Problems): Tree {
  const tree = readDocument(file, text, problems);
  compileMap(tree.value, [], { report: problems.reportIn(tree) });
  return tree;
}

function nameIn(folder: string, file: string): string | undefined {
  if (!file.startsWith(folder)) return undefined;
  return /^([^/]+)\.ya?ml$/.exec(file.slice(folder.length))?.[1];
}
