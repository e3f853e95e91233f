// Gives each source of a lead the words that a client's project manager reads.
// Invariant: every path has words, those of its definition.
import { sourceModel } from '../../domain/lead.ts';

const labels: ReadonlyMap<string, string> = new Map(
  sourceModel.flatMap(({ path, label, element = [] }) => [
    [path, label] as const,
    ...element.map((field) => [`${path}.${field.path}`, field.label] as const),
  ]),
);

/** The words for a path; inside a list, for a field of its elements. */
export function sourceLabel(path: string, list?: string): string {
  const captured = /^calls\.([^.]+)\.(.+)$/.exec(path);
  if (captured !== null)
    return `Identifiant « ${captured[2] ?? ''} » rendu par l’appel « ${captured[1] ?? ''} »`;
  return (list === undefined ? undefined : labels.get(`${list}.${path}`)) ?? labels.get(path) ?? path;
}
