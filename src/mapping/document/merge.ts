// Lays a client's file over the presets it extends, key by key, and remembers where every part came from.
// Invariant: lists are taken whole from the nearer file, except `response`: own rules first, then the preset's; `calls`: one name
// over the other; and where `{preset: rest}` stands in fields or consent, the preset's lines for targets not written nearer.
import { isRecord } from './yaml.ts';
import type { Path, Tree } from './problems.ts';

interface Source {
  readonly tree: Tree;
  readonly path: Path;
}

/** Where the merged value stands, and where its parts stood. */
interface At {
  readonly path: Path;
  readonly over: Path;
  readonly under: Path;
}

const down = (at: At, key: string | number): At => ({
  path: [...at.path, key],
  over: [...at.over, key],
  under: [...at.under, key],
});

/** The key of a list that is not taken whole: of the file, of an action (`update.calls`), or of one of its calls. */
function joined(path: Path): 'response' | 'fields' | 'consent' | 'calls' | undefined {
  const key = path.at(-1);
  const inCall = typeof path.at(-2) === 'number' && path.at(-3) === 'calls';
  if (key === 'calls') return path.length <= 2 ? key : undefined;
  if (key === 'response' || key === 'fields' || key === 'consent')
    return path.length === 1 || inCall ? key : undefined;
  return undefined;
}

/** `over` wins over `under`. */
export function mergeTrees(over: Tree, under: Tree): Tree {
  const sources = new Map<string, Source>();
  const note = (path: Path, source: Source): void => void sources.set(JSON.stringify(path), source);

  const merge = (a: unknown, b: unknown, at: At): unknown => {
    note(at.path, { tree: over, path: at.over });
    if (isRecord(a) && isRecord(b)) {
      const merged: Record<string, unknown> = {};
      // Order of the preset first: its fields keep their place, new keys follow.
      for (const key of new Set([...Object.keys(b), ...Object.keys(a)])) {
        const inner = down(at, key);
        if (!Object.hasOwn(a, key)) {
          note(inner.path, { tree: under, path: inner.under });
          merged[key] = b[key];
        } else if (!Object.hasOwn(b, key)) {
          note(inner.path, { tree: over, path: inner.over });
          merged[key] = a[key];
        } else {
          merged[key] = merge(a[key], b[key], inner);
        }
      }
      return merged;
    }
    if (!Array.isArray(a) || !Array.isArray(b)) return a;
    switch (joined(at.path)) {
      case 'response':
        return listOf(at, [
          ...a.map((value: unknown, index) => ({ value, tree: over, index })),
          ...b.map((value: unknown, index) => ({ value, tree: under, index })),
        ]);
      case 'fields':
      case 'consent':
        return completed(a, b, at);
      case 'calls':
        return calls(a, b, at);
      case undefined:
        return a;
    }
  };

  /** A list of whole parts of either file. */
  const listOf = (
    at: At,
    parts: readonly { readonly value: unknown; readonly tree: Tree; readonly index: number }[],
  ): unknown[] =>
    parts.map(({ value, tree, index }, place) => {
      note([...at.path, place], { tree, path: [...(tree === over ? at.over : at.under), index] });
      return value;
    });

  const completed = (a: readonly unknown[], b: readonly unknown[], at: At): unknown[] => {
    const own = new Set(a.map(targetOf));
    const rest = b.flatMap((value, index) =>
      own.has(targetOf(value)) ? [] : [{ value, tree: under, index }],
    );
    return listOf(
      at,
      a.flatMap((value, index) =>
        isRecord(value) && value['preset'] === 'rest' ? rest : [{ value, tree: over, index }],
      ),
    );
  };

  /** Calls of one name are laid over each other; new ones follow the preset's. */
  const calls = (a: readonly unknown[], b: readonly unknown[], at: At): unknown[] => {
    const names = new Set(b.map(nameOf));
    const list = b.map((value, index) => {
      const mine = a.findIndex((line) => nameOf(line) !== undefined && nameOf(line) === nameOf(value));
      const inner: At = { path: [...at.path, index], over: [...at.over, mine], under: [...at.under, index] };
      if (mine >= 0) return merge(a[mine], value, inner);
      note(inner.path, { tree: under, path: inner.under });
      return value;
    });
    for (const [index, line] of a.entries()) {
      if (names.has(nameOf(line))) continue;
      note([...at.path, list.length], { tree: over, path: [...at.over, index] });
      list.push(line);
    }
    return list;
  };

  const value = merge(over.value, under.value, { path: [], over: [], under: [] });
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

const nameOf = (call: unknown): unknown => (isRecord(call) ? call['name'] : undefined);

/** What a line writes; one of several in a list or a text is itself, and so is a line that places the opt-in. */
function targetOf(line: unknown): unknown {
  if (!isRecord(line) || typeof line['to'] !== 'string') return line;
  return 'line' in line || line['to'].endsWith('[]') ? JSON.stringify(line) : line['to'];
}
