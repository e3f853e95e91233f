// What the driver keeps with each prepared statement of a connection.
// Invariant: a description of a parameter is kept once for each kind, not for each of thousands of marks: in a worker that writes
// files these were a third of its heap.
import type { PoolConnection } from 'mysql2';

/** What of it the driver looks at when it sends a value. */
interface ParameterKind {
  readonly columnType: number;
  readonly flags: number;
}

interface Statement {
  parameters: readonly ParameterKind[];
}

/** The driver's types do not show it. */
interface Kept {
  set: (key: string, statement: Statement) => void;
}

export function shareParameterKinds(raw: PoolConnection): void {
  const { _statements: kept } = raw as unknown as { readonly _statements: Kept };
  const keep = kept.set.bind(kept);
  const kinds = new Map<string, ParameterKind>();
  const shared = ({ columnType, flags }: ParameterKind): ParameterKind => {
    const name = `${columnType}:${flags}`;
    const known = kinds.get(name) ?? { columnType, flags };
    kinds.set(name, known);
    return known;
  };
  kept.set = (key, statement) => {
    statement.parameters = statement.parameters.map(shared);
    keep(key, statement);
  };
}
