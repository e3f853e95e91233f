// What a plan of the server says of the indexes that a statement names.

/** A line of `EXPLAIN FORMAT=TRADITIONAL`, the same on both servers. */
export interface PlanLine {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
}

const hint = /\b(\w+)(?:\s+(?!FORCE\b)(?:AS\s+)?(\w+))?\s+FORCE INDEX \((\w+)\)/g;

export const namesAnIndexAndLocks = (text: string): boolean =>
  text.includes('FORCE INDEX') &&
  /^\s*(?:UPDATE|DELETE|INSERT)\b|\bFOR UPDATE\b|\bLOCK IN SHARE MODE\b/.test(text);

/**
 * Tables with an index named for them of which the plan reads everything, or goes by another index. A walk along the index
 * counts as well, unless LIMIT ends it.
 */
export function readsWhole(text: string, lines: readonly PlanLine[]): readonly PlanLine[] {
  const named = new Map(
    [...text.matchAll(hint)].map(([, table = '', alias, index = '']) => [alias ?? table, index]),
  );
  return lines.filter(({ table, type, key }) => {
    const index = named.get(table ?? '');
    if (index === undefined || type === null || ['system', 'const', 'NULL'].includes(type)) return false;
    return type === 'ALL' || key !== index || (type === 'index' && !/\bLIMIT\b/.test(text));
  });
}
