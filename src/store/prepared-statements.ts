// Shares the parameter descriptions that the driver keeps with each prepared statement of a connection.
// Invariant: one description per kind, not per placeholder: for a worker that writes files they were a third of its heap.
import type { PoolConnection } from 'mysql2';

/** The properties that the driver reads when it sends a value. */
interface ParameterKind {
  readonly columnType: number;
  readonly flags: number;
}

interface Statement {
  parameters: readonly ParameterKind[];
}

/** The driver's statement cache, which its types do not show. */
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
