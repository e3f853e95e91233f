// Lays a client's file over the presets it extends, key by key, and remembers where every part came from.
// Invariant: lists are taken whole from the nearer file, except `response`: own rules first, then the preset's; and where
// `{preset: rest}` stands in fields or consent, the preset's lines for the targets the nearer file does not write.
import { isRecord } from './document.ts';
import type { Path, Tree } from './problems.ts';

interface Source {
  readonly tree: Tree;
  readonly path: Path;
}

/** `over` wins over `under`. */
export function mergeTrees(over: Tree, under: Tree): Tree {
  const sources = new Map<string, Source>();
  const note = (path: Path, source: Source): void => void sources.set(JSON.stringify(path), source);

  const merge = (a: unknown, b: unknown, path: Path): unknown => {
    if (isRecord(a) && isRecord(b)) {
      note(path, { tree: over, path });
      const merged: Record<string, unknown> = {};
      // Order of the preset first: its fields keep their place, new keys follow.
      for (const key of new Set([...Object.keys(b), ...Object.keys(a)])) {
        const inner = [...path, key];
        if (!Object.hasOwn(a, key)) {
          note(inner, { tree: under, path: inner });
          merged[key] = b[key];
        } else if (!Object.hasOwn(b, key)) {
          note(inner, { tree: over, path: inner });
          merged[key] = a[key];
        } else {
          merged[key] = merge(a[key], b[key], inner);
        }
      }
      return merged;
    }
    if (Array.isArray(a) && Array.isArray(b) && path.length === 1 && path[0] === 'response') {
      note(path, { tree: over, path });
      for (const index of b.keys())
        note([...path, a.length + index], { tree: under, path: [...path, index] });
      for (const index of a.keys()) note([...path, index], { tree: over, path: [...path, index] });
      return [...(a as unknown[]), ...(b as unknown[])];
    }
    if (
      Array.isArray(a) &&
      Array.isArray(b) &&
      path.length === 1 &&
      (path[0] === 'fields' || path[0] === 'consent')
    )
      return completed(a, b, path);
    note(path, { tree: over, path });
    return a;
  };

  const completed = (a: readonly unknown[], b: readonly unknown[], path: Path): unknown => {
    note(path, { tree: over, path });
    const own = new Set(a.map(targetOf));
    const list: unknown[] = [];
    const take = (value: unknown, tree: Tree, index: number): void => {
      note([...path, list.length], { tree, path: [...path, index] });
      list.push(value);
    };
    for (const [index, one] of a.entries()) {
      if (!isRecord(one) || one['preset'] !== 'rest') take(one, over, index);
      else {
        for (const [place, line] of b.entries()) if (!own.has(targetOf(line))) take(line, under, place);
      }
    }
    return list;
  };

  const value = merge(over.value, under.value, []);
  return {
    value,
    place: (path, what) => {
      for (let length = path.length; length > 0; length -= 1) {
        const source = sources.get(JSON.stringify(path.slice(0, length)));
        if (source !== undefined) return source.tree.place([...source.path, ...path.slice(length)], what);
      }
      return over.place(path, what);
    },
  };
}

/** What a line writes; one of several in a list or a text is itself, and so is a line that places the opt-in. */
function targetOf(line: unknown): unknown {
  if (!isRecord(line) || typeof line['to'] !== 'string') return line;
  return 'line' in line || line['to'].endsWith('[]') ? JSON.stringify(line) : line['to'];
}
