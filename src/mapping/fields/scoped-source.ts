// Finds the sources that a line of this file may read: those of every lead, and the ids that its earlier calls capture.
// Invariant: the id of a call is a source only after that call; reading one, or a block of the lead, is noted in the scope.
import { suggest } from '../document/suggest.ts';
import type { Scope } from '../scope.ts';
import { findSource, nearestSource, type Source } from './source.ts';
import type { Both } from '../../../connectors/contract.ts';

const prefix = 'calls.';

/** The source at a path; `calls.person.id` is the id that an earlier answer gave. */
export function sourceIn(path: string, scope: Scope, list?: string): Source | undefined {
  const name = path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
  const { captures } = scope;
  if (name === undefined || captures?.known.has(name) !== true) return noted(findSource(path, list), scope);
  captures.read.add(name);
  return {
    path,
    type: 'text',
    list: false,
    category: 'technical',
    person: false,
    read: ({ situation }) => situation.captured?.[name],
  };
}

/** Notes the block that a source reads: only noted blocks are read from the database. */
export function noted(source: Source | undefined, scope: Scope): Source | undefined {
  if (source?.block !== undefined) scope.blocks.add(source.block);
  return source;
}

/** The message for a source that does not exist. */
export const absentSource = (path: string): Both =>
  path.startsWith(prefix)
    ? [`aucun appel antérieur ne donne « ${path} ».`, `no earlier call captures "${path}".`]
    : [`la source « ${path} » n’existe pas.`, `source "${path}" does not exist.`];

export function nearestIn(path: string, scope: Scope, list?: string): string | undefined {
  const known = [...(scope.captures?.known.keys() ?? [])].map((name) => `${prefix}${name}`);
  return (path.startsWith('call') ? suggest(path, known) : undefined) ?? nearestSource(path, list);
}
